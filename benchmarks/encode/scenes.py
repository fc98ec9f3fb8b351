"""What is encoded: three scenes, made from their number alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def _i420(luma: NDArray[Any], u: NDArray[Any], v: NDArray[Any]) -> Picture:
    height, width = luma.shape
    picture = np.empty((height * 3 // 2, width), np.uint8)
    picture[:height] = luma
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    chroma[0], chroma[1] = u, v
    return picture


def gradient(width: int, height: int, count: int) -> Iterator[Picture]:
    """Colour waves that drift slowly: what an easy generative clip looks like."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cy, cx = y[::2, ::2], x[::2, ::2]
    for i in range(count):
        luma = 128 + 90 * np.sin(x / 210 + i / 20) * np.cos(y / 170 - i / 33)
        u = 128 + 60 * np.sin(cx / 300 - i / 40)
        v = 128 + 60 * np.cos(cy / 250 + i / 50)
        yield _i420(*(plane.astype(np.uint8) for plane in (luma, u, v)))


def game(width: int, height: int, count: int) -> Iterator[Picture]:
    """A textured world panning fast, two moving bodies, grain on every picture."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(20, 200, (height // 4, width // 2), dtype=np.uint8)
    world = cv2.resize(coarse, (2 * width, height), interpolation=cv2.INTER_CUBIC)
    grain = rng.integers(0, 12, (height + 64, width + 64), dtype=np.uint8)
    for i in range(count):
        left = (i * 6) % width
        luma = np.ascontiguousarray(world[:, left : left + width])
        dy, dx = rng.integers(0, 64, 2)
        luma = luma + grain[dy : dy + height, dx : dx + width]
        for phase in (0.0, 2.0):
            x = int(width * (0.5 + 0.35 * math.cos(i / 9 + phase)))
            y = int(height * (0.5 + 0.3 * math.sin(i / 7 + phase)))
            cv2.circle(luma, (x, y), height // 9, 230, -1)
        small = cv2.resize(luma, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        yield _i420(luma, small // 3 + 80, 160 - small // 4)


def head(width: int, height: int, count: int) -> Iterator[Picture]:
    """A still room with sensor noise, a head that sways, eyes and a mouth that move."""
    rng = np.random.default_rng(2)
    room = cv2.resize(
        rng.integers(60, 150, (9, 16), dtype=np.uint8),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    skin = rng.integers(0, 18, (height, width), dtype=np.uint8)
    noise = rng.integers(0, 5, (height + 64, width + 64), dtype=np.uint8)
    for i in range(count):
        cx = int(width * 0.5 + width * 0.03 * math.sin(i / 11))
        cy = int(height * 0.52 + height * 0.02 * math.sin(i / 6))
        mask = np.zeros((height, width), np.uint8)
        cv2.ellipse(mask, (cx, cy), (height // 4, height // 3), 0, 0, 360, 255, -1)
        face = np.roll(skin, (cy, cx), (0, 1)) + np.uint8(165)
        luma = np.where(mask > 0, face, room)
        for side in (-1, 1):
            eye = (cx + side * height // 10, cy - height // 10)
            lid = max(1, int(height / 40 * abs(math.sin(i / 14))))
            cv2.ellipse(luma, eye, (height // 28, lid), 0, 0, 360, 30, -1)
        mouth = 2 + int(height / 26 * abs(math.sin(i / 3)))
        cv2.ellipse(luma, (cx, cy + height // 7), (height // 14, mouth), 0, 0, 360, 60, -1)
        dy, dx = rng.integers(0, 64, 2)
        luma = luma + noise[dy : dy + height, dx : dx + width]
        small = cv2.resize(mask, (width // 2, height // 2))
        yield _i420(luma, 128 - small // 12, 128 + small // 9)


SCENES: dict[str, Callable[[int, int, int], Iterator[Picture]]] = {
    "gradient": gradient,
    "game": game,
    "head": head,
}
