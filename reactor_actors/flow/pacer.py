"""`Pacer`: when the next tick is due. Pure; time is an argument, in seconds of one clock."""

from __future__ import annotations


class Pacer:
    """One absolute schedule for all clients.

    Tick k is due at start + k / fps. A tick shown later than one whole interval restarts the
    schedule from then: there is never a burst to catch up.
    """

    def __init__(self, fps: float) -> None:
        self._interval = 1.0 / fps
        self._due = float("-inf")

    @property
    def interval(self) -> float:
        """Seconds from one tick to the next."""
        return self._interval

    @property
    def due(self) -> float:
        """The instant of the next tick; minus infinity before the first one."""
        return self._due

    def wait(self, now: float) -> float:
        """Return the seconds until the next tick is due; 0 means now."""
        return max(0.0, self._due - now)

    def ticked(self, now: float) -> None:
        """Note that the due tick was shown at `now`."""
        late = now - self._due > self._interval
        self._due = (now if late else self._due) + self._interval

    def set_rate(self, fps: float) -> None:
        """Change the rate, at once: the pending tick is due one new interval after the last."""
        previous, self._interval = self._interval, 1.0 / fps
        self._due += self._interval - previous
