"""`Admission`: who gets which replica, and who waits. `Stops`: whose session a stop means. Pure.

A replica is one loaded model, with one `Session`. Where it stands is that session's state:

    CREATED                        loading, or restarting without a session
    READY                          free, or held for the ticket whose turn it is
    WAITING, STREAMING, ORPHANED   busy, also while the model restarts within its session
    CLOSING                        busy, and soon free
    TERMINATED                     lost

In `shared` mode there is one session, and every start joins it. In `exclusive` mode every start
gets a session on a replica of its own, or is offered a ticket:

    offered   blocks nobody: whoever got it may not even know what it is
    waiting   looked for, so it has a place, for as long as it goes on being looked for
    ready     a replica is held for it, for a while
    gone      claimed, not looked for in time, not claimed in time, or no replica is left

What makes this fair is one invariant: no call returns while a replica is free and a ticket waits.
So a start without a ticket may take any replica that is free, and has overtaken nobody.

These are methods that answer, where `Session` takes events and returns effects: there one fact
means orders to many parties, here every call is one caller's question. Nobody else need be told:
who watches a ticket looks again when something has happened. Time, an argument, runs out by itself;
every call makes up for it first, moment by moment, so a clock that is read late changes no answer.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean
from typing import TypeAlias

from reactor_actors.core.mode import QUEUE_LIMIT, Mode
from reactor_actors.core.session import State

LOOK_SECONDS = 15.0
HOLD_SECONDS = 10.0
STOP_SECONDS = 5.0
MAX_OFFERS = 1024
LENGTHS_KEPT = 8


class Why(StrEnum):
    """Why a start is refused. For a closing session it is worth waiting a few seconds."""

    CLOSING = "closing"
    LOADING = "loading"
    FULL = "full"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue: `position` counts from 1, `size` includes whoever asks.

    `seconds` is how long it will take, judged by the last sessions; None while none has ended.
    """

    position: int
    size: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """It is the ticket's turn: a replica is held for it for another `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Admitted:
    """A start is granted: start `session` on `replica`, at once; it may run there already."""

    session: str
    replica: str


@dataclass(frozen=True, slots=True)
class Queued:
    """All replicas are busy. `place` is the ticket's, or the one that looking for it would give."""

    ticket: str
    place: Place


@dataclass(frozen=True, slots=True)
class Refused:
    """There is no session to be had, nor a ticket."""

    why: Why


Answer: TypeAlias = Admitted | Queued | Refused


@dataclass(slots=True)
class _Replica:
    state: State = State.CREATED
    session: str | None = None
    since: float = 0.0


@dataclass(slots=True)
class _Ticket:
    looked: float
    watchers: int = 0
    replica: str | None = None
    held: float = 0.0

    def lapses(self) -> float:
        if self.replica is not None:
            return self.held + HOLD_SECONDS
        return math.inf if self.watchers else self.looked + LOOK_SECONDS


class Admission:
    """The replicas of one deployment, its sessions, and the queue in front of them.

    Whoever owns this reports each move of each replica's session, and starts what is admitted
    before asking anything else. At most `queue_limit` tickets wait, 0 for no queue at all.
    """

    def __init__(self, mode: Mode, replicas: Iterable[str], queue_limit: int = QUEUE_LIMIT) -> None:
        self._mode = mode
        self._replicas = {name: _Replica() for name in replicas}
        self._queue_limit = queue_limit
        self._offers: dict[str, float] = {}
        self._line: dict[str, _Ticket] = {}
        self._lengths: deque[float] = deque(maxlen=LENGTHS_KEPT)

    @property
    def sessions(self) -> dict[str, str]:
        """The replica of every session that runs."""
        return {
            replica.session: name
            for name, replica in self._replicas.items()
            if replica.session is not None and replica.state is not State.CLOSING
        }

    @property
    def free(self) -> list[str]:
        """The replicas that the next caller could have: loaded, idle, and held for nobody."""
        held = {ticket.replica for ticket in self._line.values()}
        return [
            name
            for name, replica in self._replicas.items()
            if replica.state is State.READY and replica.session is None and name not in held
        ]

    @property
    def waiting(self) -> list[str]:
        """The tickets that wait, first come first; one whose turn it is waits no more."""
        return [name for name, ticket in self._line.items() if ticket.replica is None]

    @property
    def due(self) -> float:
        """When a ticket lapses next: let time pass then. Infinity if none is going to."""
        return min((ticket.lapses() for ticket in self._line.values()), default=math.inf)

    def pass_time(self, now: float) -> None:
        """Forget what was not looked for or claimed in time, and give its turn to the next."""
        while (due := self.due) <= now:
            self._line = {name: t for name, t in self._line.items() if t.lapses() > due}
            self._settle(due)
        self._offers = {name: lapses for name, lapses in self._offers.items() if lapses > now}

    def moved(self, replica: str, state: State, now: float, session: str | None = None) -> None:
        """Take note of where a replica stands, and of the session that runs there."""
        self.pass_time(now)
        known = self._replicas[replica]
        known.state = state
        if state in (State.CREATED, State.READY, State.TERMINATED):
            if known.session is not None:
                self._lengths.append(now - known.since)
            known.session = None
        elif session not in (None, known.session):
            known.session, known.since = session, now
        for ticket in self._line.values():
            if ticket.replica == replica and state is not State.READY:
                ticket.replica, ticket.looked = None, now  # it waits again, in its old place
        if not self._left():
            self._line, self._offers = {}, {}
        self._settle(now)

    def start(self, fresh: str, now: float, *, ticket: str = "") -> Answer:
        """Answer somebody who wants a session.

        `fresh` is a name that nobody has yet: the session's if one is started, the ticket's if one
        is offered. `ticket` claims what is held for it; one that waits keeps its place, as if it
        had been looked for; one that is unknown is as good as none.
        """
        self.pass_time(now)
        if not self._left():
            return Refused(Why.GONE)
        if self._mode is Mode.SHARED:
            return self._join(fresh, now)
        if ticket in self.waiting:
            return Queued(ticket, self._keep(ticket, now))
        own = self._line.pop(ticket, None)  # whose turn it is
        replica = own.replica if own else next(iter(self.free), None)
        if replica is None:
            return self._turn_away(fresh, ticket, now)
        self._offers.pop(ticket, None)
        return self._admit(replica, fresh, now)

    def look(self, ticket: str, now: float) -> Place | Ready | None:
        """Say where a ticket stands; None if it is unknown or was forgotten.

        The first look takes its place, at the end of the queue, if there is one left.
        """
        self.pass_time(now)
        if self._offers.pop(ticket, None) is not None and len(self.waiting) < self._queue_limit:
            self._line[ticket] = _Ticket(now)
            self._settle(now)
        if ticket in self.waiting:
            return self._keep(ticket, now)
        return Ready(self._line[ticket].lapses() - now) if ticket in self._line else None

    def watching(self, ticket: str, now: float) -> Place | Ready | None:
        """Look, and go on looking until `unwatched`, which is owed for each answer but None."""
        seen = self.look(ticket, now)
        if seen is not None:
            self._line[ticket].watchers += 1
        return seen

    def unwatched(self, ticket: str, now: float) -> None:
        """End a watch; that was a last look."""
        self.pass_time(now)
        own = self._line.get(ticket)
        if own is not None and own.watchers:
            own.watchers -= 1
            own.looked = now

    def _settle(self, now: float) -> None:
        """Hold what is free for those who wait."""
        for replica, ticket in zip(self.free, self.waiting, strict=False):
            own = self._line[ticket]
            own.replica, own.held = replica, now

    def _admit(self, replica: str, session: str, now: float) -> Admitted:
        known = self._replicas[replica]
        known.session, known.since = session, now
        return Admitted(session, replica)

    def _left(self) -> int:
        return len(self._replicas) - self._count(State.TERMINATED)

    def _count(self, state: State) -> int:
        return sum(replica.state is state for replica in self._replicas.values())

    def _join(self, fresh: str, now: float) -> Answer:
        for session, replica in self.sessions.items():
            return Admitted(session, replica)
        if self._count(State.CLOSING):
            return Refused(Why.CLOSING)
        return self._admit(self.free[0], fresh, now) if self.free else Refused(Why.LOADING)

    def _turn_away(self, fresh: str, ticket: str, now: float) -> Answer:
        size = len(self.waiting)
        if self._count(State.CREATED) == self._left():
            return Refused(Why.LOADING)
        if self._count(State.CLOSING) > size:  # the first of them are for those who wait
            return Refused(Why.CLOSING)
        if size >= self._queue_limit:
            return Refused(Why.FULL)
        offer = ticket if ticket in self._offers else fresh
        self._offers.setdefault(offer, now + LOOK_SECONDS)
        if len(self._offers) > MAX_OFFERS:
            del self._offers[next(iter(self._offers))]
        return Queued(offer, self._place(size + 1, size + 1))

    def _keep(self, ticket: str, now: float) -> Place:
        self._line[ticket].looked = now
        waiting = self.waiting
        return self._place(waiting.index(ticket) + 1, len(waiting))

    def _place(self, position: int, size: int) -> Place:
        seconds = position * fmean(self._lengths) / self._left() if self._lengths else None
        return Place(position, size, seconds)


class Stops:
    """Whose session a stop ends that names none, where every start has a session of its own.

    One that was started from the same address, since the published clients say no more; of several
    the one whose last peer closes cleanly next to the stop. One kind of client closes and then
    stops, the other stops and then closes; whoever was lost would rather come back.
    """

    def __init__(self) -> None:
        self._addresses: dict[str, str] = {}
        self._closed: dict[str, float] = {}
        self._open: list[tuple[str, float]] = []

    def started(self, session: str, address: str) -> None:
        """Note where a session was started from."""
        self._addresses[session] = address

    def joined(self, session: str) -> None:
        """Note that a session has a peer, maybe again."""
        self._closed.pop(session, None)

    def emptied(self, session: str, now: float) -> bool:
        """Note that the last peer closed cleanly; True: a stop meant this session, so end it."""
        self._forget(now)
        address = self._addresses.get(session)
        stop = next((stop for stop in self._open if stop[0] == address), None)
        if stop is not None:
            self._open.remove(stop)
            self.ended(session)
        elif address is not None:
            self._closed[session] = now
        return stop is not None

    def ended(self, session: str) -> None:
        """Note that a session has ended."""
        self._addresses.pop(session, None)
        self._closed.pop(session, None)

    def asked(self, address: str, now: float) -> str | None:
        """Return the session that a stop from this address ends; to this object it has ended.

        None: there is none, or `emptied` says within the next seconds which one was meant.
        """
        self._forget(now)
        own = [session for session, name in self._addresses.items() if name == address]
        meant = own if len(own) == 1 else [session for session in self._closed if session in own]
        if meant:
            self.ended(meant[0])
            return meant[0]
        if sum(name == address for name, _ in self._open) < len(own):
            self._open.append((address, now))
        return None

    def _forget(self, now: float) -> None:
        """Forget what is too long ago to be next to anything."""
        since = now - STOP_SECONDS
        self._closed = {session: at for session, at in self._closed.items() if at >= since}
        self._open = [stop for stop in self._open if stop[1] >= since]
