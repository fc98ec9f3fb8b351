"""The island, walked on end to end: keys and mouse go in, pictures, sound and news come out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from reactor_actors.core.media import Pixels
from reactor_actors.core.wire.outbound import Ack, Failure, Reply
from reactor_actors.loader import find_model, load_class
from tests.local import Local, LocalClient, serving

FOLDER = Path(__file__).parents[2] / "examples" / "keyboard_world"
WIDTH, HEIGHT = 160, 90
MAP = np.s_[2:24, 136:158]
SKY = np.s_[:16, 50:120]
QUARTER = 600  # pixels of the mouse for 90 degrees
STANDING = 0.5  # how much waves and a hovering orb change a picture at most
ORBS = 12


@asynccontextmanager
async def island() -> AsyncIterator[Local]:
    """Serve a smaller island in small pictures; time goes by faster there, picture by picture."""
    source = find_model(FOLDER, environ={})
    config = {**source.config, "width": WIDTH, "height": HEIGHT, "cells": 512}
    async with serving(load_class(source.manifest), config) as local:
        local.model.output.set_fps(120)
        yield local


async def where(client: LocalClient) -> dict[str, Any]:
    answer = await client.ask("where")
    assert isinstance(answer, Reply)
    return dict(answer.data)


async def later(local: Local, pictures: int = 8) -> Pixels:
    """Return the picture that comes so many pictures later; fewer may still be on their way."""
    count = len(local.screen.ticks) + pictures
    await local.until(lambda: True if len(local.screen.ticks) >= count else None)
    return local.screen.newest()


async def until(
    local: Local, client: LocalClient, fits: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Ask where the walker is, picture by picture, until it is where expected."""
    for _ in range(300):
        here = await where(client)
        if fits(here):
            return here
        await later(local, 1)
    raise AssertionError(f"never there; last seen at {here}")


async def stopped(local: Local, client: LocalClient) -> dict[str, Any]:
    """Wait until the walker stands still; return where."""
    before = await where(client)
    while True:
        await later(local)
        here = await where(client)
        if np.hypot(here["east"] - before["east"], here["south"] - before["south"]) < 0.01:
            return here
        before = here


def change(one: Pixels, other: Pixels) -> float:
    return float(cv2.absdiff(one, other).mean())


async def heard(local: Local, pictures: int) -> np.ndarray[Any, Any]:
    """Return the sound that goes with the next pictures, but for those on their way."""
    await later(local)
    first = len(local.screen.ticks)
    await later(local, pictures)
    parts = [tick.sound["main_audio"] for tick in local.screen.ticks[first:]]
    return np.concatenate(parts, axis=1) / 32768


def loudness(sound: np.ndarray[Any, Any]) -> float:
    return float(np.sqrt((sound**2).mean()))


async def test_who_stands_sees_the_same_and_who_walks_or_looks_around_does_not() -> None:
    async with island() as local:
        anna = local.join("anna")
        begun = await later(local)
        assert begun.shape == (HEIGHT, WIDTH, 3)
        assert change(begun, await later(local)) < STANDING
        await anna.ask("keys", s=True)
        await until(local, anna, lambda here: here["south"] > 3)
        await anna.ask("keys")
        here = await stopped(local, anna)
        walked = await later(local)
        assert change(begun, walked) > 8
        assert abs(here["east"]) < 0.01
        await anna.ask("look", dx=QUARTER)
        assert change(walked, await later(local)) > 8
        await anna.ask("look", dx=-QUARTER)
        assert change(walked, await later(local)) < STANDING


@pytest.mark.parametrize(
    ("key", "way"), [("w", (0, -1)), ("s", (0, 1)), ("a", (-1, 0)), ("d", (1, 0))]
)
async def test_each_key_leads_its_own_way_and_the_head_turns_them_all(
    key: str, way: tuple[int, int]
) -> None:
    def gone(here: dict[str, Any], east: int, south: int) -> bool:
        along = here["east"] * east + here["south"] * south
        return along > 1 and abs(here["east"] * south) + abs(here["south"] * east) < 0.01

    async with island() as local:
        anna = local.join("anna")
        await anna.ask("keys", **{key: True})
        await until(local, anna, lambda here: gone(here, *way))
        await anna.ask("keys")
        await anna.ask("look", dx=QUARTER)
        await anna.ask("reset")
        await anna.ask("look", dx=QUARTER)
        await anna.ask("keys", **{key: True})
        await until(local, anna, lambda here: gone(here, -way[1], way[0]))


async def test_a_standing_stone_stops_the_walker_who_gets_along_it_but_not_through() -> None:
    async with island() as local:
        anna = local.join("anna")
        await anna.ask("look", dx=QUARTER)
        await anna.ask("keys", w=True, shift=True)
        here = await stopped(local, anna)
        assert 5 < here["east"] < 8  # the circle of stones has a radius of 8 metres
        await anna.ask("keys", w=True, a=True)
        beside = await until(local, anna, lambda there: there["south"] < here["south"] - 0.5)
        assert beside["east"] < 8


async def test_the_sea_stops_the_walker_who_may_wade() -> None:
    async with island() as local:
        anna = local.join("anna")
        await where(anna)
        land = local.model.island
        beach = int(np.argmax(land.ground[len(land.ground) // 2] > 0.4))
        local.model.walker.x = land.extent * beach / len(land.ground)
        await anna.ask("look", dx=-QUARTER)
        before = await where(anna)
        await anna.ask("keys", w=True, shift=True)
        here = await stopped(local, anna)
        assert here["east"] < before["east"] - 1
        assert -1 < here["height"] < 0 < before["height"]


async def test_an_orb_that_is_reached_is_told_to_everybody_and_counted() -> None:
    async with island() as local:
        anna, bert = local.join("anna"), local.join("bert")
        lit = await later(local)
        glow = lit[40:62, 74:86].max(axis=(0, 1)).min()
        await anna.ask("keys", w=True)
        assert await bert.heard("found") == {"count": 1, "total": ORBS}
        await anna.ask("keys")
        assert (await where(anna))["found"] == 1
        answer = await anna.ask("reset")
        assert isinstance(answer, Reply)
        assert answer.data["found"] == 0
        assert answer.data["south"] == 0
        assert glow > 200
        assert change(lit, await later(local)) < 2
        assert [name for name, _ in bert.messages] == ["found"]


async def test_there_are_footsteps_left_and_right_while_walking_and_only_then() -> None:
    async with island() as local:
        anna = local.join("anna")
        await anna.ask("set_ambience", ambience=0.0)
        assert loudness(await heard(local, 15)) == 0.0
        await anna.ask("keys", a=True)
        sound = await heard(local, 15)
        assert sound.shape[0] == 2
        assert loudness(sound) > 0.01
        lean = np.diff((sound.reshape(2, -1, 1600) ** 2).sum(axis=2), axis=0)[0]
        assert lean.min() < 0 < lean.max()  # one foot to the left, and one to the right
        await stopped(local, anna)  # before a stone, with the key still down
        assert loudness((await heard(local, 15))[:, -8000:]) == 0.0


async def test_wind_blows_as_loudly_as_set_and_a_bell_rings_for_an_orb() -> None:
    async with island() as local:
        anna = local.join("anna")
        await anna.ask("set_ambience", ambience=1.0)
        full = loudness(await heard(local, 20))
        await anna.ask("set_ambience", ambience=0.25)
        assert 0 < loudness(await heard(local, 20)) < 0.5 * full
        await anna.ask("set_ambience", ambience=0.0)
        await anna.ask("keys", w=True)
        await anna.heard("found")
        await anna.ask("keys")
        pitches = np.abs(np.fft.rfft((await heard(local, 15))[0]))
        hertz = np.argmax(pitches) * 24_000 / (len(pitches) - 1)
        assert 500 < hertz < 1100


async def test_sixty_looks_a_second_are_all_answered_in_order_and_none_is_lost() -> None:
    async with island() as local:
        anna = local.join("anna")
        begun = len(local.screen.ticks)
        asked = []
        for number in range(180):
            asked.append(anna.send("look", dx=3, dy=1 if number % 2 else -1))
            if number % 2:  # two of them for each picture
                await later(local, 1)
        for request in asked:
            assert isinstance(await anna.answer_to(request), Ack)
        answered = [m.request for m in anna.told if isinstance(m, Ack)]
        assert answered == asked
        here = await where(anna)
        assert here["heading"] == pytest.approx(180 * 3 * 0.15)
        assert here["pitch"] == pytest.approx(0, abs=1e-6)
        assert len(local.screen.ticks) - begun >= 90


async def test_of_keys_that_wait_the_newest_counts_and_all_are_answered() -> None:
    async with island() as local:
        anna = local.join("anna")
        asked = [anna.send("keys", d=bool(number % 2)) for number in range(41)]
        for request in asked:
            assert isinstance(await anna.answer_to(request), Ack)
        assert abs((await stopped(local, anna))["east"]) < 0.5


async def test_the_keys_of_all_clients_add_up_and_who_leaves_lets_go() -> None:
    async with island() as local:
        anna, bert = local.join("anna"), local.join("bert")
        for client, key in ((anna, "w"), (bert, "d")):
            await client.ask("keys", **{key: True})
        await until(local, anna, lambda here: here["south"] < -1 and here["east"] > 1)
        bert.leave()
        await anna.ask("keys")
        here = await stopped(local, anna)
        await anna.ask("keys", a=True)  # a key of bert's, still held, would be against it
        await until(local, anna, lambda there: there["east"] < here["east"] - 0.5)


async def test_the_head_bends_no_further_than_a_neck_does() -> None:
    async with island() as local:
        anna = local.join("anna")
        for dy, limit in ((-4000, 40), (4000, -40)):
            await anna.ask("look", dy=dy)
            assert (await where(anna))["pitch"] == pytest.approx(limit)


async def test_night_falls_while_walking_goes_on_and_fog_hides_what_is_far() -> None:
    async with island() as local:
        anna = local.join("anna")
        await anna.ask("set_time_of_day", time_of_day=12.0)
        await later(local)
        await local.until(lambda: blue(local.screen.newest()[SKY]) or None)
        noon = local.screen.newest()
        await anna.ask("set_fog", fog=1.0)
        foggy = await later(local)
        assert foggy[38:46].std() < 0.75 * noon[38:46].std()
        await anna.ask("set_time_of_day", time_of_day=23.5)
        await local.until(lambda: True if local.screen.newest()[SKY].mean() < 40 else None)


def blue(picture: Pixels) -> bool:
    red, _, shade = picture.reshape(-1, 3).mean(axis=0)
    return bool(shade > 150 and shade > 1.3 * red)


async def test_the_map_can_be_folded_away() -> None:
    async with island() as local:
        anna = local.join("anna")
        with_map = await later(local)
        await anna.ask("set_minimap", minimap=False)
        without = await later(local)
        assert change(with_map[MAP], without[MAP]) > 10
        assert change(with_map[30:], without[30:]) < STANDING


async def test_a_new_session_begins_at_the_start_with_all_orbs_hidden() -> None:
    async with island() as local:
        anna = local.join("anna")
        await anna.ask("keys", w=True)
        await anna.heard("found")
        await local.stopped()
        local.transport.start("again")
        bert = local.join("bert")
        here = await where(bert)
        assert (here["south"], here["found"]) == (0, 0)
        assert (await stopped(local, bert))["south"] == 0


@pytest.mark.parametrize(
    ("command", "payload", "said"),
    [
        ("keys", {"w": 1}, "w"),
        ("keys", {"space": True}, "space"),
        ("look", {"dx": "left"}, "dx"),
        ("look", {"dx": 1e9}, "dx"),
        ("set_time_of_day", {"time_of_day": 25}, "time_of_day"),
        ("set_fog", {"fog": -0.1}, "fog"),
        ("jump", {}, "jump"),
    ],
)
async def test_a_bad_command_is_refused_by_name_and_moves_nothing(
    command: str, payload: dict[str, Any], said: str
) -> None:
    async with island() as local:
        anna = local.join("anna")
        before = await where(anna)
        refused = await anna.ask(command, **payload)
        assert isinstance(refused, Failure)
        assert said in refused.message
        await later(local)
        assert await where(anna) == before
