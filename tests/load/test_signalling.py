"""What a viewer asks, in front of a real HTTP server with a model and a WebRTC side of doubles."""

from __future__ import annotations

import asyncio
import socket

import pytest

from reactor_actors.core.admission import Mode
from reactor_actors.core.errors import SetupError
from reactor_actors.core.events import ModelGivenUp
from reactor_actors.core.messages import SessionClosed
from reactor_actors.load.signalling import Front, RefusedError
from reactor_actors.transports.http.settings import IceServer
from tests.fakes import FakeSignalling
from tests.local import eventually
from tests.transports.http.site import SDP, serving


async def refusal(url: str, token: str | None = None) -> str:
    async with Front.open(url, token) as front:
        with pytest.raises(SetupError) as refused:
            await front.model()
    assert "\n" not in refused.value.message
    return refused.value.message


async def test_the_model_and_what_it_understands() -> None:
    async with serving() as site, Front.open(f"{site.url('/')}", None) as front:
        name, schema = await front.model()
        assert name == "paint"
        assert [op["operationId"] for p in schema["paths"].values() for op in p.values()] == [
            "set_prompt"
        ]


async def test_a_server_that_is_not_there_is_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        assert await refusal(url) == f"{url}: no server answers there: Connection refused"


async def test_a_server_of_another_kind_is_one_line() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        told = await refusal(f"http://127.0.0.1:{port}")
    assert told == f"http://127.0.0.1:{port}: /health: status 200, and no JSON"


async def test_a_token_a_loading_model_and_one_that_is_given_up_are_one_line_each() -> None:
    async with serving(token="secret") as site:
        url = str(site.url("/")).rstrip("/")
        assert await refusal(url) == f"{url} wants a token: see --token"
        assert await refusal(url, "wrong") == f"{url} wants a token: see --token"
        async with Front.open(url, "secret") as front:
            assert (await front.model())[0] == "paint"
    async with serving(load=False) as site:
        assert "the model is still loading" in await refusal(str(site.url("/")))
        site.host.tell(ModelGivenUp())
        assert "the model has been given up" in await refusal(str(site.url("/")))


async def test_a_seat_is_in_the_session_that_all_share() -> None:
    async with serving() as site, Front.open(str(site.url("/")), None) as front:
        one, two = await front.seat(), await front.seat()
        assert one == two
        assert (one.session, one.queued) == ("local", 0.0)
        assert [track["name"] for track in one.tracks] == ["webcam", "main_video"]


async def test_a_viewer_waits_in_the_queue_until_it_is_its_turn() -> None:
    async with (
        serving(rooms=2, mode=Mode.EXCLUSIVE) as site,
        Front.open(str(site.url("/")), None) as front,
    ):
        first, second = await front.seat(), await front.seat()
        assert first.session != second.session
        waiting = asyncio.create_task(front.seat())
        await eventually(lambda: site.lobby.waiting)
        await site.post("/stop_session", json={"session_id": first.session})
        host = next(host for host in site.hosts if host.session == first.session)
        host.receive(SessionClosed(first.session))
        third = await asyncio.wait_for(waiting, 5.0)
        assert third.session not in (first.session, second.session)
        assert third.queued > 0.0


async def test_a_server_that_is_full_says_why() -> None:
    signalling = FakeSignalling(most=0)
    async with (
        serving(signalling=signalling) as site,
        Front.open(str(site.url("/")), None) as front,
    ):
        seat = await front.seat()
        with pytest.raises(RefusedError, match="0 connections are open already"):
            await front.answer(seat.session, SDP, [])


async def test_an_offer_is_answered() -> None:
    async with serving() as site, Front.open(str(site.url("/")), None) as front:
        seat = await front.seat()
        answering = asyncio.create_task(
            front.answer(seat.session, SDP, [{"mid": "0", "name": "v"}])
        )
        await eventually(lambda: any(site.signalling.offers.values()))
        (connection,) = site.signalling.offers
        site.signalling.settle(connection, "v=0 answer")
        assert await answering == "v=0 answer"
        assert site.signalling.offers[connection][0].tracks == {"0": "v"}


async def test_the_servers_own_ice_servers_are_used() -> None:
    known = (IceServer(("stun:a:1",)), IceServer(("turn:b:2", "turn:c:3"), "anna", "pass"))
    async with serving(ice_servers=known) as site, Front.open(str(site.url("/")), None) as front:
        seat = await front.seat()
        told = await front.ice_servers(seat.session)
    assert [(s.uri, s.username, s.password) for s in told] == [
        ("stun:a:1", None, None),
        ("turn:b:2", "anna", "pass"),
        ("turn:c:3", "anna", "pass"),
    ]
