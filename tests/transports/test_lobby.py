"""The entrance: who gets which room, who waits, and whose session a stop means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from reactor_actors.core import events as ev
from reactor_actors.core.admission import Place, Ready, Why
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ClientError
from reactor_actors.core.messages import SessionClosed
from reactor_actors.core.mode import Mode
from reactor_actors.core.session import State
from reactor_actors.transports.host import TransportHost
from reactor_actors.transports.lobby import Lobby, TurnedAwayError
from reactor_actors.transports.room import LocalRoom
from tests.fakes import FakeModel, FakePeer, FakeScreen, FakeSignalling
from tests.local import eventually

HOME = "192.0.2.1"
SOON = 5.0


class House:
    """A lobby with as many rooms as it is asked for, all of whose models are loaded."""

    def __init__(
        self, rooms: int, mode: Mode, queue_limit: int = 64, room: type[LocalRoom] = LocalRoom
    ) -> None:
        self.notes: list[ev.Note] = []
        self.hosts = {str(n): self._host(str(n)) for n in range(rooms)}
        self.lobby = Lobby(
            [room(name, host, FakeSignalling()) for name, host in self.hosts.items()],
            mode=mode,
            queue_limit=queue_limit,
            journal=self.notes.append,
        )

    def _host(self, name: str) -> TransportHost:
        return TransportHost(FakeScreen(), journal=lambda note: self.lobby.hear(name, note))

    def load(self) -> None:
        for host in self.hosts.values():
            host.attach(FakeModel(), Contract("m"))

    async def start(self, ticket: str = "", address: str = HOME, seconds: float = 0.0) -> str:
        room = await self.lobby.start(address, ticket, seconds)
        assert room.facts.session is not None
        return room.facts.session

    async def turned_away(self, ticket: str = "") -> TurnedAwayError:
        with pytest.raises(TurnedAwayError) as refusal:
            await self.start(ticket)
        return refusal.value

    async def offered(self) -> str:
        """Be turned away with a ticket."""
        queued = (await self.turned_away()).queued
        assert queued is not None
        return queued.ticket

    def host_of(self, session: str) -> TransportHost:
        return next(host for host in self.hosts.values() if host.session == session)

    def end(self, session: str) -> None:
        """End a session, and let its model agree."""
        host = self.host_of(session)
        host.stop()
        host.receive(SessionClosed(session))


@asynccontextmanager
async def house(
    rooms: int = 1,
    mode: Mode = Mode.EXCLUSIVE,
    queue_limit: int = 64,
    room: type[LocalRoom] = LocalRoom,
) -> AsyncIterator[House]:
    built = House(rooms, mode, queue_limit, room)
    built.load()
    try:
        yield built
    finally:
        await built.lobby.close()
        for host in built.hosts.values():
            await host.close()


async def test_everybody_shares_one_session_even_where_there_are_several_rooms() -> None:
    async with house(2, Mode.SHARED) as built:
        assert [await built.start(), await built.start(address="other")] == ["local", "local"]
        assert [host.state for host in built.hosts.values()] == [State.WAITING, State.READY]


async def test_everybody_gets_a_session_and_a_room_of_their_own() -> None:
    async with house(2) as built:
        sessions = {await built.start(), await built.start()}
        assert len(sessions) == 2
        assert {host.session for host in built.hosts.values()} == sessions
        assert {built.lobby.find(session) for session in sessions} == set(
            built.lobby.rooms.values()
        )


async def test_the_third_of_three_waits_and_plays_when_one_leaves() -> None:
    async with house(2) as built:
        first, second = await built.start(), await built.start()
        ticket = await built.offered()
        assert built.lobby.look(ticket) == Place(1, 1, None)
        assert built.lobby.waiting == 1
        with built.lobby.watching(ticket) as watch:
            assert watch is not None
            changing = asyncio.ensure_future(watch.change(SOON))
            built.end(first)
            assert await changing
            assert isinstance(watch.seen, Ready)
        third = await built.start(ticket)
        assert third not in (first, second)
        assert built.lobby.look(ticket) is None


async def test_what_is_held_for_one_is_not_given_to_another() -> None:
    async with house() as built:
        session = await built.start()
        ticket = await built.offered()
        built.lobby.look(ticket)
        built.end(session)
        refusal = await built.turned_away()
        assert refusal.why is Why.FULL
        assert await built.start(ticket)


async def test_a_watch_that_ends_without_a_change_says_so() -> None:
    async with house() as built:
        await built.start()
        ticket = await built.offered()
        with built.lobby.watching(ticket) as watch:
            assert watch is not None
            assert not await watch.change(0.01)
            assert watch.seen == Place(1, 1, None)


async def test_a_watch_sees_its_place_move_up() -> None:
    async with house() as built:
        session = await built.start()
        tickets = [await built.offered() for _ in range(2)]
        for ticket in tickets:
            built.lobby.look(ticket)
        with built.lobby.watching(tickets[1]) as watch:
            assert watch is not None
            assert isinstance(watch.seen, Place)
            assert watch.seen.position == 2
            built.end(session)
            assert await watch.change(SOON)
            assert isinstance(watch.seen, Place)
            assert watch.seen.position == 1


async def test_an_unknown_ticket_is_neither_looked_for_nor_watched() -> None:
    async with house() as built:
        assert built.lobby.look("nobody's") is None
        with built.lobby.watching("nobody's") as watch:
            assert watch is None


async def test_the_length_of_the_queue_is_noted_when_it_changes() -> None:
    async with house() as built:
        session = await built.start()
        built.lobby.look(await built.offered())
        built.end(session)
        assert [note.facts["waiting"] for note in built.notes] == [1, 0]


async def test_a_full_queue_offers_nothing() -> None:
    async with house(queue_limit=0) as built:
        await built.start()
        refusal = await built.turned_away()
        assert (refusal.why, refusal.queued) == (Why.FULL, None)


async def test_a_start_waits_for_a_session_that_is_being_closed() -> None:
    async with house(1, Mode.SHARED) as built:
        await built.start()
        host = built.hosts["0"]
        host.stop()
        starting = asyncio.ensure_future(built.start(seconds=SOON))
        await asyncio.sleep(0)
        assert not starting.done()
        host.receive(SessionClosed("local"))
        assert await starting == "local"


async def test_a_session_that_is_not_closed_in_time_turns_the_start_away() -> None:
    async with house(1, Mode.SHARED) as built:
        await built.start()
        built.hosts["0"].stop()
        with pytest.raises(TurnedAwayError) as refusal:
            await built.start(seconds=0.02)
        assert refusal.value.why is Why.CLOSING


async def test_a_lost_model_and_one_given_up_turn_starts_away_in_their_own_ways() -> None:
    async with house() as built:
        built.hosts["0"].detach(ev.ModelLost())
        assert (await built.turned_away()).why is Why.LOADING
        built.hosts["0"].detach(ev.ModelGivenUp())
        assert (await built.turned_away()).why is Why.GONE


async def test_a_stop_without_a_name_ends_the_one_session_of_its_address() -> None:
    async with house(2) as built:
        own, others = await built.start(), await built.start(address="192.0.2.2")
        await built.lobby.stop("192.0.2.3", None, "stopped")
        assert built.lobby.find(own) is not None
        await built.lobby.stop(HOME, None, "stopped")
        assert built.lobby.find(own) is None
        assert built.lobby.find(others) is not None


async def test_a_stop_with_a_name_ends_that_session_wherever_it_comes_from() -> None:
    async with house(2) as built:
        one, other = await built.start(), await built.start()
        await built.lobby.stop("anywhere", other, "stopped")
        assert built.lobby.find(other) is None
        assert built.lobby.find(one) is not None


@pytest.mark.parametrize("reason", ["closed", "silent for 20 s"])
async def test_of_two_sessions_the_one_that_has_just_been_left_cleanly_is_meant(
    reason: str,
) -> None:
    async with house(2) as built:
        one, other = await built.start(), await built.start()
        for session in (one, other):
            built.host_of(session).join(FakePeer("1002"))
        built.host_of(other).leave("1002", reason)
        await built.lobby.stop(HOME, None, "stopped")
        assert (built.lobby.find(other) is None) is (reason == "closed")
        assert built.lobby.find(one) is not None


async def test_a_stop_that_comes_first_waits_for_the_one_that_is_left_next() -> None:
    async with house(2) as built:
        one, other = await built.start(), await built.start()
        for session in (one, other):
            built.host_of(session).join(FakePeer("1002"))
        await built.lobby.stop(HOME, None, "stopped")
        assert built.lobby.find(other) is not None
        built.host_of(other).leave("1002")
        await eventually(lambda: built.lobby.find(other) is None)
        assert built.lobby.find(one) is not None


async def test_draining_takes_no_more_sessions_and_waits_for_those_that_run() -> None:
    async with house(2) as built:
        session = await built.start()
        draining = asyncio.ensure_future(built.lobby.drain(SOON))
        await asyncio.sleep(0)
        assert (await built.turned_away()).why is Why.GONE
        assert not draining.done()
        built.end(session)
        assert await draining


async def test_draining_gives_up_on_a_session_that_goes_on() -> None:
    async with house() as built:
        await built.start()
        assert not await built.lobby.drain(0.02)


async def test_nothing_to_drain_is_drained_at_once() -> None:
    async with house() as built:
        assert await built.lobby.drain(SOON)


class Away(LocalRoom):
    """A room in another process, where something may happen before a start comes there."""

    first: Callable[[], None] = staticmethod(lambda: None)

    async def start(self, session: str) -> None:
        self.first()
        await super().start(session)


@pytest.mark.parametrize("mode", [Mode.SHARED, Mode.EXCLUSIVE])
async def test_a_start_that_is_not_answered_gives_the_room_back(mode: Mode) -> None:
    async with house(1, mode, room=Away) as built:
        [room] = built.lobby.rooms.values()
        assert isinstance(room, Away)
        room.first = refuse
        with pytest.raises(ClientError):
            await built.start()
        room.first = lambda: None
        assert await built.start() == built.hosts["0"].session


def refuse() -> None:
    raise ClientError("overloaded", "no answer")


async def test_nobody_is_given_a_session_that_has_begun_for_another() -> None:
    async with house(2, room=Away) as built:
        room = built.lobby.rooms["0"]
        assert isinstance(room, Away)
        room.first = lambda: built.hosts["0"].start("another's")
        assert (await built.turned_away()).why is Why.LOADING
        assert built.lobby.find("another's") is room
        assert built.host_of(await built.start()) is built.hosts["1"]
        assert (await built.turned_away()).why is Why.FULL
        await built.lobby.stop(HOME, None, "stopped")
        assert built.hosts["1"].state is State.CLOSING


async def test_a_session_that_has_begun_unasked_is_joined() -> None:
    async with house(2, Mode.SHARED) as built:
        built.hosts["1"].start("late")
        assert await built.start() == "late"
