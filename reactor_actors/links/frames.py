"""What the two ends of a ring link say to each other, beside the messages of `core/messages.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from reactor_actors.core.messages import FromModel, Grant, ToModel


@dataclass(frozen=True, slots=True)
class RingMade:
    """The writer has a new ring; its descriptor comes with this. Older ones get nothing more."""

    number: int
    slots: int
    size: int


@dataclass(frozen=True, slots=True)
class Released:
    """The reader is done with these slots of a ring."""

    ring: int
    slots: list[int]


@dataclass(frozen=True, slots=True)
class PlacedPicture:
    """An I420 picture in a slot; pictures lie there in the order in which they are told."""

    track: str
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class TickSound:
    """A tick's share of the sound of one track: (channels, n) int16, row after row."""

    track: str
    channels: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Pushed:
    """A granted tick, its pictures in a slot. Without a ring and a slot it has none.

    `admitted_at` is an instant of the clock that both ends share, `held` the seconds that the tick
    had waited by then.
    """

    epoch: int
    turn: float = 0.0
    ring: int | None = None
    slot: int | None = None
    pictures: list[PlacedPicture] = field(default_factory=list)
    sound: list[TickSound] = field(default_factory=list)
    admitted_at: float = 0.0
    held: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut:
    """Drop what is queued from before this epoch."""

    epoch: int
    black: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """The playout rate has changed."""

    fps: float


@dataclass(frozen=True, slots=True)
class Fed:
    """An input frame in a slot: (rows, columns) of uint8, or of int16 when it is sound."""

    track: str
    ring: int
    slot: int
    rows: int
    columns: int
    sound: bool
    pts: float | None
    height: int | None
    width: int | None


TO_MODEL: tuple[type, ...] = (*get_args(ToModel), Grant, RingMade, Fed, Released)
TO_CLIENTS: tuple[type, ...] = (*get_args(FromModel), RingMade, Pushed, Cut, Rate, Released)
