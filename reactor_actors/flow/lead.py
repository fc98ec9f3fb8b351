"""`Lead`: how long before it is due a tick is asked for. Pure; time is an argument.

A queue is only worth the jitter it hides. A model faster than its rate would keep the whole queue
full, and every picture and every command would show that much later. So the queue grants tick k at
due(k) - lead, and the lead is kept as short as the model's own turns allow:

- It begins at the bound, `buffer_size` ticks, which is also the most it can be.
- It grows at once when a tick comes too late, by as much as was missing.
- It shrinks slowly, while every tick of the last two seconds came with time to spare, towards the
  95th percentile of the turn time plus a margin: the time the model needs from one grant to the
  next picture.

A model slower than its rate is always late, so its lead stays at the bound and every grant is
immediate: for it, nothing differs from a plain bounded queue.
"""

from __future__ import annotations

from collections import deque

MARGIN = 0.006
"""Seconds kept above the turn time: hand-over, conversion and the timer's own error."""

WINDOW = 2.0
"""Seconds without a tight arrival before the lead shrinks."""

PAUSE = 2.0
"""A turn longer than this is a pause of the model's own, not a pace to be hidden."""

_SHRINK_PER_SECOND = 0.5
_TURNS_KEPT = 128


class Lead:
    """The lead of one stream, in seconds."""

    def __init__(self, bound: int, *, fixed: bool = False) -> None:
        self._bound = bound
        self._fixed = fixed
        self._seconds = float("inf")
        self._turns: deque[float] = deque(maxlen=_TURNS_KEPT)
        self._calm_since = float("inf")
        self._last = 0.0

    def seconds(self, interval: float) -> float:
        """Return the lead for a tick interval: never more than the bound's worth of ticks."""
        most = self._bound * interval
        return most if self._fixed else min(self._seconds, most)

    def arrived(self, now: float, slack: float, turn: float, interval: float) -> None:
        """Note a tick that came `slack` seconds before it was due, after a turn of that length.

        A `turn` of 0 says nothing about the model's pace.
        """
        measured = 0.0 < turn <= PAUSE
        if measured:
            self._turns.append(turn)
        if self._fixed:
            return
        most = self._bound * interval
        lead = min(self._seconds, most)
        if slack < 0.0 and measured:
            self._seconds = min(most, lead + MARGIN - slack)
        elapsed, self._last = now - self._last, now
        if slack < MARGIN / 2 or self._calm_since > now:
            self._calm_since = now
        elif now - self._calm_since >= WINDOW:
            self._seconds = self._shrunk(lead, elapsed)

    def _shrunk(self, lead: float, elapsed: float) -> float:
        if not self._turns:
            return lead
        ordered = sorted(self._turns)
        target = ordered[int(0.95 * (len(ordered) - 1))] + MARGIN
        return lead - min(1.0, _SHRINK_PER_SECOND * elapsed) * max(0.0, lead - target)
