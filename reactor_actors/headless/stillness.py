"""`Stillness`: what follows when a model shows nothing for a while. Pure; time is an argument."""

from __future__ import annotations

from enum import Enum

NEWS_SECONDS = 10.0
STALL_SECONDS = 0.1
STALL_INTERVALS = 3


class Verdict(Enum):
    """How a model stands that is looked at again and again."""

    FLOWING = "flowing"
    STALLED = "stalled"
    """It may wait for an input, which is to go on as clocks do."""
    NEWS = "news"
    """It has been still for so long that somebody should know: after 10 s, 20, 40."""
    HOPELESS = "hopeless"


class Stillness:
    """Watches a count of ticks. `interval` is the time between two of them, `patience` 0 endless.

    A model that waits for its own clock shows something every interval: that is no stall.
    """

    def __init__(self, now: float, interval: float, patience: float) -> None:
        self._since = now
        self._stall = max(STALL_SECONDS, STALL_INTERVALS * interval)
        self._patience = patience
        self._news = NEWS_SECONDS
        self._ticks = 0
        self.seconds = 0.0
        """For how long nothing has been shown."""

    def look(self, now: float, ticks: int) -> Verdict:
        """Take in how many ticks there have been by now."""
        if ticks != self._ticks:
            self._ticks, self._since, self._news = ticks, now, NEWS_SECONDS
        self.seconds = now - self._since
        if 0 < self._patience <= self.seconds:
            return Verdict.HOPELESS
        if self.seconds >= self._news:
            self._news *= 2
            return Verdict.NEWS
        return Verdict.STALLED if self.seconds >= self._stall else Verdict.FLOWING
