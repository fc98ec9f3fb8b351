"""`LoopLag`: how late an event loop is. Two timers a second, and nothing else."""

from __future__ import annotations

import asyncio

from reactor_actors.core.tally import Spread, Tally

LAG_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)
INTERVAL_SECONDS = 0.5


class LoopLag:
    """Counts how many seconds later than asked for timers fire, from `start` to `close`.

    Pictures, sound and commands of a process wait for the same loop, and are as late.
    """

    def __init__(self) -> None:
        self._tally = Tally(LAG_SECONDS)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._set(asyncio.get_running_loop())

    def read(self) -> Spread:
        """Return what has been counted so far."""
        return self._tally.read()

    def close(self) -> None:
        """Count no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + INTERVAL_SECONDS
        self._timer = loop.call_at(due, self._fire, loop, due)

    def _fire(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        # A loop fires what is due within the resolution of its clock, which is a little early.
        self._tally.count(max(0.0, loop.time() - due))
        self._set(loop)
