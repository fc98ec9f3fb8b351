from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from reactor_actors.core import events as ev
from reactor_actors.core.contract import Contract
from reactor_actors.core.current import current_replica, current_session
from reactor_actors.core.messages import SessionClosed, SessionStarted, SessionStopped, ToModel
from reactor_actors.core.session import Limits, State
from reactor_actors.transports.host import TransportHost
from tests.fakes import FakeModel, FakePeer, FakeScreen


@dataclass
class Room:
    """A host with a loaded model, and what it has noted."""

    host: TransportHost
    notes: list[ev.Note]

    def told(self, *kinds: str) -> list[tuple[str, str | None, dict[str, object]]]:
        """The notes of some kinds, with the session they happened in."""
        return [(n.kind, n.session, dict(n.facts)) for n in self.notes if n.kind in kinds]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    notes: list[ev.Note] = []
    room = Room(TransportHost(FakeScreen(), journal=notes.append), notes)
    room.host.attach(FakeModel(), Contract("paint"))
    yield room
    await room.host.close()


async def test_a_session_is_noted_from_its_start_to_its_end(room: Room) -> None:
    room.host.start("one")
    room.host.start("two")
    room.host.stop("enough")
    room.host.receive(SessionClosed("one"))

    assert room.told("session_started", "session_ended") == [
        ("session_started", "one", {}),
        ("session_ended", "one", {"reason": "enough"}),
    ]
    assert room.notes[-1] == ev.Note("transition", {"from": "CLOSING", "to": "READY"})
    assert room.notes[-1].session == "one"


async def test_a_start_that_cannot_be_is_not_noted_as_one(room: Room) -> None:
    room.host.detach(ev.ModelLost())
    room.host.start("one")

    assert room.told("session_started") == []


async def test_every_connection_that_opens_closes_once(room: Room) -> None:
    room.host.start("one")
    for client in ("1002", "1003"):
        room.host.join(FakePeer(client), 0.07)
    room.host.replace(FakePeer("1002"))
    room.host.leave("1002", "silent")
    room.host.leave("1002")
    room.host.stop()
    room.host.receive(SessionClosed("one"))
    room.host.leave("1003")

    assert room.told("connection_opened", "connection_closed") == [
        ("connection_opened", "one", {"client": "1002", "seconds": 0.07}),
        ("connection_opened", "one", {"client": "1003", "seconds": 0.07}),
        ("connection_closed", "one", {"client": "1002", "reason": "silent"}),
        ("connection_closed", "one", {"client": "1003", "reason": "session_ended"}),
    ]


async def test_a_connection_that_comes_too_late_is_not_noted(room: Room) -> None:
    room.host.join(late := FakePeer("1002"))

    assert late.closed
    assert room.told("connection_opened", "connection_closed") == []


async def test_the_end_of_closing_can_be_waited_for(room: Room) -> None:
    room.host.start("one")
    assert await room.host.wound_down(0)
    room.host.stop()
    assert room.host.state is State.CLOSING
    assert not await room.host.wound_down(0.01)
    room.host.receive(SessionClosed("one"))
    assert await room.host.wound_down(0)


async def test_the_last_news_of_the_model_is_kept(room: Room) -> None:
    assert isinstance(room.host.model_news, ev.ModelReady)
    for news in (ev.ModelLost(attempt=2), ev.ModelGivenUp()):
        room.host.detach(news)
        assert room.host.model_news == news


async def test_what_is_logged_for_a_session_belongs_to_it(room: Room) -> None:
    heard: list[tuple[str, str | None]] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append((record.getMessage(), current_session()))

    logger, ear = logging.getLogger("reactor_actors.session"), Ear()
    level = logger.level
    logger.addHandler(ear)
    logger.setLevel(logging.DEBUG)
    try:
        room.host.start("one")
        room.host.join(FakePeer("1002"))
        room.host.leave("1002")
        room.host.stop("enough")
        room.host.receive(SessionClosed("one"))
        room.host.detach(ev.ModelLost())
    finally:
        logger.removeHandler(ear)
        logger.setLevel(level)
    assert [session for _, session in heard] == ["one"] * 9 + [None] * 2
    assert heard[8][0] == "transition from=CLOSING to=READY"
    assert heard[10][0] == "transition from=READY to=CREATED"


async def test_work_that_a_session_leaves_for_later_belongs_to_it() -> None:
    told: list[tuple[ToModel, str | None]] = []
    ended = asyncio.Event()

    class Model(FakeModel):
        def deliver(self, message: ToModel) -> None:
            told.append((message, current_session()))
            assert current_replica() == "7"
            if isinstance(message, SessionStopped):
                ended.set()

    host = TransportHost(FakeScreen(), replica="7", limits=Limits(orphan=0.01))
    host.attach(Model(), Contract("paint"))
    host.start("one")
    await asyncio.wait_for(ended.wait(), 5)
    assert told == [(SessionStarted("one"), "one"), (SessionStopped("one"), "one")]
    assert (current_replica(), current_session()) == (None, None)
    await host.close()
