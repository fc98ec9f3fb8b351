"""What happens during a soak, and when: drawn once from a seed, so that a run can be repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Something that happens to a server; the value is what it is called in a tally."""

    LEAVE = "left"
    VANISH = "vanished"
    RELOAD = "reloaded"
    DEAF = "stopped reading"
    UPLOAD = "uploaded"
    END = "sessions ended"
    RAISE = "model raised"
    KILL = "model killed"


EVERY = {
    Kind.LEAVE: 8.0,
    Kind.VANISH: 16.0,
    Kind.RELOAD: 16.0,
    Kind.DEAF: 45.0,
    Kind.UPLOAD: 25.0,
    Kind.END: 20.0,
}
"""How many seconds there are between two of a kind, on average."""

FAILURE_SECONDS = 240.0
"""Between two failures of the model. Supervision gives up at the fourth within ten minutes."""

GUESTS = (Kind.LEAVE, Kind.VANISH, Kind.RELOAD, Kind.DEAF, Kind.UPLOAD)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens, `at` seconds after the load began, and how long a guest stays."""

    at: float
    kind: Kind
    stay: float
    wet: bool
    """Whether the guest's path loses and delays packets."""


def schedule(seconds: float, seed: int) -> list[Event]:
    """Return what happens in so many seconds, in order. Failures come in turn, evenly spread."""
    chance = random.Random(seed)
    events = []
    for kind, mean in EVERY.items():
        at = chance.expovariate(1 / mean)
        while at < seconds:
            events.append(Event(at, kind, chance.uniform(2.0, 6.0), chance.random() < 0.5))
            at += chance.expovariate(1 / mean)
    between = min(FAILURE_SECONDS, seconds / 3)
    for number in range(round(seconds / between)):
        kind = Kind.RAISE if number % 2 else Kind.KILL
        events.append(Event((number + 0.5) * between, kind, 0.0, False))
    return sorted(events, key=lambda event: (event.at, event.kind.value))
