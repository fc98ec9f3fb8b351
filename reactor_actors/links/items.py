"""What the two ends of a refs link say to each other, beside the messages of `core/messages.py`.

An item that has pictures or sound to look at takes the next array of its call: arrays travel as
arguments of their own, everything else as frames (`framing.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from reactor_actors.core.messages import FromModel, ToModel
from reactor_actors.links.frames import Cut, PlacedPicture, Rate, TickSound


@dataclass(frozen=True, slots=True)
class Hello:
    """The model's end is there. It may have `bound` ticks waiting to be played."""

    bound: int


@dataclass(frozen=True, slots=True)
class Wants:
    """What room the model needs to know of: up to `ticks`, step by step or all of it at once."""

    ticks: int
    stepwise: bool


@dataclass(frozen=True, slots=True)
class AdmittedTick:
    """A tick that has taken its credit; its pictures follow those of the tick before it."""

    turn: float
    pictures: list[PlacedPicture]
    sound: list[TickSound]


@dataclass(frozen=True, slots=True)
class Admitted:
    """Ticks of one batch that were admitted together, their pictures in one array."""

    epoch: int
    ticks: list[AdmittedTick]


@dataclass(frozen=True, slots=True)
class Granted:
    """A `Grant` for another machine: the next tick is due `wait` seconds from now.

    Later ones have higher numbers, so a reply and a call may overtake each other.
    """

    number: int
    done: int
    wait: float
    interval: float
    lead: float


@dataclass(frozen=True, slots=True)
class Fed:
    """An input frame; its array comes with the call."""

    track: str
    pts: float | None
    height: int | None
    width: int | None


@dataclass(frozen=True, slots=True)
class Farewell:
    """The last word of an end that closes."""

    reason: str


TO_MODEL: tuple[type, ...] = (*get_args(ToModel), Granted, Fed, Farewell)
TO_CLIENTS: tuple[type, ...] = (
    *get_args(FromModel), Hello, Wants, Admitted, Cut, Rate, Farewell,
)  # fmt: skip
