"""The webcam example, driven end to end: pictures go in, and what comes out is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from reactor_actors.core.media import Pixels
from reactor_actors.core.wire.outbound import Ack, Failure
from reactor_actors.loader import find_model, load_class
from tests.local import Local, LocalClient, serving

FOLDER = Path(__file__).parents[2] / "examples" / "webcam_style"
HEIGHT, WIDTH = 96, 128
INSIDE = np.s_[38:58, 26:46]
AROUND = np.s_[16:80, 4:68]
WALL = np.s_[32:64, 64:96]
FOREVER = 1e9


@asynccontextmanager
async def studio(**changes: float) -> AsyncIterator[Local]:
    """Serve the example with small pictures."""
    source = find_model(FOLDER, environ={})
    config = {**source.config, "size": WIDTH, **changes}
    async with serving(load_class(source.manifest), config) as local:
        yield local


def room() -> Pixels:
    """Return what a webcam may see: a red ball on the left, a dim blue wall, noise."""
    picture = np.full((HEIGHT, WIDTH, 3), (40, 56, 100), np.uint8)
    cv2.circle(picture, (36, 48), 24, (230, 60, 40), -1)
    noise = np.random.default_rng(5).normal(0, 6, (HEIGHT, WIDTH, 1))
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


async def filmed(local: Local, client: LocalClient, fits: Callable[[Pixels], bool]) -> Pixels:
    """Publish the room, frame by frame, until a picture comes out that fits; return it."""
    for _ in range(90):
        before = len(local.screen.ticks)
        client.show("webcam", room())
        await local.shown(before + 1)
        if fits(local.screen.newest()):
            return local.screen.newest()
    raise AssertionError("of 90 pictures none is as expected")


def light(picture: Pixels) -> float:
    return float(picture.mean())


def colour(picture: Pixels) -> list[float]:
    red, green, blue = picture.reshape(-1, 3).mean(axis=0)
    return [float(red), float(green), float(blue)]


def near(picture: Pixels, other: Pixels, most: float = 9.0) -> bool:
    return cv2.absdiff(picture, other).mean() < most


def colourless(picture: Pixels) -> bool:
    return bool(np.ptp(picture.astype(int), axis=2).mean() < 24)


def inked(picture: Pixels) -> bool:
    """Whether a dark line surrounds the ball, between louder colours than the room has."""
    outline = min(picture[48, x].max() for x in range(4, 20))
    red, green, _ = colour(picture[INSIDE])
    return bool(outline < 40) and red - green > 180


def noise(picture: Pixels) -> float:
    return float(cv2.Laplacian(picture[WALL], cv2.CV_32F).std())


def painted(picture: Pixels) -> bool:
    """Whether ball and wall have kept about their colours, and the camera's noise is gone."""
    red, _, blue = colour(picture[INSIDE])
    smooth = noise(picture) < 0.6 * noise(room())
    return smooth and red > 180 > 3 * blue and not inked(picture)


def glowing(picture: Pixels) -> bool:
    """Whether the outline shines and all else is night."""
    return light(picture[WALL]) < 40 and light(picture[INSIDE]) < 60 and picture[AROUND].max() > 240


def hot(picture: Pixels) -> bool:
    """Whether the bright ball is yellow or white, and the dim wall violet or darker."""
    red, green, _ = colour(picture[INSIDE])
    cold_red, cold_green, cold_blue = colour(picture[WALL])
    return red > 200 and green > 150 and cold_green < 40 and cold_blue >= cold_red


def studded(picture: Pixels) -> bool:
    """Whether the wall is made of equal bricks, each lit from the top left."""
    brick, other = picture[32:48, 64:80], picture[48:64, 80:96]
    lit, shaded = brick[3:7, 3:7], brick[9:14, 9:14]
    return near(brick, other, 16) and light(lit) > light(shaded) + 15


def green(picture: Pixels) -> bool:
    red, middle, blue = colour(picture)
    return middle > 1.8 * red and middle > 1.8 * blue


SIGNS: dict[str, Callable[[Pixels], bool]] = {
    "none": lambda picture: near(picture, room()),
    "pencil": lambda picture: colourless(picture) and light(picture[WALL]) > 100,
    "comic": inked,
    "oil": painted,
    "neon": glowing,
    "thermal": hot,
    "bricks": studded,
    "letters": green,
}


async def test_each_style_does_to_the_picture_what_its_name_says_and_no_other_does() -> None:
    seen: dict[str, Pixels] = {}
    async with studio(patience=FOREVER) as local:
        anna = local.join("anna")
        await anna.ask("set_mirror", mirror=False)
        for style, sign in SIGNS.items():
            assert isinstance(await anna.ask("set_style", style=style), Ack)
            seen[style] = await filmed(local, anna, sign)
    for style, picture in seen.items():
        assert [name for name, sign in SIGNS.items() if sign(picture)] == [style]


async def test_strength_blends_the_style_with_the_cameras_own_picture() -> None:
    async with studio(patience=FOREVER) as local:
        anna = local.join("anna")
        await anna.ask("set_mirror", mirror=False)
        await anna.ask("set_style", style="neon")
        full = await filmed(local, anna, glowing)
        await anna.ask("set_strength", strength=0.0)
        camera = await filmed(local, anna, SIGNS["none"])
        await anna.ask("set_strength", strength=0.5)
        between = cv2.addWeighted(full, 0.5, camera, 0.5, 0)
        await filmed(local, anna, lambda picture: near(picture, between, 4))


async def test_a_mirror_swaps_left_and_right() -> None:
    async with studio(patience=FOREVER) as local:
        anna = local.join("anna")
        await anna.ask("set_style", style="none")
        await filmed(local, anna, lambda picture: near(picture, room()[:, ::-1]))
        await anna.ask("set_mirror", mirror=False)
        await filmed(local, anna, lambda picture: near(picture, room()))


async def test_a_card_that_moves_stands_in_until_a_webcam_comes_and_after_it_has_gone() -> None:
    async with studio(patience=0.05) as local:
        anna = local.join("anna")
        await anna.ask("set_style", style="none")
        await local.until(lambda: card_shown(local) or None)
        still = local.screen.newest()
        await local.until(lambda: None if np.array_equal(local.screen.newest(), still) else True)
        await filmed(local, anna, lambda picture: near(picture, room()[:, ::-1]))
        await local.until(lambda: card_shown(local) or None)
        await anna.ask("set_style", style="letters")
        await local.until(lambda: green(local.screen.newest()) or None)


def card_shown(local: Local) -> bool:
    """Whether the sky at the top is as blue as the card's, above a warm horizon."""
    if not local.screen.ticks:
        return False
    picture = local.screen.newest()
    (_, _, top), (red, _, low) = colour(picture[:6]), colour(picture[36:44])
    return top > 140 and red > 180 and red > low


async def test_the_last_viewer_leaves_no_picture_of_the_room_behind() -> None:
    async with studio(patience=FOREVER) as local:
        anna = local.join("anna")
        await anna.ask("set_style", style="none")
        await filmed(local, anna, lambda picture: near(picture, room()[:, ::-1]))
        anna.leave()
        await local.until(lambda: local.screen.blanks or None)
        await local.eventually(lambda: local.model.input.webcam.closed)
        bert = local.join("bert")
        await local.eventually(lambda: not local.model.input.webcam.closed)
        await filmed(local, bert, lambda picture: near(picture, room()[:, ::-1]))


async def test_one_of_two_leaving_stops_nothing() -> None:
    async with studio(patience=FOREVER) as local:
        anna, bert = local.join("anna"), local.join("bert")
        await anna.ask("set_style", style="none")
        bert.leave()
        await anna.ask("set_mirror", mirror=False)
        await filmed(local, anna, lambda picture: near(picture, room()))
        assert local.screen.blanks == 0


async def test_everybody_hears_of_a_change_and_who_joins_hears_how_it_is() -> None:
    async with studio() as local:
        anna, bert = local.join("anna"), local.join("bert")
        await anna.ask("set_style", style="oil")
        assert (await bert.heard("look"))["style"] == "oil"
        await bert.ask("set_strength", strength=0.25)
        carl = local.join("carl")
        told = {"style": "oil", "strength": 0.25, "mirror": True}
        assert await carl.heard("look") == told
        assert await anna.heard("look") == told


async def test_a_new_session_begins_with_the_defaults() -> None:
    async with studio() as local:
        anna = local.join("anna")
        first = await anna.heard("look")
        await anna.ask("set_style", style="bricks")
        await local.stopped()
        local.transport.start("again")
        bert = local.join("bert")
        assert await bert.heard("look") == first


@pytest.mark.parametrize(
    ("command", "payload", "said"),
    [
        ("set_style", {"style": "cubism"}, "pencil"),
        ("set_strength", {"strength": 1.5}, "strength"),
        ("set_strength", {"strength": "much"}, "strength"),
        ("set_mirror", {"mirror": 1}, "mirror"),
        ("set_mirror", {"sideways": True}, "sideways"),
        ("set_frame", {}, "set_frame"),
    ],
)
async def test_a_bad_command_is_refused_by_name_and_changes_nothing(
    command: str, payload: dict[str, Any], said: str
) -> None:
    async with studio() as local:
        anna = local.join("anna")
        before = await anna.heard("look")
        refused = await anna.ask(command, **payload)
        assert isinstance(refused, Failure)
        assert said in refused.message
        assert await local.join("bert").heard("look") == before


@pytest.mark.parametrize("shape", [(2, 2), (481, 641), (640, 64), (12, 900)], ids=str)
async def test_a_webcam_of_any_shape_is_drawn_at_the_size_of_the_styles(
    shape: tuple[int, int],
) -> None:
    height, width = shape
    frame = np.full((height, width, 3), 128, np.uint8)
    async with studio(patience=FOREVER) as local:
        anna = local.join("anna")
        for count, style in enumerate(SIGNS, 1):
            await anna.ask("set_style", style=style)
            anna.show("webcam", frame)
            await local.shown(count)
            tall, wide = local.screen.newest().shape[:2]
            assert max(tall, wide) == WIDTH
            assert min(tall, wide) == max(32, round(WIDTH * min(shape) / max(shape)) & ~1)
