"""How a test reads the test card's picture and hears its tone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tests.clients.model import card

T = TypeVar("T")
SECONDS = 15.0

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Seen:
    """What one picture says."""

    bars: tuple[Colour, ...]
    number: int
    block: str
    webcam: Colour
    loudness: float
    file: Colour


@dataclass(frozen=True)
class Heard:
    """What a stretch of sound says: its strongest frequency, and its level from 0 to 1."""

    hertz: float
    level: float


def see(picture: NDArray[np.uint8]) -> Seen:
    """Read a picture of the test card, at whatever size it arrived."""
    rows = np.array_split(picture, card.HEIGHT // card.ROW)
    assert len(rows) == 4

    def cell(row: int, left: float, right: float) -> Colour:
        """Return the mean colour within a cell, away from its edges."""
        height, width = rows[row].shape[:2]
        margin = (right - left) * 0.2
        a, b = round((left + margin) * width), round((right - margin) * width)
        inner = rows[row][height // 5 : -height // 5, a:b]
        red, green, blue = inner.reshape(-1, 3).mean(axis=0)
        return round(red), round(green), round(blue)

    bars, bits = len(card.BARS), card.BITS
    number = 0
    for i in range(bits):
        number = number * 2 + (sum(cell(1, i / bits, (i + 1) / bits)) > 384)
    block = cell(2, 0.0, 0.5)
    meter = rows[3][rows[3].shape[0] // 2, : picture.shape[1] // 2].mean(axis=1)
    return Seen(
        bars=tuple(cell(0, i / bars, (i + 1) / bars) for i in range(bars)),
        number=number,
        block=min(card.COLOURS, key=lambda name: distance(card.COLOURS[name], block)),
        webcam=cell(2, 0.5, 1.0),
        loudness=float((meter > 128).mean()),
        file=cell(3, 0.5, 1.0),
    )


def distance(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """Return how far two colours are apart: the largest difference of a channel.

    Browsers convert a canvas with another matrix than a decoder assumes: a saturated green
    arrives 40 brighter. The tests' colours are such that 30 is enough.
    """
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def hear(samples: NDArray[Any], rate: int) -> Heard:
    """Measure sound; samples go from -1 to 1."""
    if not samples.size:
        return Heard(0.0, 0.0)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    spectrum[0] = 0.0
    hertz = float(np.argmax(spectrum) * rate / samples.size)
    return Heard(hertz, float(np.sqrt(np.mean(samples**2)) * np.sqrt(2)))


async def until(
    attempt: Callable[[], Awaitable[T] | T], what: str = "", seconds: float = SECONDS
) -> T:
    """Return the first value of `attempt()` that is true, asking again and again."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while clock() < deadline:
        value = attempt()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds:g} s: {what or attempt!r}")
