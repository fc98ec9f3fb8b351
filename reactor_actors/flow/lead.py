"""`Lead`: how long before a tick is due the model begins to work on it. Pure; time is an argument.

A queue is only worth the jitter it hides. A model faster than its rate would keep the whole queue
full, and every picture and every command would show that much later. So `emit` returns, and the
next turn begins, at due(next tick) - lead, and the lead is kept as short as the turns allow:

- It begins at the bound: with the whole queue full, `emit` returns when its last tick is in. That
  is `buffer_size` ticks and the one being worked on, and it is also the most the lead can be. A
  bound that nobody chose for its model, because it only keeps a runaway in check, is too much to
  begin with: there it begins as if `first` were the bound.
- It grows at once when a tick comes too late, by as much as was missing.
- It shrinks slowly, while every turn of the last two seconds ended with time to spare, towards the
  95th percentile of the turn time, but never below what one of those turns has needed, plus a
  margin. For a model that emits thirty pictures one by one and then works for a second, the long
  turn is rare, and is its pace all the same.

A model slower than its rate is always late, so its lead stays at the bound and its next turn begins
at once: for it, nothing differs from a plain bounded queue.
"""

from __future__ import annotations

from collections import deque

MARGIN = 0.006
"""Seconds kept above the turn time: hand-over, conversion and the timer's own error."""

WINDOW = 2.0
"""Seconds without a tight turn before the lead shrinks."""

PAUSE = 2.0
"""A turn longer than this is a pause of the model's own, not a pace to be hidden."""

_SHRINK_PER_SECOND = 1.5
_TURNS_KEPT = 128
_NEEDS_KEPT = 1024


class Lead:
    """The lead of one stream, in seconds."""

    def __init__(self, bound: int, *, fixed: bool = False, first: int | None = None) -> None:
        self._bound = bound
        self._first = bound if first is None else min(first, bound)
        self._fixed = fixed
        self._seconds = float("inf")
        self._turns: deque[float] = deque(maxlen=_TURNS_KEPT)
        self._needs: deque[tuple[float, float]] = deque(maxlen=_NEEDS_KEPT)
        self._calm_since = float("inf")
        self._last = 0.0

    def seconds(self, interval: float) -> float:
        """Return the lead for a tick interval: never more than a full queue is worth."""
        most = (self._bound + 1) * interval
        if self._fixed:
            return most
        if self._seconds == float("inf"):
            return (self._first + 1) * interval
        return min(self._seconds, most)

    def arrived(self, now: float, slack: float, turn: float, interval: float) -> None:
        """Note that a turn of that length ended `slack` seconds before its tick was due."""
        if self._fixed or turn > PAUSE:
            return
        self._turns.append(turn)
        most = (self._bound + 1) * interval
        lead = self.seconds(interval)
        self._needs.append((now, lead - slack))
        while self._needs[0][0] < now - WINDOW:
            self._needs.popleft()
        if slack < 0.0:
            self._seconds = min(most, lead + MARGIN - slack)
        elapsed, self._last = now - self._last, now
        if slack < MARGIN / 2 or self._calm_since > now:
            self._calm_since = now
        elif now - self._calm_since >= WINDOW:
            self._seconds = self._shrunk(lead, elapsed)

    def _shrunk(self, lead: float, elapsed: float) -> float:
        ordered = sorted(self._turns)
        needed = max(need for _, need in self._needs)
        target = max(ordered[int(0.95 * (len(ordered) - 1))], needed) + MARGIN
        return lead - min(1.0, _SHRINK_PER_SECOND * elapsed) * max(0.0, lead - target)
