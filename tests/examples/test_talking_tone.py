"""The talking tone, listened to: what a person would hear and see of every dial."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_actors.core.pixels import to_rgb
from reactor_actors.core.wire.outbound import Failure
from reactor_actors.interface import PipelineExecutor
from reactor_actors.loader import find_model, load_class
from tests.local import Local, LocalClient, serving

FOLDER = Path(__file__).parents[2] / "examples" / "talking_tone"
RATE, BLOCK, FRAME = 48_000, 1600, 960
NOTE = 110.0
SMALL = {"width": 160, "height": 90, "hum": 0.0}

Sound = NDArray[np.floating[Any]]


class Conversation:
    """The example without a network: what is said in, what is heard out, a block at a time."""

    def __init__(self, pipeline: PipelineExecutor) -> None:
        self.pipeline = pipeline
        self.left: Sound = np.zeros(0)
        self.right: Sound = np.zeros(0)

    def turn(self, **dials: Any) -> None:
        for name, value in dials.items():
            self.pipeline.send_event(f"set_{name}", **{name: value})

    def say(self, sound: Sound, late: Iterable[int] = ()) -> None:
        """Say something in frames of 20 ms; those that are `late` come 20 ms later."""
        samples = np.int16(np.round(sound * 32767))
        frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, 1, FRAME)
        times = [(number + (number in set(late))) * FRAME for number in range(len(frames))]
        sent = 0
        for begin in range(0, len(samples), BLOCK):
            while sent < len(frames) and times[sent] <= begin:
                self.pipeline.push_media("mic", frames[sent])
                sent += 1
            self.listen()
        for frame in frames[sent:]:
            self.pipeline.push_media("mic", frame)

    def listen(self, blocks: int = 1) -> None:
        """Say nothing for some blocks."""
        for _ in range(blocks):
            heard = next(self.pipeline).output.main_audio / 32767
            assert heard.shape == (2, BLOCK)
            self.left = np.concatenate([self.left, heard[0]])
            self.right = np.concatenate([self.right, heard[1]])


@contextmanager
def conversation(hum: float = 0.0, **dials: Any) -> Iterator[Conversation]:
    source = find_model(FOLDER, environ={})
    with PipelineExecutor(load_class(source.manifest), {**SMALL, "hum": hum}) as pipeline:
        pipeline.connect()
        talk = Conversation(pipeline)
        talk.turn(**dials)
        yield talk


def answer(voice: str, **dials: Any) -> Sound:
    """What is heard on the left while somebody says one long `a`, once it is steady."""
    with conversation(voice=voice, echo=0.0, **dials) as talk:
        talk.say(long_a(1.2))
        return talk.left[-RATE // 2 :]


def long_a(seconds: float, hertz: float = 150.0) -> Sound:
    """Harmonics of a note, loudest about 700 and 1100 Hz."""
    moments = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros_like(moments)
    for harmonic in range(1, 30):
        loudness = sum(np.exp(-(((harmonic * hertz - f) / 250) ** 2)) for f in (700, 1100))
        sound += (loudness + 0.05 / harmonic) * np.sin(2 * np.pi * harmonic * hertz * moments)
    return 0.12 * sound * np.minimum(1, moments * 20)


def tone(seconds: float, hertz: float = 90.0) -> Sound:
    moments = np.arange(round(seconds * RATE)) / RATE
    return 0.3 * np.sin(2 * np.pi * hertz * moments) * np.minimum(1, moments * 10)


def multiples(*notes: float) -> list[float]:
    return [note * n for note in notes for n in range(1, 30)]


def share_near(sound: Sound, tones: list[float], hertz: float = 8.0) -> float:
    """How much of the sound's power lies within so many hertz of these tones."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    near = np.min(np.abs(frequencies[:, None] - np.array(tones)), axis=1) < hertz
    return float(power[near].sum() / (power.sum() + 1e-9))


def steepest(sound: Sound) -> float:
    return float(np.abs(np.diff(sound)).max())


def test_a_robot_speaks_on_one_note_whatever_yours_is() -> None:
    assert share_near(long_a(0.5), multiples(NOTE)) < 0.3
    assert share_near(answer("robot"), multiples(NOTE)) > 0.8


def test_pitch_moves_the_robots_note() -> None:
    assert share_near(answer("robot", pitch=7), multiples(NOTE * 2 ** (7 / 12))) > 0.8


@pytest.mark.parametrize("voice", ["robot", "choir", "whisper"])
def test_what_is_said_stays_in_what_is_heard(voice: str) -> None:
    formants = [float(hertz) for hertz in range(500, 1300, 10)]
    assert share_near(answer(voice), formants) > 0.6


def test_pitch_makes_a_whisper_come_from_a_smaller_head() -> None:
    low, high = (answer("whisper", pitch=pitch) for pitch in (-12, 12))
    above = [float(hertz) for hertz in range(1000, 3000, 10)]
    assert share_near(high, above) > 2 * share_near(low, above)


def test_a_choir_sings_a_chord() -> None:
    choir = answer("choir")
    chord = share_near(choir, multiples(NOTE, 1.5 * NOTE, 2.52 * NOTE), 6.0)
    assert chord > 0.7
    assert share_near(choir, multiples(NOTE), 6.0) < 0.8 * chord


def test_a_whisper_has_no_note_at_all() -> None:
    whisper = answer("whisper")
    power = np.abs(np.fft.rfft(whisper * np.hanning(len(whisper)))) ** 2
    assert power.max() < 0.1 * power.sum()
    assert share_near(whisper, multiples(NOTE)) < 0.35
    assert np.sqrt(np.mean(whisper**2)) > 0.02


def test_without_the_mix_your_own_voice_comes_back() -> None:
    said = 0.1 * np.random.default_rng(3).standard_normal(RATE)
    with conversation(mix=0.0, echo=0.0) as talk:
        talk.say(said)
    middle = said[20_000:30_000]
    begin = int(np.correlate(talk.left, middle, "valid").argmax())
    assert np.allclose(talk.left[begin : begin + len(middle)], np.tanh(middle), atol=1e-3)
    assert np.array_equal(talk.left, talk.right)
    # 40 ms kept back for late frames, a block until they are noticed, 25 ms of the vocoder.
    assert begin - 20_000 <= 0.11 * RATE


def test_an_echo_comes_back_from_the_left_and_then_from_the_right() -> None:
    with conversation(mix=0.0, echo=0.8) as talk:
        talk.say(np.concatenate([np.zeros(9 * FRAME), long_a(0.1)[:FRAME], np.zeros(RATE)]))
    first = int(np.flatnonzero(np.abs(talk.left) > 0.01)[0])
    spans = [slice(at, at + BLOCK) for at in range(first, first + 3 * 9 * BLOCK, 9 * BLOCK)]
    assert [bool(np.abs(talk.left[span]).max() > 0.01) for span in spans] == [True, True, False]
    assert [bool(np.abs(talk.right[span]).max() > 0.01) for span in spans] == [True, False, True]


@pytest.mark.parametrize("voice", ["robot", "choir", "whisper"])
def test_no_block_begins_with_a_jump(voice: str) -> None:
    with conversation(voice=voice) as talk:
        talk.say(long_a(2.0))
    in_blocks, at_edges = bends(talk.left[RATE // 2 // BLOCK * BLOCK :])
    assert at_edges.max() < 1.5 * in_blocks.max()
    assert at_edges.mean() < 1.5 * in_blocks.mean()


def bends(sound: Sound, sharpness: int = 2) -> tuple[Sound, Sound]:
    """How sharply a sound bends within blocks, and where one may follow another.

    The vocoder works in steps of a quarter of a block, and delays by three of them.
    """
    bent = np.abs(np.diff(sound, sharpness))
    at = np.arange(len(bent)) + sharpness // 2
    edges = np.minimum(at % (BLOCK // 4), -at % (BLOCK // 4)) <= sharpness // 2
    return bent[~edges], bent[edges]


# Full loudness of a 90 Hz tone changes by 0.0035 a sample; with echoes, three times as much.
CLICK = 0.012


def test_nothing_clicks_when_the_echo_is_turned_up_and_down() -> None:
    with conversation(mix=0.0) as talk:
        for echo in (0.8, 0.0, 0.5, 0.0):
            talk.turn(echo=echo)
            talk.say(tone(0.5)[::-1] if echo else tone(0.5))
    assert np.abs(talk.left).max() > 0.25
    assert steepest(talk.left) < CLICK


def test_nothing_clicks_when_the_mix_is_turned() -> None:
    with conversation(voice="robot", mix=0.0, echo=0.0) as talk:
        hum = tone(2.0)
        for mix in (1.0, 0.0, 1.0, 0.0):
            talk.turn(mix=mix)
            talk.say(hum[: RATE // 2])
    assert np.abs(talk.left).max() > 0.2
    calm = answer_to(tone(2.0), "robot")
    assert steepest(talk.left) < 1.2 * max(steepest(calm), CLICK / 3)


def answer_to(sound: Sound, voice: str, **dials: Any) -> Sound:
    with conversation(voice=voice, echo=0.0, **dials) as talk:
        talk.say(sound)
        return talk.left


def test_nothing_clicks_when_the_microphone_stops_and_comes_back() -> None:
    peak_to_peak = tone(1.0)[RATE // 10 + 133 :][: 25 * FRAME]
    assert min(abs(peak_to_peak[0]), abs(peak_to_peak[-1])) > 0.29
    with conversation(mix=0.0, echo=0.0) as talk:
        for pause in (40, 3, 1):
            talk.say(peak_to_peak)
            talk.listen(pause)
    assert np.abs(talk.left).max() > 0.25
    assert steepest(talk.left) < CLICK / 2


def test_a_scrap_of_sound_is_not_kept_for_the_next_word() -> None:
    scrap = np.full(2 * FRAME, -0.3)
    with conversation(mix=0.0, echo=0.0) as talk:
        talk.say(scrap)
        talk.listen(10)
        talk.say(np.full(RATE // 2, 0.3))
    assert talk.left.min() > -0.01
    assert talk.left.max() > 0.25


def test_frames_that_come_late_leave_no_gap() -> None:
    with conversation(mix=0.0, echo=0.0) as talk:
        talk.say(tone(3.0), late=[*range(20, 60, 7), 80, 81, 82])
    loudness = np.abs(talk.left[RATE // 2 : -RATE // 5]).reshape(-1, BLOCK).max(axis=1)
    assert loudness.min() > 0.28
    assert steepest(talk.left) < CLICK / 2


def test_a_burst_of_frames_is_caught_up_with_instead_of_being_heard_late() -> None:
    with conversation(mix=0.0, echo=0.0) as talk:
        talk.say(tone(0.5))
        talk.say(tone(1.0)[RATE // 2 :], late=())
        for frame in np.int16(tone(0.6)[-RATE // 2 :] * 32767).reshape(-1, 1, FRAME):
            talk.pipeline.push_media("mic", frame)
        before = len(talk.left)
        talk.listen(20)
    heard = np.flatnonzero(np.abs(talk.left[before:]) > 1e-3)
    assert heard[-1] < 0.2 * RATE
    assert steepest(talk.left) < CLICK


def test_it_hums_until_somebody_speaks_and_again_when_nobody_does() -> None:
    with conversation(hum=0.5, mix=0.0, echo=0.0) as talk:
        talk.listen(37)
        assert np.abs(talk.left[-BLOCK * 15 :]).max() > 0.05
        talk.say(np.zeros(RATE))
        assert np.abs(talk.left[-RATE // 4 :]).max() == 0
        talk.listen(20)
        assert np.abs(talk.left[-BLOCK * 15 :]).max() == 0
        talk.listen(60)
        assert np.abs(talk.left[-BLOCK * 15 :]).max() > 0.05
    in_blocks, at_edges = bends(talk.left, sharpness=6)
    assert at_edges.max() < 1.5 * in_blocks.max()


@asynccontextmanager
async def talking(**dials: Any) -> AsyncIterator[tuple[Local, LocalClient]]:
    source = find_model(FOLDER, environ={})
    async with serving(load_class(source.manifest), SMALL) as local:
        anna = local.join("anna")
        for name, value in dials.items():
            await anna.ask(f"set_{name}", **{name: value})
        yield local, anna


async def says(local: Local, anna: LocalClient, until: Callable[[], bool]) -> None:
    """Say one long `a`, as much of it as is played, until something is heard or seen."""
    samples = np.int16(long_a(12.0) * 32767)[np.newaxis]
    begin, sent = len(local.screen.ticks), 0

    def go_on() -> bool | None:
        nonlocal sent
        while sent <= len(local.screen.ticks) - begin:
            anna.play("mic", samples[:, sent * BLOCK : (sent + 1) * BLOCK])
            sent += 1
        return until() or None

    await local.until(go_on)


def sounded(local: Local, blocks: int) -> Sound:
    newest = [tick.sound["main_audio"][0] for tick in local.screen.ticks[-blocks:]]
    return np.concatenate([np.zeros(1), *newest]) / 32767


async def test_the_running_model_answers_in_the_voice_that_was_asked_for() -> None:
    async with talking(voice="robot", echo=0.0) as (local, anna):
        await says(local, anna, lambda: share_near(sounded(local, 10), multiples(NOTE), 12) > 0.8)
        await anna.ask("set_pitch", pitch=7)
        fifth = multiples(NOTE * 2 ** (7 / 12))
        await says(local, anna, lambda: share_near(sounded(local, 10), fifth, 12) > 0.8)
        refused = await anna.ask("set_voice", voice="parrot")
    assert isinstance(refused, Failure)
    assert "robot" in refused.message


async def test_the_picture_grows_with_the_voice_and_has_its_speakers_colour() -> None:
    async with talking(voice="robot") as (local, anna):
        await local.shown(10)
        silent, closed = colours(local), eye(local)
        assert silent.mean() > 2
        await says(local, anna, lambda: colours(local).mean() > 1.6 * silent.mean())
        await says(local, anna, lambda: eye(local) > closed + 30)
        red, _, blue = colours(local)
        assert blue > 1.5 * red
        await anna.ask("set_voice", voice="choir")
        await says(local, anna, lambda: bool(colours(local)[0] > colours(local)[2]))


def colours(local: Local) -> Sound:
    """The mean red, green and blue of the newest picture."""
    return to_rgb(local.screen.ticks[-1].pictures["main_video"]).mean(axis=(0, 1))


def eye(local: Local) -> float:
    """How bright it is within the ring of the newest picture."""
    return float(to_rgb(local.screen.ticks[-1].pictures["main_video"])[39:41, 79:81].mean())


async def test_who_comes_next_hears_nothing_of_what_was_said() -> None:
    async with talking(mix=0.0, echo=0.8) as (local, anna):
        await says(local, anna, lambda: bool(np.abs(sounded(local, 1)).max() > 0.1))
        anna.leave()
        await local.eventually(lambda: not local.model.connected.is_set())
        before = len(local.screen.ticks)
        local.join("bert")
        await local.until(lambda: True if len(local.screen.ticks) > before + 15 else None)
        assert np.abs(sounded(local, 12)).max() == 0
