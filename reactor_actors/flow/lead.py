"""`Lead`: how long before a tick is due the model begins to work on it. Pure; time is an argument.

A queue is only worth the jitter it hides. A model faster than its rate would keep the whole queue
full, and every picture and every command would show that much later. So `emit` returns, and the
next turn begins, at due(next tick) - lead, and the lead is kept as short as the turns allow.

A turn *needs* the lead with which it would have ended just when its tick was due: its own time,
that of the way, and whatever the turns before it have not made up for. From that follows the lead:

- It begins at the bound: with the whole queue full, `emit` returns when its last tick is in. That
  is `buffer_size` ticks and the one being worked on, and it is also the most the lead can be. A
  bound that nobody chose for its model, because it only keeps a runaway in check, is too much to
  begin with: there it begins as if `first` were the bound. It shrinks once a second is known.
- It grows at once when a tick comes too late, by as much as was missing.
- What a turn has needed is kept for half a second to a whole one, and a margin: trouble comes in
  flocks. What was needed again within six seconds is a habit, and kept for six more. So a lone
  hiccup, which no lead can undo, costs latency for a second; one that comes back is hidden.
- It shrinks by a quarter of the time that passes: a model that looks at the clock, or at a camera,
  is shown a quarter faster meanwhile, and does not jump.

A model slower than its rate is always late, so its lead stays at the bound and its next turn begins
at once: for it, nothing differs from a plain bounded queue.
"""

from __future__ import annotations

import math
from collections import deque

MARGIN = 0.003
"""Seconds kept above what is needed: conversion and the timer's own error."""

SPAN = 0.5
"""Seconds of which only the greatest need is remembered. Time in which nothing came is none."""

RECENT = 2
"""Spans whose need is kept, the one that has not ended included. Before, nothing shrinks."""

HABIT = 12
"""Spans within which a need comes again if it is a habit, and for which a habit is kept."""

PAUSE = 2.0
"""A turn longer than this is a pause of the model's own, not a pace to be hidden."""

SHRINKING = 0.25
"""Seconds by which the lead shrinks in one second, at most."""


class Lead:
    """The lead of one stream, in seconds."""

    def __init__(self, bound: int, *, fixed: bool = False, first: int | None = None) -> None:
        self._bound = bound
        self._first = bound if first is None else min(first, bound)
        self._fixed = fixed
        self._seconds = math.inf
        self._needs: deque[float] = deque(maxlen=2 * HABIT)
        self._span_began = -math.inf
        self._need = 0.0
        self._last = self._last_due = -math.inf

    def seconds(self, interval: float) -> float:
        """Return the lead for a tick interval: never more than a full queue is worth."""
        most = (self._bound + 1) * interval
        if self._fixed:
            return most
        if self._seconds == math.inf:
            return (self._first + 1) * interval
        return min(self._seconds, most)

    def arrived(self, now: float, slack: float, turn: float, interval: float) -> None:
        """Note that a turn of that length ended `slack` seconds before its tick was due."""
        if self._fixed or not math.isfinite(slack):
            return
        lead, elapsed, due = self.seconds(interval), now - self._last, now + slack
        behind = max(0.0, self._need - (due - self._last_due))
        self._last, self._last_due = now, due
        if turn > PAUSE:
            return
        work = turn
        # A tick that had to wait for room is late for that alone. The model began at its hour, or
        # when it was done before: a lead that has just grown puts the hour into the past, and what
        # is behind that hour is nothing that a turn has needed.
        if slack <= (self._bound - 0.5) * interval:
            work = max(turn, min(lead - slack, elapsed))
        self._need = behind + work
        self._remember(now)
        wanted = max(self._wanted(), lead - slack + MARGIN if slack < 0.0 else 0.0)
        if wanted > lead:
            self._seconds = min(wanted, (self._bound + 1) * interval)
        elif len(self._needs) > RECENT:
            self._seconds = max(wanted, lead - SHRINKING * elapsed)

    def _remember(self, now: float) -> None:
        if now - self._span_began >= SPAN:
            self._span_began = now
            self._needs.append(self._need)
        else:
            self._needs[-1] = max(self._needs[-1], self._need)

    def _wanted(self) -> float:
        needs = list(self._needs)
        wanted = max(needs[-RECENT:])
        for end in range(max(1, len(needs) - HABIT), len(needs)):
            before = max(needs[max(0, end - HABIT) : end])
            wanted = max(wanted, min(before, needs[end]))
        return wanted + MARGIN
