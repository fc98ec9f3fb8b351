"""`Tally`: how many values of which size there were, counted where they pass. Pure.

To count one costs less than a microsecond and tells nobody. Whoever wants to know reads a `Spread`:
plain data, which crosses processes, and adds up over them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Spread:
    """How values were spread: how many lay within each bound, and what they come to in all.

    `counts` has one number more than `bounds`: of those above the last one. A value that is on a
    bound is within it.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float = 0.0

    @classmethod
    def none(cls, bounds: tuple[float, ...]) -> Self:
        """Return the spread of no values."""
        return cls(bounds, (0,) * (len(bounds) + 1))

    def __add__(self, other: Spread) -> Spread:
        """Count both. Raises `ValueError` where their bounds differ."""
        if self.bounds != other.bounds:
            raise ValueError(f"{self.bounds} and {other.bounds} are no bounds of one spread")
        counts = tuple(
            mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)
        )
        return Spread(self.bounds, counts, self.total + other.total)

    def since(self, before: Spread) -> Spread:
        """Return what has been counted since an earlier look.

        Raises `ValueError` where this is no later look: its bounds differ, or it counts less.
        """
        if self.bounds != before.bounds:
            raise ValueError(f"{self.bounds} and {before.bounds} are no bounds of one spread")
        counts = tuple(now - then for now, then in zip(self.counts, before.counts, strict=True))
        if min(counts) < 0:
            raise ValueError("what is counted has become less")
        return Spread(self.bounds, counts, self.total - before.total)

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """Their mean, which is exact. Raises `ZeroDivisionError` without any."""
        return self.total / self.count

    def quantile(self, part: float) -> float:
        """Return the value below which so much of all lies: 0.5 for the median.

        It is as exact as the bounds are close: values are taken to lie evenly between two of them,
        and from 0 on. Beyond the last bound, or without any values, nothing is known: infinity,
        or not a number.
        """
        wanted, below, bottom = part * self.count, 0, 0.0
        if not self.count:
            return math.nan
        for bound, count in zip(self.bounds, self.counts, strict=False):
            if count and below + count >= wanted:
                return bottom + (bound - bottom) * (wanted - below) / count
            below, bottom = below + count, bound
        return math.inf


class Tally:
    """Counts values against bounds. One thread counts; any thread may read."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def count(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def read(self) -> Spread:
        """Return what has been counted so far."""
        return Spread(self._bounds, tuple(self._counts), self._total)
