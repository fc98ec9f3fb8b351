"""What clients notice of a server's settings; each test has a server of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from reactor_sdk import UnauthorizedError

from tests.clients.conftest import BROWSER, PYTHON, PYTHON_08, Join
from tests.clients.model.card import BARS
from tests.clients.servers import MODEL, Server
from tests.clients.sight import distance, until


async def test_a_client_that_returns_in_time_finds_its_session(
    serve: Callable[..., Server], join: Join
) -> None:
    server = serve(MODEL, "--orphan-timeout", "2")
    viewer = await join(PYTHON_08, server)
    await viewer.connect()
    await viewer.send("set_colour", colour="green")
    await viewer.reconnect()
    await viewer.sees(lambda s: s.block == "green", "the same session")


async def test_a_session_nobody_returns_to_ends(serve: Callable[..., Server], join: Join) -> None:
    server = serve(MODEL, "--orphan-timeout", "1")
    creator = await join(PYTHON, server)
    await creator.connect()
    creator.client.close()  # without a stop, as a process that dies
    await until(lambda: server.get("/health")["state"] == "available", "no session")
    await until(lambda: "timed_out" in server.output(), "the reason in the log")


async def test_an_idle_client_is_kept_and_a_silent_one_is_lost(
    serve: Callable[..., Server], join: Join
) -> None:
    server = serve(MODEL, "--orphan-timeout", "1", "--ping-timeout", "6")
    viewer = await join(PYTHON_08, server)
    await viewer.connect()
    first = await viewer.sees_moving()
    await viewer.sees(lambda s: s.number > first.number + 160, "eight seconds of pictures")
    assert viewer.statuses[-1] == "ready"
    with viewer.frozen():
        await until(lambda: server.get("/health")["state"] == "available", "no session", 20)


async def test_a_page_gets_h264_and_python_vp8_where_h264_is_asked_for(
    serve: Callable[..., Server], join: Join
) -> None:
    server = serve(MODEL, "--video-codec", "H264")
    page, python = await join(BROWSER, server), await join(PYTHON, server)
    await page.connect()
    await python.connect()
    for viewer in (page, python):
        await viewer.sees(
            lambda s: all(distance(a, b) < 25 for a, b in zip(s.bars, BARS, strict=True)),
            "the colour bars",
        )
        await viewer.sees_moving()
    assert await page.codec() == "video/H264"


@pytest.mark.parametrize("kind", [PYTHON, BROWSER])
async def test_the_token_as_a_prefix_opens_every_route(
    serve: Callable[..., Server], join: Join, kind: str
) -> None:
    server = serve(MODEL, "--token", "open-sesame")
    stranger = await join(kind, server)
    with pytest.raises((UnauthorizedError, AssertionError), match=r"401|UNAUTHORIZED"):
        await stranger.connect()
    server.url += "/t/open-sesame"
    viewer = await join(kind, server)
    await viewer.connect()
    await viewer.sees_moving()
    ref = await viewer.upload("a.txt", b"abc", "text/plain")
    assert (await viewer.ask("inspect", file=ref))["sizes"] == [3]
    assert "open-sesame" not in server.output()
