"""A clock that survives video compression: milliseconds as black and white blocks."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

BITS = 24
BLOCK = 32
HEIGHT, WIDTH = 720, 1280


def stamp(picture: NDArray[np.uint8], milliseconds: int) -> None:
    """Draw a time into the top row of blocks."""
    for bit in range(BITS):
        level = 235 if milliseconds >> bit & 1 else 16
        picture[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = level


def read(luma: NDArray[np.uint8]) -> int:
    """Read the time back from a decoded picture's luma."""
    centre = slice(BLOCK // 4, 3 * BLOCK // 4)
    value = 0
    for bit in range(BITS):
        block = luma[centre, bit * BLOCK + BLOCK // 4 : (bit + 1) * BLOCK - BLOCK // 4]
        value |= int(block.mean() > 128) << bit
    return value


def mark(picture: NDArray[np.uint8], flag: bool) -> None:
    """Draw a flag below the clock."""
    picture[2 * BLOCK : 4 * BLOCK, : 2 * BLOCK] = 235 if flag else 16


def flagged(luma: NDArray[np.uint8]) -> bool:
    """Read the flag back."""
    return bool(luma[2 * BLOCK + 16 : 4 * BLOCK - 16, 16 : 2 * BLOCK - 16].mean() > 128)


def now() -> int:
    """Milliseconds of the clock all processes of a machine share, as many bits as are drawn."""
    return int(time.monotonic() * 1000) & ((1 << BITS) - 1)


def since(milliseconds: int) -> int:
    """Milliseconds from a drawn time until now."""
    return (now() - milliseconds) & ((1 << BITS) - 1)


class Scenery:
    """A picture that moves like a game's: a textured landscape, panned."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        wide = 2 * WIDTH
        y, x = np.mgrid[0:HEIGHT, 0:wide].astype(np.float32)
        hills = 40 * np.sin(x / 90) + 25 * np.sin(x / 37 + 1)
        ground = y > HEIGHT / 2 + hills
        noise = rng.normal(0, 10, (HEIGHT // 4, wide // 4)).repeat(4, 0).repeat(4, 1)
        sky = np.stack([90 + y / 8, 130 + y / 8, 220 - y / 12], -1)
        grass = np.stack([60 + noise, 120 + noise + x % 64 / 4, 50 + noise], -1)
        self._land = np.where(ground[..., None], grass, sky).clip(0, 255).astype(np.uint8)

    def draw(self, number: int, flag: bool) -> NDArray[np.uint8]:
        """Return picture number `number`, with the clock and a flag in it."""
        offset = number * 4 % WIDTH
        picture = self._land[:, offset : offset + WIDTH].copy()
        stamp(picture, now())
        mark(picture, flag)
        return picture
