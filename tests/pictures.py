"""Tiny pictures whose grey level says which one they are."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reactor_actors.core.media import Pixels, Tick
from reactor_actors.core.pixels import to_rgb

STEP = 4
"""Levels apart: a trip through I420 moves a level by two at most."""


def picture(number: int, height: int = 4, width: int = 6) -> Pixels:
    """Return picture number `number`, 0 to 63."""
    return np.full((height, width, 3), number * STEP, np.uint8)


def pictures(numbers: Iterable[int]) -> Pixels:
    """Return a batch."""
    return np.stack([picture(number) for number in numbers])


def number_of(rgb: Pixels) -> int:
    """Return the number of a picture."""
    return round(float(np.mean(rgb)) / STEP)


def numbers_in(ticks: Iterable[Tick], track: str = "main_video") -> list[int]:
    """Return the numbers of the pictures that one track of some ticks has."""
    return [number_of(to_rgb(t.pictures[track])) for t in ticks if track in t.pictures]
