"""What a measurement is to be, and what its viewers report: plain data that crosses processes.

Instants are those of the system's monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

READY = "ready"
"""What a process of viewers says before anything else."""


@dataclass(frozen=True, slots=True)
class Call:
    """A command that viewers say."""

    command: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A measurement. `start` and `end` are instants; `numbers` are the viewers of one process.

    Viewers set out one after the other for `ramp` seconds. Each says one of the `calls` after the
    other, every `pause` seconds; without any it asks for the schema. A connection has `patience`
    seconds to come about.
    """

    url: str
    viewers: int
    ramp: float = 0.0
    token: str | None = field(default=None, repr=False)
    calls: tuple[Call, ...] = ()
    pause: float = 1.0
    patience: float = 30.0
    start: float = 0.0
    end: float = 0.0
    numbers: tuple[int, ...] = ()

    def sets_out(self, number: int) -> float:
        """Return when a viewer sets out."""
        return self.start + self.ramp * number / max(1, self.viewers)

    def dealt(self, processes: int) -> list[Plan]:
        """Deal the viewers out in turn, so that a ramp loads every process alike."""
        hands = [tuple(range(n, self.viewers, processes)) for n in range(processes)]
        return [replace(self, numbers=hand) for hand in hands if hand]

    def to_json(self) -> str:
        """Return it as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Plan:
        """Read what `to_json` wrote."""
        told = json.loads(line)
        calls = tuple(Call(**call) for call in told.pop("calls"))
        return cls(calls=calls, numbers=tuple(told.pop("numbers")), **told)


@dataclass(frozen=True, slots=True)
class Connected:
    """A viewer is connected. Seconds from when it set out; `queued` of them it waited its turn."""

    viewer: int
    seconds: float
    queued: float
    session: str


@dataclass(frozen=True, slots=True)
class FirstPicture:
    """A viewer has its first picture, `seconds` after it had its turn."""

    viewer: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What came in the `seconds` up to instant `at`: `gap` is the longest time between pictures."""

    viewer: int
    at: float
    seconds: float
    pictures: int
    size: int
    gap: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A call was answered after `seconds`, or refused: then `error` says why."""

    viewer: int
    at: float
    seconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """What the network did: packets of the watched track, and their jitter in seconds."""

    viewer: int
    received: int
    lost: int
    jitter: float


@dataclass(frozen=True, slots=True)
class Trouble:
    """A viewer could not connect, or was cut off."""

    viewer: int
    at: float
    reason: str


Report = Connected | FirstPicture | Sample | Answer | Quality | Trouble
_KINDS = {kind.__name__: kind for kind in Report.__args__}


def written(report: Report) -> str:
    """Return a report as one line."""
    return json.dumps({"kind": type(report).__name__, **asdict(report)})


def read(line: str) -> Report:
    """Read what `written` wrote. Raises `ValueError` for anything else."""
    try:
        told = json.loads(line)
        report: Report = _KINDS[told.pop("kind")](**told)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"no report: {line[:80]!r}") from None
    return report
