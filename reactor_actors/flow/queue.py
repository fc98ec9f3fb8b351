"""The bounded queue between model and viewers: two ends, one bound, no actor in between.

`FrameQueue` is the viewers' end: it holds the ticks that wait for playout and says, after each one
played, how far the model may go. `Credits` is the model's end: it lets one tick through per
permission. What passes between them is a `Grant`, which is absolute ("up to tick number n"), so it
may be repeated or overtaken by a newer one without harm.

The bound is `buffer_size` ticks: a tick is let in as soon as there is room. `Lead` says how long
before the next one is due the model begins to work on it; until then, `emit` does not return.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from reactor_actors.core.media import Tick
from reactor_actors.core.messages import Grant
from reactor_actors.flow.bell import Bell
from reactor_actors.flow.lead import Lead
from reactor_actors.flow.pacer import Pacer

SOONER = 0.0005
"""Seconds by which a turn must begin sooner to be worth waking the model up."""


@dataclass(frozen=True, slots=True)
class QueueStatistics:
    """A snapshot: ticks waiting, the bound, the most ever, played and dropped; the lead."""

    waiting: int
    bound: int
    peak: int
    played: int
    dropped: int
    lead: float


class FrameQueue:
    """The viewers' end. Decides only; time is an argument."""

    def __init__(
        self, bound: int, fps: float, *, fixed: bool = False, first: int | None = None
    ) -> None:
        self._bound = bound
        self._pacer = Pacer(fps)
        self._lead = Lead(bound, fixed=fixed, first=first)
        self._ticks: deque[tuple[Tick, float]] = deque()  # each with the instant of its arrival
        self._epoch = 0
        self._waited = 0.0
        self._played = 0
        self._dropped = 0
        self._peak = 0

    def __len__(self) -> int:
        return len(self._ticks)

    @property
    def waited(self) -> float:
        """How many seconds the tick that was played last had waited."""
        return self._waited

    def push(self, tick: Tick, now: float) -> bool:
        """Take in a granted tick. False: it belongs to an epoch that was cut, and is gone."""
        if tick.epoch < self._epoch:
            self._dropped += 1
            return False
        interval = self._pacer.interval
        slack = self._pacer.due + len(self._ticks) * interval - now
        if tick.turn > 0.0:
            self._lead.arrived(now, slack, tick.turn, interval)
        self._ticks.append((tick, now))
        self._peak = max(self._peak, len(self._ticks))
        return True

    def wait(self, now: float) -> float | None:
        """Return the seconds until a tick is to be played, or None when none is queued."""
        return self._pacer.wait(now) if self._ticks else None

    def play(self, now: float) -> Tick:
        """Take the due tick."""
        tick, arrived = self._ticks.popleft()
        self._waited = now - arrived
        self._played += 1
        self._pacer.ticked(now)
        return tick

    def cut(self, epoch: int) -> int:
        """Drop what is queued or still comes from before `epoch`; return how many were queued."""
        self._epoch = max(self._epoch, epoch)
        return self._keep([entry for entry in self._ticks if entry[0].epoch >= self._epoch])

    def clear(self) -> int:
        """Drop what is queued, of whatever epoch; return how many."""
        return self._keep([])

    def set_rate(self, fps: float) -> None:
        """Change the rate; queued ticks and the pending one are re-timed."""
        self._pacer.set_rate(fps)

    def grant(self) -> Grant:
        """Say how far the model may go, and when."""
        return Grant(
            done=self._played + self._dropped,
            due=self._pacer.due,
            interval=self._pacer.interval,
            lead=self._lead.seconds(self._pacer.interval),
        )

    def statistics(self) -> QueueStatistics:
        """Return a snapshot."""
        return QueueStatistics(
            waiting=len(self._ticks),
            bound=self._bound,
            peak=self._peak,
            played=self._played,
            dropped=self._dropped,
            lead=self._lead.seconds(self._pacer.interval),
        )

    def _keep(self, ticks: list[tuple[Tick, float]]) -> int:
        dropped = len(self._ticks) - len(ticks)
        self._ticks = deque(ticks)
        self._dropped += dropped
        return dropped


class Credits:
    """The model's end: lets a tick through when there is room, a turn begin when it is wanted.

    `take`, `take_now` and `next_turn` belong to the model's loop; everything else may come from any
    thread. `clock` is the clock of the grants' instants.
    """

    def __init__(self, bound: int, clock: Callable[[], float]) -> None:
        self._bound = bound
        self._clock = clock
        self._sent = 0
        self._began = 0.0  # when a tick was let through last while none was expected to wait
        self._grant = Grant(done=0, due=float("-inf"), interval=0.0, lead=0.0)
        self._epoch = 0
        self._turn = -math.inf  # the instant that `next_turn` sleeps until, or last slept until
        self._room = Bell()
        self._hour = Bell()

    def update(self, grant: Grant) -> None:
        """Take the other end's newest word."""
        if grant.done >= self._grant.done:
            self._grant = grant
            self._room.ring()
            # A grant comes with every tick that is played, and nearly always in the middle of the
            # model's sleep, which ends when it was to end: the newest one is looked at then.
            if grant.at(self._sent) < self._turn - SOONER:
                self._hour.ring()

    def cut(self, epoch: int) -> None:
        """Let nothing of an older epoch through any more, and wake whoever waits with it."""
        self._epoch = max(self._epoch, epoch)
        self._room.ring()
        self._hour.ring()

    def waiting(self) -> int:
        """Return how many ticks that were let through are not known to be played or dropped."""
        return max(0, self._sent - self._grant.done)

    def expected(self) -> int:
        """Return how many of those wait still if playout has kept to the newest grant's schedule.

        For a link whose grants are seldom; until a schedule is known, all of them do.
        """
        waiting, grant = self.waiting(), self._grant
        if not waiting or not math.isfinite(grant.due) or grant.interval <= 0.0:
            return waiting
        late = self._clock() - max(grant.due, self._began)
        return waiting if late < 0.0 else max(0, waiting - 1 - int(late / grant.interval))

    def take_now(self, epoch: int) -> bool:
        """Take room for one tick, if there is any."""
        if epoch < self._epoch or self._sent >= self._grant.done + self._bound:
            return False
        if not self.expected():
            self._began = self._clock()
        self._sent += 1
        return True

    async def take(self, epoch: int) -> bool:
        """Wait for room for one tick, and take it. False: its epoch was cut meanwhile."""

        def attempt() -> bool | None:
            if epoch < self._epoch:
                return False
            return self.take_now(epoch) or None

        return await self._room.until(attempt)

    async def next_turn(self, epoch: int) -> None:
        """Wait until the next tick is to be worked on, or until the epoch is cut."""
        while epoch >= self._epoch:
            seen = self._grant
            self._turn = seen.at(self._sent)
            delay = self._turn - self._clock()
            if delay <= 0.0:
                return
            # A sooner turn, a cut or the hour, whichever comes first. A loop may call a little
            # early, so the hour is looked at again.
            with contextlib.suppress(TimeoutError):
                await self._hour.until(lambda: self._news(seen, epoch), delay)  # noqa: B023 - awaited here

    def _news(self, seen: Grant, epoch: int) -> bool | None:
        return True if self._grant is not seen or epoch < self._epoch else None
