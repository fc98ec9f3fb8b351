"""What a process that carries media tells the ingress of its venues, and how it gets there.

Every note of a venue is reported together with what is known of its room at that moment, in one
order for all venues of the process. A client may send a hundred commands a second: their notes wait
for each other, since a call costs more than a command. What changes all the time follows once a
second, which also shows that the process lives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from reactor_actors.core.events import Note
from reactor_actors.core.tally import Spread
from reactor_actors.flow.lag import LoopLag
from reactor_actors.flow.lane import Lane
from reactor_actors.transports.figures import Figures
from reactor_actors.transports.room import Facts
from reactor_actors.transports.status import ReplicaStatus
from reactor_actors.transports.venue import Venue

BEAT_SECONDS = 1.0
COMMAND_SECONDS = 0.25
"""How long the note of a command may wait for others."""

BOUND = 65_536
"""Reports that wait for an ingress which takes none; with more than that it counts as gone."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """How a replica does, what it has done, and how late the timers of its process have been."""

    status: ReplicaStatus
    figures: Figures
    lag: Spread


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to tell of a replica. `facts` are left out while they are as told before."""

    replica: str
    note: Note | None = None
    facts: Facts | None = None
    vitals: Vitals | None = None


class Reporter:
    """Tells of the venues of one process, in order. Lives on their event loop."""

    def __init__(self, send: Callable[[list[Report]], Awaitable[None]]) -> None:
        self._lane = Lane(send, BOUND)
        self._venues: list[Venue] = []
        self._lag = LoopLag()
        self._facts: dict[str, Facts] = {}
        self._told = 0
        self._commands: list[Report] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def told(self) -> int:
        """How many reports have been made so far."""
        return self._told

    def follow(self, venue: Venue) -> None:
        """Tell of this venue as well, once a second."""
        self._venues.append(venue)

    def note(self, replica: str, note: Note, facts: Facts) -> None:
        """Tell what has happened."""
        known = self._facts.get(replica)
        self._facts[replica] = facts
        report = Report(replica, note, None if facts == known else facts)
        if note.kind == "command":
            self._wait(report)
        else:
            self._tell(report)

    def close(self) -> None:
        """Tell no more; `run` returns once everything is told."""
        self._beat()
        self._tell()
        self._lane.close()

    async def run(self) -> None:
        """Tell until closed, or until an ingress that takes nothing has been waited for too long.

        Raises what sending raises.
        """
        self._lag.start()
        beating = asyncio.ensure_future(self._beats())
        try:
            await self._lane.run()
        finally:
            self._lag.close()
            beating.cancel()

    async def _beats(self) -> None:
        while True:
            self._beat()
            await asyncio.sleep(BEAT_SECONDS)

    def _beat(self) -> None:
        for venue in self._venues:
            vitals = Vitals(venue.status(), venue.figures(), self._lag.read())
            self._tell(Report(venue.name, vitals=vitals))

    def _wait(self, command: Report) -> None:
        self._commands.append(command)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(COMMAND_SECONDS, self._tell)

    def _tell(self, *reports: Report) -> None:
        """Hand over reports, behind the commands that were noted before."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        commands, self._commands = self._commands, []
        for report in (*commands, *reports):
            if not self._lane.offer(report):
                self._lane.close()
                return
            self._told += 1
