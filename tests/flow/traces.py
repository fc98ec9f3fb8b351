"""Models and machines as they are, a turn or a delay at a time, and what a stream makes of them.

A trace is drawn from a seed of its own, so a stream over it is arithmetic: the same every time.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes import run_virtually
from tests.flow.stream import Stream

INTERVAL = 1 / 30
GAP = 1.5 * INTERVAL
"""A picture that comes later than this after the one before is seen to be late."""


@dataclass(frozen=True)
class Trace:
    """A model: what its n-th turn takes, how many pictures it makes; and what the way takes."""

    turn: Callable[[random.Random, int], float]
    way: Callable[[random.Random, float], float] | None = None
    count: int = 1
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What viewers had of a trace. `ages` are seconds from a picture's turn to its showing."""

    shown: list[float]
    ages: list[float]
    leads: list[float]

    @property
    def gaps(self) -> list[float]:
        """The instants of pictures that were seen to be late."""
        return [b for a, b in itertools.pairwise(self.shown) if b - a > GAP]

    def age(self, quantile: float) -> float:
        """Return what a share of the pictures was no older than."""
        return sorted(self.ages)[int(quantile * (len(self.ages) - 1))]

    def settled(self, after: float, seconds: float) -> float:
        """Return how long after an instant the pictures' age is at most that, for good."""
        return max(t for t, age in zip(self.shown, self.ages, strict=True) if age > seconds) - after


def play(trace: Trace, seconds: float, seed: int = 1) -> Outcome:
    """Run a stream over a trace for a while. Instants count from its beginning."""
    turns, ways = random.Random(seed), random.Random(seed + 1)

    async def main() -> Outcome:
        began = 1000.0
        way = trace.way
        stream = Stream(
            **{"bound": 4, **trace.facts},
            way=None if way is None else lambda now: way(ways, now - began),
        )
        await stream.run(seconds, lambda number: trace.turn(turns, number), trace.count)
        stream.playout.close()
        return Outcome(
            shown=[instant - began for _, instant in stream.shown],
            ages=[at - stream.begun[n] for n, at in stream.shown if n in stream.begun],
            leads=[grant.lead for grant in stream.grants],
        )

    return run_virtually(main())


def every(number: int, usual: float, rare: float, first: int = 1) -> Callable[..., float]:
    """Take a rare time in every so many turns."""
    return lambda chance, n: rare if n % number == number - first else usual


def once(number: int, usual: float, rare: float) -> Callable[..., float]:
    """Take a rare time in one turn."""
    return lambda chance, n: rare if n == number else usual


def noise(chance: random.Random) -> float:
    """A machine that others use too: mostly a millisecond or two, 1 in 60 up to many."""
    stall = min(0.15, 0.01 * chance.paretovariate(1.2)) if chance.random() < 1 / 60 else 0.0
    return chance.expovariate(1 / 0.0015) + stall


TRACES = {
    "steady, 2 ms": Trace(lambda chance, n: 0.002),
    "near its period, 20 to 31 ms": Trace(lambda chance, n: chance.uniform(0.020, 0.031)),
    "60 ms every 5 s": Trace(every(150, 0.002, 0.060)),
    "60 ms every 2.5 s": Trace(every(75, 0.002, 0.060)),
    "60 ms every 1.5 s": Trace(every(45, 0.002, 0.060)),
    "80 ms every 12 s": Trace(every(360, 0.002, 0.080)),
    "bursts of 5 and 60 ms": Trace(lambda chance, n: 0.060 if n % 2 else 0.005),
    "bursts of 5 and 60 ms, unevenly": Trace(
        lambda chance, n: chance.choice((0.060, 0.005, 0.005))
    ),
    "batches of 8 in 100 ms": Trace(lambda chance, n: chance.uniform(0.09, 0.11), count=8),
    "one by one, 0.9 s every 30": Trace(every(30, 0.0005, 0.9), facts={"bound": 50, "first": 4}),
    "noisy machine, 5 ms": Trace(
        lambda chance, n: 0.005 + noise(chance), lambda chance, now: noise(chance) / 2
    ),
    "noisy machine, 20 ms": Trace(
        lambda chance, n: 0.020 + noise(chance), lambda chance, now: noise(chance) / 2
    ),
    "very noisy, 10 ms": Trace(
        lambda chance, n: 0.010 + noise(chance) * 3, lambda chance, now: noise(chance)
    ),
    "busy beginning": Trace(lambda chance, n: 0.005 + (noise(chance) * 10 if n < 45 else 0.0)),
    "slower than its rate, 50 ms": Trace(lambda chance, n: 0.050),
}
