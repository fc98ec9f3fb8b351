"""`Watch`: whether pictures keep coming, and how long they stay away. Pure; time is an argument."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in a while: pictures, in so many seconds in which they were due."""

    pictures: int = 0
    seconds: float = 0.0
    longest: float = 0.0

    @property
    def fps(self) -> float:
        """Pictures a second."""
        return self.pictures / self.seconds if self.seconds > 0 else 0.0

    def after(self, gap: float) -> Seen:
        """Return what was seen with one more picture, which came after so many seconds."""
        return Seen(self.pictures + 1, self.seconds + gap, max(self.longest, gap))


@dataclass(frozen=True, slots=True)
class Excuse:
    """What has happened, when, and until when pictures may stay away for it."""

    why: str
    since: float
    until: float


class Watch:
    """One who watches. A gap over `limit` seconds is a finding, unless something excuses it.

    An excuse holds until the pictures begin anew, which their numbers tell: the last ones of before
    may still be on their way. How long that took is kept in `recoveries`, by what had happened. A
    gap that outlasts its excuse is a finding after all.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.recoveries: dict[str, list[float]] = {}
        self._last: float | None = None
        self._number = 0
        self._told = False
        self._excuse: Excuse | None = None
        self._seen = Seen()

    def begin(self, now: float, seconds: float) -> None:
        """A picture is due within so many seconds, and from then on they follow each other."""
        self._last, self._told = now, False
        self._number = sys.maxsize
        self._excuse = Excuse("at first", now, now + seconds)

    def rest(self) -> None:
        """Pictures are not due any more."""
        self._last, self._excuse = None, None

    def excuse(self, now: float, why: str, seconds: float) -> None:
        """Something has happened: pictures may stay away for so long from now."""
        self._excuse = Excuse(why, now, now + seconds)

    def excused(self, now: float) -> bool:
        """Whether something is still under way."""
        return self._excuse is not None and now <= self._excuse.until

    def picture(self, now: float, number: int) -> str | None:
        """Take in a picture; return a finding if it came too late. Numbers begin anew at 0."""
        if self._last is None:
            return None
        found = self.overdue(now)
        gap, self._last, self._told = now - self._last, now, False
        anew, self._number = number < self._number, number
        if self._excuse is not None and self.excused(now):
            if anew:
                took = now - self._excuse.since
                self.recoveries.setdefault(self._excuse.why, []).append(took)
                self._excuse = None
            return None
        self._excuse = None
        self._seen = self._seen.after(gap)
        return found

    def overdue(self, now: float) -> str | None:
        """Return a finding if pictures stay away for too long; once for each gap."""
        if self._last is None or self._told or self.excused(now):
            return None
        if now - self._last <= self.limit:
            return None
        self._told = True
        why = f" {self._excuse.why}" if self._excuse is not None else ""
        return f"no picture for {now - self._last:.1f} s{why}"

    def take(self) -> Seen:
        """Return what was seen since this was last asked."""
        seen, self._seen = self._seen, Seen()
        return seen
