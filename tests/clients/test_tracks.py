"""Models with other tracks than one of each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from reactor_sdk import Reactor

from tests.clients.conftest import BROWSER, Join
from tests.clients.servers import PAIR, TALKER, Server
from tests.clients.sight import Colour, distance, hear, until


async def test_a_model_without_tracks_serves_commands_and_messages(
    serve: Callable[..., Server],
) -> None:
    server = serve(TALKER)
    client = Reactor("talker", local=True, api_url=server.url)
    told: list[object] = []
    client.on("message", told.append)
    try:
        await client.connect()
        reply = await client.send_command("say", {"word": "hello"})
        assert reply == {"type": "said", "data": {"word": "hello", "count": 1}}
        await client.send_command("shout", {"word": "hello"})
        await until(lambda: {"type": "said", "data": {"word": "HELLO", "count": 2}} in told)
        await client.disconnect()
    finally:
        await asyncio.to_thread(client.close)


async def test_two_tracks_of_each_kind_and_direction_are_not_mixed_up_in_python(
    serve: Callable[..., Server],
) -> None:
    client = Reactor("pair", local=True, api_url=serve(PAIR).url)
    shown: dict[str, NDArray[np.uint8]] = {}
    heard: dict[str, deque[NDArray[np.int16]]] = {"low": deque(maxlen=50), "high": deque(maxlen=50)}

    for name in ("red", "blue"):
        client.track(name).on_frame(partial(shown.__setitem__, name))
    for name in ("low", "high"):
        client.track(name).on_frame(heard[name].append)
    try:
        await client.connect()
        left, right = [await client.track(name).publish() for name in ("left", "right")]

        def seen(name: str, half: slice, colour: Colour) -> bool:
            """Push both webcams once more; tell whether a half of a picture has a colour."""
            left.push_frame(np.full((48, 64, 3), (220, 120, 40), np.uint8))
            right.push_frame(np.full((48, 64, 3), (40, 160, 220), np.uint8))
            picture = shown.get(name)
            if picture is None:
                return False
            mean = picture[half, 20:140].mean(axis=(0, 1))
            return distance(tuple(mean), colour) < 30

        upper, lower = slice(10, 50), slice(70, 110)
        await until(lambda: seen("red", upper, (220, 30, 30)), "red")
        await until(lambda: seen("blue", upper, (30, 30, 220)), "blue")
        await until(lambda: seen("red", lower, (220, 120, 40)), "the left webcam below red")
        await until(lambda: seen("blue", lower, (40, 160, 220)), "the right webcam below blue")
        for name, hertz in (("low", 300), ("high", 900)):
            await until(lambda name=name: len(heard[name]) == 50, "half a second of sound")
            tone = hear(np.concatenate(heard[name])[:, 0] / 32768, 48_000)
            assert abs(tone.hertz - hertz) < 10
            assert tone.level > 0.1
        await client.disconnect()
    finally:
        await asyncio.to_thread(client.close)


async def test_two_tracks_of_each_kind_and_direction_are_not_mixed_up_on_a_page(
    serve: Callable[..., Server], join: Join
) -> None:
    viewer = await join(BROWSER, serve(PAIR))
    await viewer.connect()
    await viewer.film((220, 120, 40), "left")
    await viewer.film((40, 160, 220), "right")

    async def shows(name: str, half: slice, colour: Colour) -> bool:
        picture = await viewer.screen(name)
        if picture is None:
            return False
        return distance(tuple(picture[half, 20:140].mean(axis=(0, 1))), colour) < 30

    async def sounds(name: str, hertz: float) -> bool:
        heard = await viewer.ear(name)
        return abs(heard.hertz - hertz) < 10 and heard.level > 0.1

    upper, lower = slice(10, 50), slice(70, 110)
    await until(lambda: shows("red", upper, (220, 30, 30)), "red")
    await until(lambda: shows("blue", upper, (30, 30, 220)), "blue")
    await until(lambda: shows("red", lower, (220, 120, 40)), "the left webcam below red")
    await until(lambda: shows("blue", lower, (40, 160, 220)), "the right webcam below blue")
    await until(lambda: sounds("low", 300), "300 Hz")
    await until(lambda: sounds("high", 900), "900 Hz")
