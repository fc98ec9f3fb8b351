import logging
from itertools import pairwise

import numpy as np
import pytest
from aiortc.codecs.opus import OpusEncoder
from av.audio.codeccontext import AudioCodecContext

from reactor_actors.transports.webrtc.sound import (
    FRAME_SAMPLES,
    Samples,
    SoundClock,
    SoundEncoder,
    SoundLine,
    SoundPacket,
)


def tone(hertz: float, rate: int, seconds: float, start: float = 0.0) -> Samples:
    time = start + np.arange(round(rate * seconds)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)[np.newaxis]


def decode(packets: list[SoundPacket], layout: str) -> Samples:
    decoder = AudioCodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate, decoder.layout, decoder.format = 48_000, layout, "s16"
    blocks = [frame.to_ndarray() for packet in packets for frame in decoder.decode(packet)]
    flat = np.concatenate(blocks, axis=1)
    return flat.reshape(-1, 1 if layout == "mono" else 2).T


def pitch(sound: Samples) -> float:
    """The loudest frequency of one channel at 48 kHz."""
    steady = sound[4800:-4800].astype(float)
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(steady.size)))
    return float(np.argmax(spectrum) * 48_000 / steady.size)


def play(encoder: SoundEncoder, sound: Samples, rate: int, fps: int = 30) -> list[SoundPacket]:
    """Hand over sound one picture's length at a time, as ticks do, and collect the packets."""
    packets: list[SoundPacket] = []
    step = rate / fps
    for i in range(int(sound.shape[1] / step)):
        now = 50.0 + i / fps
        encoder.push(sound[:, round(i * step) : round((i + 1) * step)], now)
        for tenth in range(10):
            packets += encoder.packets(now + tenth / fps / 10)
    return packets


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_a_tone_keeps_its_pitch_at_any_rate(rate: int) -> None:
    packets = play(SoundEncoder(rate, 1), tone(440, rate, 3.0), rate)
    heard = decode(packets, "mono")[0]
    assert pitch(heard) == pytest.approx(440, abs=2)
    assert np.abs(heard[4800:-4800]).max() == pytest.approx(8000, rel=0.15)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_left_and_right_stay_apart(rate: int) -> None:
    stereo = np.concatenate([tone(440, rate, 3.0), tone(1000, rate, 3.0)])
    left, right = decode(play(SoundEncoder(rate, 2), stereo, rate), "stereo")
    assert pitch(left) == pytest.approx(440, abs=2)
    assert pitch(right) == pytest.approx(1000, abs=2)


def test_stereo_on_a_mono_track_is_mixed_down() -> None:
    loud = np.full((1, 4800), 30_000, np.int16)
    both = np.concatenate([tone(440, 48_000, 2.0), tone(440, 48_000, 2.0)])
    heard = decode(play(SoundEncoder(48_000, 1), both, 48_000), "mono")[0]
    assert pitch(heard) == pytest.approx(440, abs=2)
    encoder = SoundEncoder(48_000, 1)
    encoder.push(np.concatenate([loud, loud]), 0.0)
    assert decode(encoder.packets(0.1), "mono").max() > 20_000


def test_mono_on_a_stereo_track_is_heard_on_both_sides() -> None:
    left, right = decode(play(SoundEncoder(48_000, 2), tone(440, 48_000, 2.0), 48_000), "stereo")
    assert pitch(left) == pitch(right) == pytest.approx(440, abs=2)


def test_packets_are_twenty_milliseconds_apart_on_the_clock_of_the_pictures() -> None:
    packets = play(SoundEncoder(48_000, 1), tone(440, 48_000, 1.0), 48_000)
    assert packets[0].pts == 50 * 48_000
    assert {b.pts - a.pts for a, b in pairwise(packets)} == {960}  # type: ignore[operator]


def test_aiortc_takes_the_packets_as_they_are() -> None:
    encoder = SoundEncoder(48_000, 1)
    encoder.push(tone(440, 48_000, 0.1), 1.0)
    packet = encoder.packets(1.03)[0]
    payloads, timestamp = OpusEncoder().pack(packet)
    assert payloads == [bytes(packet)]
    assert timestamp == 48_000


def test_nothing_is_sent_before_the_first_sound() -> None:
    encoder = SoundEncoder(48_000, 1)
    assert encoder.packets(5.0) == []
    assert encoder.wait(5.0) == pytest.approx(0.02)


def test_silence_keeps_the_clock_running_when_sound_starves() -> None:
    encoder = SoundEncoder(48_000, 1)
    encoder.push(tone(440, 48_000, 0.2), 0.0)
    packets = [packet for i in range(200) for packet in encoder.packets(i / 100)]
    assert [packet.pts for packet in packets] == [i * 960 for i in range(len(packets))]
    assert len(packets) == 99
    heard = decode(packets, "mono")[0]
    assert np.abs(heard[2000:8000]).max() > 5000
    assert np.abs(heard[12_000:]).max() < 50


@pytest.mark.parametrize(
    "pcm",
    [
        np.zeros((1, 960), np.float32),
        np.zeros(960, np.int16),
        np.zeros((3, 960), np.int16),
        np.zeros((960, 2), np.int16),
    ],
    ids=["floats", "flat", "three channels", "samples first"],
)
def test_anything_but_int16_channels_by_samples_is_refused(pcm: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected int16 \(channels, samples\)"):
        SoundEncoder(48_000, 1).push(pcm, 0.0)


def test_more_than_two_channels_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="one channel or two"):
        SoundEncoder(48_000, 6)


def test_an_empty_piece_starts_the_clock_and_no_more() -> None:
    encoder = SoundEncoder(16_000, 1)
    encoder.push(np.zeros((1, 0), np.int16), 3.0)
    assert [packet.pts for packet in encoder.packets(3.03)] == [3 * 48_000]


def test_too_much_sound_is_dropped_with_one_warning_in_five_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    encoder = SoundEncoder(48_000, 1)
    with caplog.at_level(logging.WARNING):
        for i in range(120):
            encoder.push(tone(440, 48_000, 0.2), i / 10)
            encoder.packets(i / 10)
    assert [record.getMessage()[:34] for record in caplog.records] == [
        "sound comes faster than it plays: "
    ] * len(caplog.records)
    assert 2 <= len(caplog.records) <= 3


def test_a_frame_is_due_a_moment_after_its_beginning() -> None:
    clock = SoundClock(first=100, delay=0.03)
    assert list(clock.due(2.029)) == []
    assert clock.wait(2.029) == pytest.approx(0.001)
    assert list(clock.due(2.03)) == [100]
    assert list(clock.due(2.03)) == []
    assert list(clock.due(2.1)) == [101, 102, 103]
    assert clock.wait(2.1) == pytest.approx(0.01)


def test_a_stall_is_made_good_only_a_little() -> None:
    clock = SoundClock(first=0, delay=0.0, longest=0.2)
    frames = clock.due(600.0)
    assert len(frames) == 10
    assert frames[-1] == 30_000
    assert list(clock.due(600.0)) == []


def test_a_clock_that_runs_back_repeats_nothing() -> None:
    clock = SoundClock(first=0, delay=0.0)
    clock.due(10.0)
    assert list(clock.due(5.0)) == []
    assert list(clock.due(10.02)) == [501]


def ramp(count: int, first: int = 0) -> Samples:
    return np.arange(first, first + count, dtype=np.int16)[np.newaxis]


def test_pieces_that_arrive_almost_in_time_join_without_a_seam() -> None:
    line = SoundLine(1, first=0)
    line.lay(ramp(1000), at=0)
    line.lay(ramp(1000, 1000), at=1400)
    line.lay(ramp(1000, 2000), at=1700)
    frames = np.concatenate([line.take(n) for n in range(3)], axis=1)
    assert np.array_equal(frames, ramp(3 * FRAME_SAMPLES))
    assert line.dropped == 0


def test_a_piece_far_ahead_is_preceded_by_silence() -> None:
    line = SoundLine(1, first=0)
    line.lay(ramp(960, 1), at=0)
    line.lay(ramp(960, 1), at=3 * 960)
    heard = [line.take(n).any() for n in range(5)]
    assert heard == [True, False, False, True, False]


def test_a_piece_that_comes_too_late_loses_its_beginning() -> None:
    line = SoundLine(1, first=0)
    for n in range(10):
        line.take(n)
    line.lay(ramp(4000), at=7 * 960)
    assert np.array_equal(line.take(10), ramp(960, 3 * 960))
    assert line.dropped == 3 * 960


def test_at_most_a_second_waits_and_the_oldest_goes() -> None:
    line = SoundLine(2, first=0)
    line.lay(np.repeat(np.arange(60_000) // 10, 1).astype(np.int16)[np.newaxis].repeat(2, 0), at=0)
    assert line.dropped == 12_000
    assert line.take(0)[0, 0] == 1200


def test_sound_of_frames_left_out_is_forgotten() -> None:
    line = SoundLine(1, first=0)
    line.lay(ramp(9600), at=0)
    assert np.array_equal(line.take(5), ramp(960, 5 * 960))


@pytest.mark.parametrize("fps", [16, 24, 30, 60])
def test_jitter_of_some_milliseconds_leaves_no_gap(fps: int) -> None:
    rng = np.random.default_rng(4)
    line, clock = SoundLine(1, first=0), SoundClock(first=0)
    for tick in range(fps * 20):
        now = tick / fps + rng.uniform(0, 0.008)
        for frame in clock.due(now):
            line.take(frame)
        line.lay(np.ones((1, 48_000 // fps), np.int16), round(tick / fps * 48_000))
    assert (line.underruns, line.dropped) == (0, 0)


@pytest.mark.parametrize("samples", [1600, 1602, 1598], ids=["exact", "too much", "too little"])
def test_after_ten_minutes_sound_and_pictures_are_less_than_40_ms_apart(samples: int) -> None:
    rng = np.random.default_rng(3)
    line, clock = SoundLine(1, first=0), SoundClock(first=0)
    sent, worst, late = 0, 0, 0.0
    for tick in range(30 * 600):
        # Jitter of up to 8 ms; every ten seconds the model stalls for 150 ms.
        due = tick / 30 + late
        late += 0.15 if tick % 300 == 299 else 0.0
        now = due + rng.uniform(0, 0.008)
        for frame in clock.due(now):
            line.take(frame)
            sent += 1
        line.lay(np.ones((1, samples), np.int16), round(due * 48_000))
        worst = max(worst, abs(line.offset))
    assert worst < 0.04 * 48_000
    assert sent == pytest.approx((600 + late) * 50, abs=20)
