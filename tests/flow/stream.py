"""One stream on a `VirtualLoop`: credits, queue and playout joined, without threads or pixels."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import TypeVar

from reactor_actors.core.media import Tick
from reactor_actors.core.messages import Grant
from reactor_actors.flow.playout import Playout
from reactor_actors.flow.queue import Credits, FrameQueue

T = TypeVar("T")


class Stream:
    """Numbered ticks go in through `emit`; `shown` tells which came out, and when.

    `way` is how many seconds a tick or a grant takes that leaves at an instant; order is kept.
    `begun` tells when `run` began to work on a tick.
    """

    def __init__(
        self,
        bound: int = 4,
        fps: float = 30.0,
        *,
        fixed: bool = False,
        first: int | None = None,
        way: Callable[[float], float] | None = None,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.shown: list[tuple[int, float]] = []
        self.begun: dict[int, float] = {}
        self.grants: list[Grant] = []
        self.refused: list[int] = []
        self.epoch = 0
        self.credits = Credits(bound, self.loop.time)
        self.playout = Playout(
            FrameQueue(bound, fps, fixed=fixed, first=first), self._show, self._grant
        )
        self._way = way
        self._there = {"pushes": 0.0, "grants": 0.0}
        self._numbers = itertools.count()
        self._changed = asyncio.Event()

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.shown]

    @property
    def gaps(self) -> list[float]:
        instants = [instant for _, instant in self.shown]
        return [later - earlier for earlier, later in itertools.pairwise(instants)]

    async def emit(self, count: int = 1, turn: float = 0.0, *, drop: bool = False) -> list[int]:
        """Hand over a batch as a link does; return the numbers of the ticks admitted."""
        epoch, admitted = self.epoch, []
        for index, number in enumerate([next(self._numbers) for _ in range(count)]):
            taken = self.credits.take_now(epoch) if drop else await self.credits.take(epoch)
            if not taken:
                self.refused.append(number)
                continue
            # The number travels as the time of its first tick's turn does: as plain data.
            tick = Tick(epoch, {"number": number}, turn=0.0 if index else turn)  # type: ignore[dict-item]
            self._carry("pushes", self.playout.push, tick)
            admitted.append(number)
        if not drop:
            await self.credits.next_turn(epoch)
        return admitted

    async def run(
        self, seconds: float, turn: Callable[[int], float], count: int = 1
    ) -> list[float]:
        """Be a model for a while: compute, emit, again. Return how long each emit waited."""
        end, waits = self.loop.time() + seconds, []
        for number in itertools.count():
            work, worked = turn(number), self.loop.time()
            await asyncio.sleep(work)
            began = self.loop.time()
            if began >= end:
                return waits
            for emitted in await self.emit(count, turn=work if number else 0.0):
                self.begun[emitted] = worked
            waits.append(self.loop.time() - began)
        raise AssertionError

    async def drained(self) -> None:
        """Wait until nothing is queued any more."""
        while self.playout.statistics().waiting:
            self._changed.clear()
            await self._changed.wait()

    def cut(self) -> None:
        self.epoch += 1
        self.credits.cut(self.epoch)
        self.playout.cut(self.epoch)

    def _show(self, tick: Tick) -> None:
        self.shown.append((tick.pictures["number"], self.loop.time()))  # type: ignore[arg-type]

    def _grant(self, grant: Grant) -> None:
        self.grants.append(grant)
        self._changed.set()
        self._carry("grants", self.credits.update, grant)

    def _carry(self, kind: str, deliver: Callable[[T], object], what: T) -> None:
        if self._way is None:
            deliver(what)
            return
        now = self.loop.time()
        self._there[kind] = max(self._there[kind], now + self._way(now))
        self.loop.call_at(self._there[kind], deliver, what)
