"""Runs from the model to the files, with everything real between them."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.wire.outbound import Ack, Failure, Message, Reply
from reactor_actors.headless.script import Entry
from tests.headless.recorded import Listener, film, halves, record, sound, stills

LEVEL = ("level=100",)


def near(seen: list[int], wanted: list[int], by: int = 3) -> bool:
    """Whether values that have been through a codec are what they were."""
    return len(seen) == len(wanted) and all(
        abs(a - b) <= by for a, b in zip(seen, wanted, strict=True)
    )


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_every_picture_is_there_in_order_as_pngs(tmp_path: Path) -> None:
    outcome = await record("Counting", tmp_path / "out", frames=7)
    pictures = stills(tmp_path / "out")
    assert names_in(tmp_path / "out") == [f"00000{number}.png" for number in range(7)]
    assert pictures[0].shape == (48, 64, 3)
    assert near([halves(p)[0] for p in pictures], [0, 10, 20, 30, 40, 50, 60])
    assert (outcome.frames, outcome.end, outcome.failure) == (7, "", None)
    assert outcome.seconds == pytest.approx(7 / 30)
    assert outcome.paths == (tmp_path / "out",)


async def test_every_picture_is_there_as_a_film_with_its_time(tmp_path: Path) -> None:
    await record("Counting", tmp_path / "a.mp4", {"batch": 4}, seconds=0.5)
    pictures = film(tmp_path / "a.mp4")
    assert near([halves(p)[0] for _, p in pictures], [10 * n for n in range(15)], by=4)
    assert [at for at, _ in pictures] == pytest.approx([n / 30 for n in range(15)], abs=1e-4)
    with av.open(str(tmp_path / "a.mp4")) as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 64, 48)
        # BT.601 in limited range, by the numbers of H.273.
        assert (stream.codec_context.colorspace, stream.codec_context.color_range) == (6, 1)
        assert float(stream.duration * stream.time_base) == pytest.approx(0.5, abs=1e-3)


async def test_every_picture_is_there_as_a_gif(tmp_path: Path) -> None:
    await record("Counting", tmp_path / "a.gif", frames=12)
    pictures = film(tmp_path / "a.gif")
    assert near([halves(p)[0] for _, p in pictures], [10 * n for n in range(12)], by=8)
    assert [at for at, _ in pictures] == pytest.approx([round(n / 0.3) / 100 for n in range(12)])


async def test_a_run_can_be_repeated_to_the_bit(tmp_path: Path) -> None:
    script = (Entry("set_level", {"level": 90}, frame=5), Entry("slow_down", frame=8))
    for name in ("one", "two"):
        await record("Counting", tmp_path / name, frames=12, script=script, changes=LEVEL)
    one, two = ([p.read_bytes() for p in sorted((tmp_path / n).iterdir())] for n in ("one", "two"))
    assert one == two


async def test_a_command_shows_from_its_picture_on(tmp_path: Path) -> None:
    script = (
        Entry("set_level", {"level": 200}, at=0.1),
        Entry("set_level", {"level": 50}, frame=6),
        Entry("set_level", {"level": 250}, at=60.0, place="far"),
    )
    listener = Listener()
    outcome = await record(
        "Counting", tmp_path / "out", frames=9, script=script, changes=LEVEL, listener=listener
    )
    levels = [halves(p)[1] for p in stills(tmp_path / "out")]
    assert near(levels, [100] * 3 + [200] * 3 + [50] * 3)
    assert listener.commands == [("set_level", 0), ("set_level", 3), ("set_level", 6)]
    assert [entry.place for entry in outcome.unsaid] == ["far"]


async def test_the_first_picture_knows_what_was_set(tmp_path: Path) -> None:
    for number in range(5):
        await record("Counting", tmp_path / str(number), frames=1, changes=LEVEL)
        assert near([halves(stills(tmp_path / str(number))[0])[1]], [100])


async def test_answers_greetings_and_refusals_are_told(tmp_path: Path) -> None:
    listener = Listener()
    script = (Entry("echo", {"text": "ho"}), Entry("refuse"), Entry("set_level", {"level": 1}))
    await record("Counting", tmp_path / "o", frames=2, script=script, listener=listener)
    told = [message for message, _ in listener.messages]
    assert Message("echoed", {"text": "hello"}) in told
    assert Reply("headless-1", "echo", "echoed", {"text": "ho"}) in told
    assert Ack("headless-3") in told
    refused = next(message for message in told if isinstance(message, Failure))
    assert (refused.command, refused.code, refused.message) == (
        *("refuse", "not_today", "come back tomorrow"),
    )


async def test_a_rate_that_the_author_sets_stretches_the_film(tmp_path: Path) -> None:
    script = (Entry("slow_down", frame=3),)
    await record("Counting", tmp_path / "a.mp4", frames=6, script=script)
    expected = [0, 1 / 30, 2 / 30, 3 / 30, 0.2, 0.3]
    assert [at for at, _ in film(tmp_path / "a.mp4")] == pytest.approx(expected, abs=1e-4)


async def test_a_rate_on_the_command_line_beats_the_authors(tmp_path: Path) -> None:
    script = (Entry("slow_down", frame=3),)
    outcome = await record("Counting", tmp_path / "a.mp4", seconds=1.0, fps=8.0, script=script)
    assert [at for at, _ in film(tmp_path / "a.mp4")] == pytest.approx([n / 8 for n in range(8)])
    assert outcome.seconds == 1.0


async def test_each_picture_track_has_its_file_and_all_have_the_sound(tmp_path: Path) -> None:
    outcome = await record("Talkie", tmp_path / "a.mp4", seconds=2.0)
    assert outcome.paths == (tmp_path / "a-main_video.mp4", tmp_path / "a-side_video.mp4")
    for path, level in zip(outcome.paths, (40, 200), strict=True):
        assert near([halves(p)[0] for _, p in film(path)], [level] * 40)
        heard = sound(path)
        assert len(heard) / 48_000 == pytest.approx(2.0, abs=0.06)
        spectrum = np.abs(np.fft.rfft(heard[4800:91_200]))
        assert abs(np.argmax(spectrum) * 48_000 / 86_400 - 500) < 2
        # No gap, no repetition: 12000 of 32768, all the way.
        pieces = heard[4800:91_200].reshape(-1, 4800)
        assert np.abs(pieces).max(axis=1) == pytest.approx(12_000 / 32_768, rel=0.1)


async def test_the_names_of_pngs_tell_their_tracks(tmp_path: Path) -> None:
    await record("Talkie", tmp_path / "out", frames=3)
    assert near([halves(p)[0] for p in stills(tmp_path / "out", "-main_video")], [40] * 3)
    assert near([halves(p)[0] for p in stills(tmp_path / "out", "-side_video")], [200] * 3)


async def test_sound_alone_is_a_film_without_pictures(tmp_path: Path) -> None:
    outcome = await record("Radio", tmp_path / "a.mp4", seconds=1.0)
    assert (outcome.frames, outcome.paths) == (20, (tmp_path / "a.mp4",))
    assert len(sound(tmp_path / "a.mp4")) / 48_000 == pytest.approx(1.0, abs=0.06)
    with pytest.raises(SetupError, match=r"radio makes sound only: expected --out with .mp4"):
        await record("Radio", tmp_path / "a.gif", seconds=1.0)


async def test_generation_1_runs_alike(tmp_path: Path) -> None:
    script = (Entry("set_number", {"number": 90}, frame=10),)
    await record("Painter", tmp_path / "out", frames=20, script=script)
    levels = [halves(p)[0] for p in stills(tmp_path / "out")]
    assert levels == [30] * 10 + [90] * 10


async def test_a_session_that_the_model_ends_is_a_whole_file(tmp_path: Path) -> None:
    outcome = await record("Painter", tmp_path / "a.mp4", {"enough": 5}, seconds=60.0)
    assert (outcome.frames, outcome.end) == (5, "the model has ended the session")
    assert len(film(tmp_path / "a.mp4")) == 5


async def test_the_model_learns_that_its_session_is_over(tmp_path: Path) -> None:
    await record("Counting", tmp_path / "out", {"diary": str(tmp_path / "diary")}, frames=3)
    assert (tmp_path / "diary").read_text() == "alone over "


async def test_ctrl_c_leaves_whole_files(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.gif"):
        listener = Listener(after=(10, None))
        outcome = await record(
            "Counting", tmp_path / name, seconds=3600.0, listener=listener, interrupted=True
        )
        assert outcome.end == "interrupted"
        assert 10 <= outcome.frames <= 12
        assert len(film(tmp_path / name)) == outcome.frames


async def test_a_model_that_fails_has_its_traceback_and_a_whole_file(tmp_path: Path) -> None:
    outcome = await record("Counting", tmp_path / "a.mp4", {"fails_at": 8}, seconds=60.0)
    assert isinstance(outcome.failure, ModelError)
    assert "the paint is out" in outcome.failure.message
    assert "counting.py" in outcome.failure.detail
    assert len(film(tmp_path / "a.mp4")) == outcome.frames == 8


async def test_a_model_that_cannot_be_loaded_says_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no class 'Hast'"):
        await record("Hast", tmp_path / "a.mp4")
    assert names_in(tmp_path) == []


async def test_a_mistake_is_found_before_anything_is_written(tmp_path: Path) -> None:
    entry = Entry("set_level", {"level": 999}, at=5.0, place="s.yml, line 7")
    wrong = "s.yml, line 7: set_level: level: expected at most 255; got 999"
    with pytest.raises(SetupError) as refused:
        await record("Counting", tmp_path / "a.mp4", script=(entry,))
    assert refused.value.message == wrong
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("model", ["Heavy", "Weighty"])
@pytest.mark.parametrize(
    ("orders", "told"),
    [
        ({"script": (Entry("set_level", {"level": 999}),)}, "level: expected at most 255"),
        ({"changes": ("speed=1",)}, "--set speed=1"),
        ({"inputs": ("webcam=test-pattern",)}, "has no input track 'webcam'"),
    ],
)
async def test_a_mistake_is_found_before_the_model_is_loaded(
    tmp_path: Path, model: str, orders: dict[str, Any], told: str
) -> None:
    loaded = tmp_path / "loaded"
    with pytest.raises(SetupError, match=told):
        await record(model, tmp_path / "a.mp4", {"loaded": str(loaded)}, **orders)
    assert not loaded.exists()


async def test_a_model_that_shows_nothing_is_given_up_and_says_what_it_does(
    tmp_path: Path,
) -> None:
    listener = Listener()
    outcome = await record("Still", tmp_path / "a.mp4", patience=0.3, listener=listener)
    assert isinstance(outcome.failure, ModelError)
    assert re.fullmatch(
        r"nothing was emitted for 0\.\d+ s; it waits for something, and its thread is free",
        outcome.failure.message,
    )
    assert outcome.paths == ()
    assert names_in(tmp_path) == []


async def test_a_model_that_must_not_wait_loses_nothing(tmp_path: Path) -> None:
    await record("Hasty", tmp_path / "out", frames=20)
    assert near([halves(p)[0] for p in stills(tmp_path / "out")], [n * 10 for n in range(20)])


async def test_a_webcam_is_a_file_and_the_run_is_as_long(tmp_path: Path) -> None:
    await record("Counting", tmp_path / "in.mp4", seconds=0.5)
    outcome = await record(
        "Mirror", tmp_path / "out", inputs=(f"webcam={tmp_path / 'in.mp4'}", "mic=tone")
    )
    assert outcome.frames == 15
    shown = [halves(p) for p in stills(tmp_path / "out")]
    assert near([left for left, _ in shown], [5 * n for n in range(15)], by=5)
    assert near([right for _, right in shown[1:]], [80] * 14, by=4)


async def test_a_model_that_needs_several_frames_for_one_gets_them(tmp_path: Path) -> None:
    outcome = await record("Sparse", tmp_path / "out", frames=3, inputs=("webcam=test-pattern",))
    assert outcome.frames == 3


async def test_an_input_that_nothing_feeds_is_told(tmp_path: Path) -> None:
    listener = Listener()
    outcome = await record("Mirror", tmp_path / "o", patience=0.2, listener=listener)
    assert listener.notes == [
        "nothing feeds the input webcam: see --input",
        "nothing feeds the input mic: see --input",
    ]
    assert isinstance(outcome.failure, ModelError)


async def test_in_real_time_pictures_come_at_the_models_own_pace(tmp_path: Path) -> None:
    script = (Entry("set_level", {"level": 200}, at=0.3),)
    outcome = await record(
        "Counting", tmp_path / "a.mp4", seconds=0.6, script=script, realtime=True
    )
    pictures = film(tmp_path / "a.mp4")
    times = [at for at, _ in pictures]
    assert times[0] == 0.0
    assert 0.5 < times[-1] < 0.75
    assert outcome.frames == len(pictures) <= 22
    levels = [halves(p)[1] for _, p in pictures]
    assert near([levels[0]], [0], by=5)
    assert near([levels[-1]], [200], by=5)
    first = next(at for at, level in zip(times, levels, strict=True) if level > 100)
    assert 0.25 < first < 0.6


async def test_a_disk_that_is_full_ends_the_run_with_a_line(tmp_path: Path) -> None:
    outcome = await record("Counting", Path("/dev/full") / "a.mp4", seconds=60.0)
    assert isinstance(outcome.failure, SetupError)
    assert outcome.failure.message.startswith("--out cannot be written: ")


async def test_an_input_that_breaks_off_ends_the_run_with_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = cv2.VideoWriter(
        str(tmp_path / "in.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 30, (64, 48)
    )
    for _ in range(30):
        writer.write(np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8))
    writer.release()
    whole = (tmp_path / "in.avi").read_bytes()
    (tmp_path / "in.avi").write_bytes(whole[: len(whole) // 2])
    with caplog.at_level(logging.ERROR):
        outcome = await record(
            "Mirror", tmp_path / "out", frames=40, inputs=(f"webcam={tmp_path / 'in.avi'}",)
        )
    # Half a file is half a film: it begins again like a whole one.
    assert outcome.failure is None
    assert outcome.frames == 40
