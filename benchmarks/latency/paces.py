"""How models work: what each turn takes, and how many pictures it makes. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

FPS = 30


@dataclass(frozen=True)
class Pace:
    """A sort of model. `seconds` says what a turn takes, from its number."""

    name: str
    seconds: Callable[[int], float]
    pictures: int = 1


FAST = Pace("fast", lambda number: 0.002)
PACES = {
    pace.name: pace
    for pace in (
        FAST,
        Pace("near its period", lambda number: 0.025),
        Pace("too slow", lambda number: 0.045),
        Pace("bursts", lambda number: 0.060 if number % 2 else 0.005),
        Pace("batches of 8", lambda number: 0.100, pictures=8),
        Pace("a pause every 5 s", lambda number: 0.080 if number % (5 * FPS) == 140 else 0.002),
    )
}
