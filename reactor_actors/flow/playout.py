"""`Playout`: play one tick per interval out of the frame queue."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from reactor_actors.core.media import Tick
from reactor_actors.core.messages import Grant
from reactor_actors.core.tally import Tally
from reactor_actors.flow.queue import FrameQueue, QueueStatistics

PACE_SECONDS = 1.0
PACE_TICKS = 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """How playout went lately: ticks per second, and the median of how long each had waited.

    `latency` is None when nothing was played.
    """

    fps: float = 0.0
    latency: float | None = None


class Playout:
    """The clock's side of a `FrameQueue`. Lives on one event loop; every call belongs to it.

    One timer is armed per tick and no task runs. `show` gets each due tick, `grant` the credit
    that goes back for it; `latencies` counts how long each has waited.
    """

    def __init__(
        self,
        queue: FrameQueue,
        show: Callable[[Tick], None],
        grant: Callable[[Grant], None],
        latencies: Tally | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue = queue
        self._show = show
        self._grant = grant
        self._latencies = latencies or Tally(())
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._played: deque[tuple[float, float]] = deque(maxlen=PACE_TICKS)

    def push(self, tick: Tick) -> None:
        """Take in a granted tick."""
        if self._queue.push(tick, self._loop.time()):
            self._arm()
        else:
            self._grant(self._queue.grant())

    def cut(self, epoch: int) -> None:
        """Drop what is queued from before `epoch`."""
        self._queue.cut(epoch)
        self._retime()

    def clear(self) -> None:
        """Drop what is queued, of whatever epoch."""
        self._queue.clear()
        self._retime()

    def set_rate(self, fps: float) -> None:
        """Change the rate; the pending tick is re-timed."""
        self._queue.set_rate(fps)
        self._retime()

    def statistics(self) -> QueueStatistics:
        """Return a snapshot of the queue."""
        return self._queue.statistics()

    def pace(self) -> Pace:
        """Say how the last second went."""
        since = self._loop.time() - PACE_SECONDS
        waits = [waited for at, waited in self._played if at >= since]
        return Pace(len(waits) / PACE_SECONDS, median(waits)) if waits else Pace()

    def close(self) -> None:
        """Play nothing more."""
        self._closed = True
        self._disarm()

    def _arm(self) -> None:
        if self._timer is not None or self._closed:
            return
        wait = self._queue.wait(self._loop.time())
        if wait is not None:
            self._timer = self._loop.call_later(wait, self._play)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _retime(self) -> None:
        self._disarm()
        self._arm()
        self._grant(self._queue.grant())

    def _play(self) -> None:
        self._timer = None
        now = self._loop.time()
        tick = self._queue.play(now)
        self._played.append((now, self._queue.waited))
        self._latencies.count(self._queue.waited)
        # The credit first: the model can go on while the tick is shown.
        self._grant(self._queue.grant())
        self._arm()
        self._show(tick)
