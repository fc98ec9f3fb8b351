"""Sessions of one's own, and the queue in front of them, over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reactor_actors.core.messages import SessionClosed
from reactor_actors.core.mode import Mode
from tests.transports.http.site import SDP, Reply, Site, serving

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
async def pair() -> AsyncIterator[Site]:
    """Two replicas, a session each."""
    async with serving(rooms=2, mode=Mode.EXCLUSIVE) as site:
        yield site


async def full(site: Site) -> list[str]:
    """Take every replica; return the sessions."""
    answers = [await site.post("/start_session") for _ in site.hosts]
    assert {answer.status for answer in answers} == {200}
    return [answer.body["session_id"] for answer in answers]


def end(site: Site, session: str) -> None:
    host = next(host for host in site.hosts if host.session == session)
    host.stop()
    host.receive(SessionClosed(session))


async def turned_away(site: Site) -> Reply:
    answer = await site.post("/start_session")
    assert answer.status == 503
    return answer


async def ticket_of(site: Site) -> str:
    ticket: str = (await turned_away(site)).body["queue"]["ticket"]
    return ticket


async def test_every_start_gets_a_session_with_an_id_of_its_own(pair: Site) -> None:
    sessions = await full(pair)
    assert len(set(sessions)) == 2
    assert "local" not in sessions


async def test_what_belongs_to_one_session_is_not_found_in_the_other(pair: Site) -> None:
    one, other = await full(pair)
    for session in (one, other):
        path = f"/sessions/{session}/transport/webrtc/connections"
        assert (await pair.post(path)).status == 201
    assert (await pair.post("/sessions/local/transport/webrtc/connections")).status == 404
    body = {"name": "a", "size": 1, "mime_type": "b"}
    upload = (await pair.post(f"/sessions/{one}/uploads", json=body)).body["presigned_id"]
    assert (await pair.put(f"/uploads/{upload}", data=b"x")).status == 200
    assert [upload in host.uploads for host in pair.hosts] == [True, False]


async def test_with_all_replicas_busy_a_start_is_told_its_place_and_when_to_come_back(
    pair: Site,
) -> None:
    await full(pair)
    answer = await turned_away(pair)
    assert answer.headers["Retry-After"] == "5"
    assert answer.detail == "All replicas are busy."
    queue = answer.body["queue"]
    assert (queue["position"], queue["size"]) == (1, 1)
    assert set(queue) == {"position", "size", "ticket"}


async def test_a_ticket_is_looked_for_then_claimed_when_it_is_its_turn(pair: Site) -> None:
    first, _ = await full(pair)
    ticket = await ticket_of(pair)
    assert (await pair.get(f"/queue/{ticket}")).body == {
        "state": "waiting",
        "position": 1,
        "size": 1,
    }
    end(pair, first)
    ready = (await pair.get(f"/queue/{ticket}")).body
    assert ready == {"state": "ready", "expires_in": 10}
    assert (await turned_away(pair)).body["queue"]["position"] == 1  # it is held for the ticket
    assert (await pair.post("/start_session", json={"ticket": ticket})).status == 200
    assert (await pair.get(f"/queue/{ticket}")).status == 404


async def test_how_long_it_will_take_is_told_once_a_session_has_ended(pair: Site) -> None:
    first, _ = await full(pair)
    end(pair, first)
    await pair.started()
    queue = (await turned_away(pair)).body["queue"]
    assert queue["estimated_seconds"] >= 0


@pytest.mark.parametrize("ticket", ["unknown", "%00", "x" * 5000])
async def test_an_unknown_ticket_is_not_found(pair: Site, ticket: str) -> None:
    assert (await pair.get(f"/queue/{ticket}")).status == 404
    assert (await pair.get(f"/queue/{ticket}", headers=STREAM)).status == 404


@pytest.mark.parametrize("ticket", [None, 5, ["a"], "", "unknown", "x" * 5000])
async def test_a_ticket_that_is_none_changes_nothing(pair: Site, ticket: Any) -> None:
    assert (await pair.post("/start_session", json={"ticket": ticket})).status == 200


async def test_a_ticket_is_followed_as_a_stream_until_it_is_claimed(pair: Site) -> None:
    first, second = await full(pair)
    tickets = [await ticket_of(pair) for _ in range(2)]
    async with followed(pair, tickets[0]) as ahead, followed(pair, tickets[1]) as behind:
        assert (await ahead.next())["position"] == 1
        assert (await behind.next())["position"] == 2
        end(pair, first)
        assert (await ahead.until("ready"))["expires_in"] == 10
        assert (await behind.next())["position"] == 1
        assert (await pair.post("/start_session", json={"ticket": tickets[0]})).status == 200
        assert await ahead.rest() == ""
        end(pair, second)
        assert await behind.until("ready")


async def test_a_stream_shows_that_it_lives_while_nothing_changes() -> None:
    async with serving(mode=Mode.EXCLUSIVE, queue_seconds=0.02) as site:
        await full(site)
        async with followed(site, await ticket_of(site)) as stream:
            await stream.next()
            assert await stream.comment() == ": waiting"


async def test_the_only_session_is_shown_and_several_are_not(pair: Site) -> None:
    assert (await pair.get("/session")).status == 404
    await pair.started()
    assert (await pair.get("/session")).status == 200
    await pair.started()
    assert (await pair.get("/session")).status == 404


async def test_a_stop_ends_the_session_it_names(pair: Site) -> None:
    one, other = await full(pair)
    assert (await pair.post("/stop_session", json={"session_id": other})).status == 200
    running = [room.facts.session for room in pair.lobby.running]
    assert running == [one]


async def test_a_stop_that_could_mean_several_ends_none_at_once(pair: Site) -> None:
    await full(pair)
    assert (await pair.post("/stop_session")).status == 200
    assert len(pair.lobby.running) == 2


async def test_the_health_counts_the_replicas(pair: Site) -> None:
    assert (await pair.get("/health")).body["replicas"] == {"total": 2, "free": 2}
    await pair.started()
    answer = (await pair.get("/health")).body
    assert (answer["state"], answer["replicas"]) == ("available", {"total": 2, "free": 1})
    await pair.started()
    answer = (await pair.get("/health")).body
    assert (answer["state"], answer["replicas"]) == ("serving", {"total": 2, "free": 0})


async def test_the_queue_is_measured_and_journalled(pair: Site) -> None:
    await full(pair)
    await pair.get(f"/queue/{await ticket_of(pair)}")
    assert "runtime_queue_size 1.0" in (await pair.get("/metrics")).text
    kinds = [entry.kind for entry in pair.record.journal.after(0)]
    assert kinds.count("queue") == 1


async def test_sessions_side_by_side_are_each_measured_from_their_own_start(pair: Site) -> None:
    for session in await full(pair):
        end(pair, session)
    text = (await pair.get("/metrics")).text
    assert "runtime_session_duration_seconds_count 2.0" in text


async def test_while_draining_nobody_new_comes_in(pair: Site) -> None:
    await pair.started()
    session = pair.lobby.running[0].facts.session
    path = f"/sessions/{session}/transport/webrtc"
    known = (await pair.post(f"{path}/connections")).body["connection_id"]
    draining = asyncio.ensure_future(pair.lobby.drain(5.0))
    await asyncio.sleep(0)
    answer = await pair.post("/start_session")
    assert (answer.status, answer.headers.get("Retry-After")) == (503, None)
    for refused in (f"{path}/connections", f"{path}/sdp_params"):
        assert (await pair.post(refused, json={"sdp_offer": SDP})).status == 503
    again = f"{path}/connections/{known}/sdp_params"
    assert (await pair.post(again, json={"sdp_offer": SDP})).status == 202
    end(pair, str(session))
    assert await draining


class Stream:
    """What a follower reads: events, and comments between them."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def _block(self) -> str:
        async with asyncio.timeout(5.0):
            return (await self._reader.readuntil(b"\n\n")).decode().strip()

    async def next(self) -> dict[str, Any]:
        """The data of the next event."""
        while True:
            block = await self._block()
            if block.startswith("event: queue\n"):
                data: dict[str, Any] = json.loads(block.partition("data: ")[2])
                return data

    async def until(self, state: str) -> dict[str, Any]:
        while (data := await self.next())["state"] != state:
            pass
        return data

    async def comment(self) -> str:
        while not (block := await self._block()).startswith(":"):
            pass
        return block

    async def rest(self) -> str:
        async with asyncio.timeout(5.0):
            return (await self._reader.read()).decode()


@asynccontextmanager
async def followed(site: Site, ticket: str) -> AsyncIterator[Stream]:
    async with site.connected() as (reader, writer):
        accept = "Accept: text/event-stream"
        writer.write(f"GET /queue/{ticket} HTTP/1.0\r\nHost: x\r\n{accept}\r\n\r\n".encode())
        await reader.readuntil(b": hello\n\n")
        yield Stream(reader)
