"""`Lobby`: the entrance to all rooms. The shell around `Admission` and `Stops`.

It hears every note of every room, starts and stops sessions as the deciders say, and wakes whoever
waits for something to change. Lives on one event loop.
"""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from reactor_actors.core.admission import (
    Admission,
    Admitted,
    Place,
    Queued,
    Ready,
    Refused,
    Stops,
    Why,
)
from reactor_actors.core.contract import Contract
from reactor_actors.core.events import Note
from reactor_actors.core.mode import QUEUE_LIMIT, Mode
from reactor_actors.core.session import RUNNING, State
from reactor_actors.flow.bell import Bell
from reactor_actors.transports.room import Room

log = logging.getLogger("reactor_actors.lobby")

SHARED_SESSION = "local"
_AWAITED = {Why.CLOSING: State.CLOSING, Why.LOADING: State.CREATED}
"""Where the sessions stand whose moving on is waited for."""

CLEAN = "closed"
"""The reason with which a connection ends that its client has closed."""


class TurnedAwayError(Exception):
    """There is no session to be had now. `queued` is the place that is offered, if one is."""

    def __init__(self, why: Why, queued: Queued | None = None) -> None:
        super().__init__(why, queued)
        self.why = why
        self.queued = queued


class Watch:
    """A ticket that is being looked for, as long as its watch lasts."""

    def __init__(self, lobby: Lobby, ticket: str, first: Place | Ready) -> None:
        self._lobby = lobby
        self._ticket = ticket
        self.seen: Place | Ready | None = first

    async def change(self, seconds: float) -> bool:
        """Wait until `seen` is something else; False after `seconds` without. None: it is gone."""
        try:
            self.seen = await self._lobby.differs(self._ticket, self.seen, seconds)
        except TimeoutError:
            return False
        return True


class Lobby:
    """The rooms of one deployment, and the queue in front of them.

    `journal` gets a note when the queue changes. Whoever owns the rooms passes on each of their
    notes to `hear`.
    """

    def __init__(
        self,
        rooms: Iterable[Room],
        *,
        mode: Mode = Mode.SHARED,
        queue_limit: int = QUEUE_LIMIT,
        journal: Callable[[Note], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._rooms = {room.name: room for room in rooms}
        self._mode = mode
        self._admission = Admission(mode, self._rooms, queue_limit)
        self._stops = Stops()
        self._journal = journal or (lambda note: None)
        self._bell = Bell()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self.draining = False

    @property
    def rooms(self) -> Mapping[str, Room]:
        """Every room, by its replica's name."""
        return MappingProxyType(self._rooms)

    @property
    def contract(self) -> Contract | None:
        """What the model declares; None while no replica has been loaded yet."""
        known = (room.facts.contract for room in self._rooms.values())
        return next((contract for contract in known if contract is not None), None)

    @property
    def mode(self) -> Mode:
        """Whether starts share one session or get one each."""
        return self._mode

    @property
    def waiting(self) -> int:
        """How many tickets wait."""
        return len(self._admission.waiting)

    @property
    def running(self) -> list[Room]:
        """The rooms in which a session runs."""
        return [room for room in self._rooms.values() if room.facts.state in RUNNING]

    def find(self, session: str) -> Room | None:
        """Return the room in which this session runs."""
        return next((room for room in self.running if room.facts.session == session), None)

    def holder(self, upload: str) -> Room | None:
        """Return the room that has a place for this file."""
        return next((room for room in self._rooms.values() if room.holds(upload)), None)

    async def start(
        self, address: str, ticket: str, seconds: float, *, patient: bool = False
    ) -> Room:
        """Start a session for somebody who asks from `address`, or join the running one.

        A session that is being closed is waited for, for so many `seconds`; who is `patient` waits
        as well for models that load, and for a turn in the queue. Raises `TurnedAwayError`, or
        the `ClientError` of a room that does not answer.
        """
        waits = (Why.CLOSING, Why.LOADING) if patient else (Why.CLOSING,)
        deadline = self._loop.time() + seconds
        while True:
            answer = self._asked(ticket)
            if isinstance(answer, Admitted):
                return await self._begun(answer, address)
            left = deadline - self._loop.time()
            if isinstance(answer, Queued):
                if not patient or left <= 0:
                    raise TurnedAwayError(Why.FULL, answer)
                ticket = answer.ticket
                await self._until_turn(ticket, left)
                continue
            if answer.why not in waits or left <= 0:
                raise TurnedAwayError(answer.why)
            await self._until_less(_AWAITED[answer.why], left)

    async def stop(self, address: str, session: str | None, reason: str) -> None:
        """End the session that somebody at `address` means, who may have named it."""
        if session is None and self._mode is Mode.EXCLUSIVE:
            session = self._stops.asked(address, self._loop.time())
            if session is None:
                return  # there is none, or it shows itself within the next seconds
        for room in self.running:
            running = room.facts.session
            if running is not None and session in (None, running):
                await room.stop(running, reason)

    def look(self, ticket: str) -> Place | Ready | None:
        """Say where a ticket stands; looking keeps it alive."""
        seen = self._admission.look(ticket, self._loop.time())
        self._changed()
        return seen

    @contextmanager
    def watching(self, ticket: str) -> Iterator[Watch | None]:
        """Go on looking for a ticket; None if there is no such ticket."""
        seen = self._admission.watching(ticket, self._loop.time())
        self._changed()
        try:
            yield None if seen is None else Watch(self, ticket, seen)
        finally:
            if seen is not None:
                self._admission.unwatched(ticket, self._loop.time())
                self._changed()

    async def differs(
        self, ticket: str, seen: Place | Ready | None, seconds: float
    ) -> Place | Ready | None:
        """Wait until a ticket stands elsewhere. Raises `TimeoutError` after `seconds`."""

        def attempt() -> tuple[Place | Ready | None] | None:
            now = self._admission.look(ticket, self._loop.time())
            return None if _same(now, seen) else (now,)

        return (await self._bell.until(attempt, seconds))[0]

    def hear(self, room: str, note: Note) -> None:
        """Take in what has happened in a room."""
        now, session = self._loop.time(), note.session
        match note.kind:
            case "transition":
                self._admission.moved(room, State(note.facts["to"]), now, session)
                self._changed()
            case "session_ended" if session is not None:
                self._stops.ended(session)
            case "connection_opened" if session is not None:
                self._stops.joined(session)
            case "connection_closed" if session is not None and self._mode is Mode.EXCLUSIVE:
                clean = note.facts.get("reason") == CLEAN and not self._rooms[room].facts.clients
                if clean and self._stops.emptied(session, now):
                    self._run(self._rooms[room].stop(session, "stopped"))

    async def drain(self, seconds: float) -> bool:
        """Take no more sessions and clients; wait until none runs. False: one still does."""
        self.draining = True
        self._bell.ring()

        def over() -> bool | None:
            busy = (*RUNNING, State.CLOSING)
            return None if any(r.facts.state in busy for r in self._rooms.values()) else True

        try:
            return await self._bell.until(over, seconds)
        except TimeoutError:
            return False

    async def close(self) -> None:
        """End everything this object owns."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _asked(self, ticket: str) -> Admitted | Queued | Refused:
        if self.draining:
            return Refused(Why.GONE)
        fresh = SHARED_SESSION if self._mode is Mode.SHARED else str(uuid.uuid4())
        answer = self._admission.start(fresh, self._loop.time(), ticket=ticket)
        self._changed()
        return answer

    async def _until_turn(self, ticket: str, seconds: float) -> None:
        """Wait in line until it is the ticket's turn, or the ticket is gone."""
        deadline = self._loop.time() + seconds
        with self.watching(ticket) as watch:
            while watch is not None and isinstance(watch.seen, Place):
                if not await watch.change(max(0.0, deadline - self._loop.time())):
                    return

    async def _begun(self, granted: Admitted, address: str) -> Room:
        """Have a session begin where it was granted, or take the grant back."""
        room, session = self._rooms[granted.replica], granted.session
        if self._mode is Mode.EXCLUSIVE:
            self._stops.started(session, address)
        try:
            await room.start(session)
            # A room in another process may have moved on before the start came there.
            if room.facts.session != session:
                raise TurnedAwayError(Why.LOADING)
        except BaseException:
            if room.facts.session != session:
                self._stops.ended(session)
            facts = room.facts
            self._admission.moved(room.name, facts.state, self._loop.time(), facts.session)
            self._changed()
            raise
        return room

    async def _until_less(self, state: State, seconds: float) -> None:
        """Wait until one of the sessions that stand there has moved on."""

        def standing() -> int:
            return sum(room.facts.state is state for room in self._rooms.values())

        before = standing()
        try:
            await self._bell.until(lambda: True if standing() < before else None, seconds)
        except TimeoutError:
            return

    def _changed(self) -> None:
        """Wake whoever waits, and be there when time alone changes something."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (due := self._admission.due) < math.inf:
            self._timer = self._loop.call_at(due, self._pass_time)
        if self.waiting != self._waiting:
            self._waiting = self.waiting
            self._journal(Note("queue", {"waiting": self._waiting}))
        self._bell.ring()

    def _pass_time(self) -> None:
        self._timer = None
        self._admission.pass_time(self._loop.time())
        self._changed()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a session could not be stopped: %s", error)


def _same(now: Place | Ready | None, seen: Place | Ready | None) -> bool:
    """Whether a ticket's turn, or its place, is what it was; the seconds left run by themselves."""
    if isinstance(now, Place) and isinstance(seen, Place):
        return (now.position, now.size) == (seen.position, seen.size)
    return type(now) is type(seen)
