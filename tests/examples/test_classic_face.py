"""The classic_face example, driven end to end and headless."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_actors.core.errors import ModelError
from reactor_actors.core.wire.outbound import Ack, Failure, Reply
from reactor_actors.loader import find_model, load_class, load_program
from tests.local import Local, LocalClient, serving

FOLDER = Path(__file__).parents[2] / "examples" / "classic_face"
SMALL = {"picture": {"width": 320, "height": 240}}
CONFIG = {
    **SMALL,
    "start": {"mood": "amazed", "colour": "mint"},
    "mirror": True,
    "bored_after": 60,
}

Picture = NDArray[np.uint8]


def face(**changes: Any) -> Any:
    """Serve the example, with a changed config."""
    source = find_model(FOLDER, environ={})
    return serving(load_class(source.manifest), {**CONFIG, **changes})


def eyes(picture: Picture) -> tuple[Picture, int, int]:
    """Return the part of a picture where the eyes are, and where it begins."""
    height, width = picture.shape[:2]
    top, left = round(0.30 * height), round(0.22 * width)
    return picture[top : round(0.62 * height), left : round(0.78 * width)], left, top


def white(picture: Picture) -> int:
    """Count the pixels of the eyes' white."""
    part, _, _ = eyes(picture)
    levels = part.astype(int)
    return int(((levels.min(axis=2) > 170) & (np.ptp(levels, axis=2) < 30)).sum())


def gaze(picture: Picture) -> float:
    """Return where the irises are, which are orange: the mean column."""
    part, left, _ = eyes(picture)
    red, green, blue = (part[..., channel].astype(int) for channel in range(3))
    columns = np.nonzero((red > 100) & (red > blue + 50) & (green < red - 15))[1]
    assert columns.size > 40
    return left + float(columns.mean())


def scene(x: float, y: float = 0.5) -> Picture:
    """Return a webcam's picture with something bright in it, at a share of its size."""
    picture = np.full((96, 128, 3), 40, np.uint8)
    cv2.circle(picture, (round(128 * x), round(96 * y)), 16, (230, 220, 210), -1)
    return picture


async def watching(
    local: Local, anna: LocalClient, xs: Any, sought: Callable[[Picture], bool]
) -> Picture:
    """Film one scene for every picture that is shown, until one is as it is sought."""
    for x in xs:
        anna.show("webcam", scene(x))
        await local.shown(len(local.screen.ticks) + 1)
        if sought(local.screen.newest()):
            return local.screen.newest()
    raise AssertionError("it has not been shown")


async def test_the_face_follows_what_moves_as_a_mirror_does() -> None:
    async with face() as local:
        anna = local.join()
        middle = gaze((await local.shown(3))[-1])
        near_left = [0.08 + 0.06 * (step % 3) for step in range(90)]
        await watching(local, anna, near_left, lambda picture: gaze(picture) > middle + 6)
        near_right = [0.92 - 0.06 * (step % 3) for step in range(90)]
        await watching(local, anna, near_right, lambda picture: gaze(picture) < middle - 6)


async def test_without_the_mirror_it_looks_to_the_same_side() -> None:
    async with face(mirror=False) as local:
        anna = local.join()
        middle = gaze((await local.shown(3))[-1])
        near_left = [0.08 + 0.06 * (step % 3) for step in range(90)]
        await watching(local, anna, near_left, lambda picture: gaze(picture) < middle - 6)


async def test_what_stands_before_it_is_mirrored_in_its_eyes() -> None:
    async with face() as local:
        anna = local.join()
        dark, _, _ = eyes((await local.shown(3))[-1])
        lit = np.full((96, 96, 3), (40, 60, 255), np.uint8)
        anna.show("webcam", lit)

        def bluer() -> bool | None:
            part, _, _ = eyes(local.screen.newest())
            return blueness(part) > blueness(dark) + 200 or None

        await local.until(bluer)


def blueness(part: Picture) -> int:
    """Count the pixels that are clearly blue."""
    levels = part.astype(int)
    return int((levels[..., 2] > levels[..., :2].max(axis=2) + 40).sum())


async def test_a_colour_and_a_mood_are_seen() -> None:
    async with face() as local:
        anna = local.join()
        before = (await local.shown(3))[-1]
        assert await anna.ask("set_colour", colour="coral") == Ack("anna-1")
        cheek = (slice(150, 190), slice(110, 130))
        redder = before[cheek][..., 0].mean() + 40
        await local.until(lambda: local.screen.newest()[cheek][..., 0].mean() > redder or None)
        open_eyes = white(local.screen.newest())
        told = await anna.ask("set_mood", mood="sleepy")
        assert told == Reply(
            "anna-2", "set_mood", "set_mood", {"mood": "sleepy", "before": "amazed"}
        )
        await local.until(lambda: white(local.screen.newest()) < 0.5 * open_eyes or None)


async def test_everybody_is_told_of_a_mood_and_the_caller_alone_is_answered() -> None:
    async with face() as local:
        anna, bert = local.join("anna"), local.join("bert")
        await anna.ask("set_mood", mood="cross")
        assert await bert.heard("mood") == {"mood": "cross", "because_of": "a viewer"}
        assert [name for name, _ in bert.messages] == ["mood"]
        assert sorted(name for name, _ in anna.messages) == ["mood", "set_mood"]


async def test_it_blinks_as_often_as_it_is_asked_to() -> None:
    async with face() as local:
        anna = local.join()
        opened = white((await local.shown(3))[-1])
        assert isinstance(await anna.ask("blink", times=3), Ack)
        rows: list[int] = []
        while max(rows, default=0) < 3 or len(local.screen.ticks) < 90:
            pictures = await local.shown(len(local.screen.ticks) + 15)
            rows = in_a_row([white(picture) < 0.4 * opened for picture in pictures])
        assert max(rows) == 3


def in_a_row(shut: list[bool]) -> list[int]:
    """Return how many blinks follow each other at once, for each time that there are any."""
    begun = [at for at, (before, now) in enumerate(pairwise(shut)) if now and not before]
    rows: list[int] = []
    for at, blink in enumerate(begun):
        if at and blink - begun[at - 1] < 15:
            rows[-1] += 1
        else:
            rows.append(1)
    return rows


async def test_it_chirps_when_its_mood_changes() -> None:
    async with face() as local:
        anna = local.join()
        await local.shown(3)
        sizes = {tick.sound["voice"].size for tick in local.screen.ticks}
        assert sizes == {48_000 // 30}
        assert not any(np.any(tick.sound["voice"]) for tick in local.screen.ticks)
        await anna.ask("set_mood", mood="happy")
        await local.until(lambda: np.ptp(local.screen.ticks[-1].sound["voice"]) > 4000 or None)


async def test_it_falls_asleep_when_nothing_moves_and_wakes_when_something_does() -> None:
    async with face(bored_after=0.3) as local:
        anna = local.join()

        async def film(xs: list[float], mood: str, reason: str) -> None:
            told = ("mood", {"mood": mood, "because_of": reason})
            for x in xs:
                anna.show("webcam", scene(x))
                await local.shown(len(local.screen.ticks) + 1)
                if anna.messages[-1:] == [told]:
                    return
            raise AssertionError(f"{told} is not the last of {anna.messages}")

        await film([0.5] * 90, "sleepy", "boredom")
        await film([0.2, 0.5, 0.8] * 30, "amazed", "something that moves")
        await film([0.5] * 90, "sleepy", "boredom")


@pytest.mark.parametrize(
    ("command", "payload", "expected"),
    [
        ("set_mood", {"mood": "hungry"}, "hungry"),
        ("set_mood", {}, "mood"),
        ("set_colour", {"colour": 7}, "colour"),
        ("blink", {"times": 0}, "times"),
        ("blink", {"times": 6}, "times"),
        ("blink", {"time": 1}, "time"),
        ("dance", {}, "dance"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    command: str, payload: dict[str, Any], expected: str
) -> None:
    async with face() as local:
        anna = local.join()
        refused = await anna.ask(command, **payload)
        assert isinstance(refused, Failure)
        assert refused.code == "invalid_command"
        assert expected in refused.message


async def test_a_new_session_begins_in_the_mood_of_the_config() -> None:
    async with face() as local:
        anna = local.join()
        await anna.ask("set_mood", mood="sleepy")
        await local.stopped()
        local.transport.start("second")
        bert = local.join("bert")
        told = await bert.ask("set_mood", mood="cross")
        assert isinstance(told, Reply)
        assert told.data == {"mood": "cross", "before": "amazed"}


async def test_it_is_found_without_its_manifest_and_takes_the_config_that_it_names(
    tmp_path: Path,
) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "face"))
    (folder / "reactor.yaml").unlink()
    overrides = ["--model.start.mood=cross", "--model.picture.width=64"]
    program = load_program(find_model(folder, overrides=overrides, environ={}))
    try:
        contract = await program.load()
        model = program.model
    finally:
        await program.release()
    assert (contract.name, contract.fps, contract.pinned) == ("classic-face", 30.0, True)
    assert [track.name for track in contract.tracks] == ["webcam", "main_video", "voice"]
    assert model.config.start == {"mood": "cross", "colour": "mint"}
    assert model.config.picture == {"width": 64, "height": 480}


def test_its_manifest_of_the_older_shape_means_the_same() -> None:
    source = find_model(FOLDER, environ={})
    assert (source.manifest.name, source.manifest.version) == ("classic-face", "1.2.0")
    assert source.config["start"] == {"mood": "happy", "colour": "mint"}
    assert load_class(source.manifest).__name__ == "ClassicFace"


async def test_a_mood_that_nobody_knows_is_found_when_it_is_loaded() -> None:
    with pytest.raises(ModelError, match="'hungry' is none of happy"):
        async with face(start={"mood": "hungry", "colour": "mint"}):
            pass
