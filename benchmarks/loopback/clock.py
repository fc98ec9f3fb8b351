"""A clock that survives video compression: milliseconds as black and white blocks."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

BITS, PER_ROW = 24, 12  # two rows of blocks, so that a picture of 640x360 has room for them
BLOCK, EDGE = 32, 8
BLACK, WHITE = 16, 235
HEIGHT = 720


def width_of(height: int) -> int:
    """Return how wide a picture of 16:9 is, as an even number."""
    return height * 16 // 9 // 2 * 2


def stamp(picture: NDArray[np.uint8], milliseconds: int) -> None:
    """Draw a time into the top rows of blocks."""
    for bit in range(BITS):
        _block(picture, bit)[:] = WHITE if milliseconds >> bit & 1 else BLACK


def read(luma: NDArray[np.uint8]) -> int:
    """Read the time back from a decoded picture's luma."""
    return sum(int(_bright(_block(luma, bit))) << bit for bit in range(BITS))


def mark(picture: NDArray[np.uint8], flag: bool) -> None:
    """Draw a flag below the clock."""
    _flag(picture)[:] = WHITE if flag else BLACK


def flagged(luma: NDArray[np.uint8]) -> bool:
    """Read the flag back."""
    return _bright(_flag(luma))


def _block(picture: NDArray[np.uint8], bit: int) -> NDArray[np.uint8]:
    row, column = divmod(bit, PER_ROW)
    return picture[row * BLOCK : (row + 1) * BLOCK, column * BLOCK : (column + 1) * BLOCK]


def _flag(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return picture[3 * BLOCK : 5 * BLOCK, : 2 * BLOCK]


def _bright(block: NDArray[np.uint8]) -> bool:
    """Whether a block is white, by its middle: compression blurs its edges."""
    return bool(block[EDGE:-EDGE, EDGE:-EDGE].mean() > 128)


def now() -> int:
    """Milliseconds of the clock all processes of a machine share, as many bits as are drawn."""
    return int(time.monotonic() * 1000) & ((1 << BITS) - 1)


def since(milliseconds: int) -> int:
    """Milliseconds from a drawn time until now."""
    return (now() - milliseconds) & ((1 << BITS) - 1)


class Scenery:
    """A picture that moves like a game's: a textured landscape, panned."""

    def __init__(self, height: int = HEIGHT) -> None:
        self._width = width_of(height)
        rng = np.random.default_rng(3)
        wide = 2 * self._width
        y, x = np.mgrid[0:height, 0:wide].astype(np.float32)
        hills = 40 * np.sin(x / 90) + 25 * np.sin(x / 37 + 1)
        ground = y > height / 2 + hills
        grain = rng.normal(0, 10, (height // 4 + 1, wide // 4)).astype(np.float32)
        noise = grain.repeat(4, 0).repeat(4, 1)[:height]
        sky = np.stack([90 + y / 8, 130 + y / 8, 220 - y / 12], -1)
        grass = np.stack([60 + noise, 120 + noise + x % 64 / 4, 50 + noise], -1)
        self._land = np.where(ground[..., None], grass, sky).clip(0, 255).astype(np.uint8)

    def draw(self, number: int, flag: bool) -> NDArray[np.uint8]:
        """Return picture number `number`, with the clock and a flag in it."""
        offset = number * 4 % self._width
        picture = self._land[:, offset : offset + self._width].copy()
        stamp(picture, now())
        mark(picture, flag)
        return picture
