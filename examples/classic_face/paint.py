"""What a puppet is made of: the felt of its head, its eyes' white, and the stage behind it.

All of it is painted once for each colour; `puppet.py` puts it together for every picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = Literal["mint", "coral", "violet", "honey"]
Image: TypeAlias = NDArray[np.uint8]
Plane: TypeAlias = NDArray[np.float32]
RGB: TypeAlias = tuple[int, int, int]

SPARE = 1.08
"""How much wider than the head its picture is, so that it can be tilted."""


@dataclass(frozen=True)
class Palette:
    """The colours of one puppet."""

    felt: RGB
    rim: RGB
    iris: RGB
    stage: tuple[RGB, RGB]
    jumper: tuple[RGB, RGB]


PALETTES: dict[Colour, Palette] = {
    "mint": Palette(
        (108, 214, 176), (255, 150, 190), (240, 150, 40), ((58, 30, 84), (16, 12, 38)),
        ((250, 205, 92), (236, 92, 108)),
    ),
    "coral": Palette(
        (255, 128, 104), (120, 205, 255), (50, 150, 190), ((14, 74, 92), (6, 20, 40)),
        ((245, 240, 225), (44, 96, 140)),
    ),
    "violet": Palette(
        (160, 128, 244), (255, 205, 120), (110, 190, 70), ((96, 36, 70), (24, 8, 34)),
        ((90, 220, 205), (44, 40, 110)),
    ),
    "honey": Palette(
        (252, 194, 84), (150, 130, 255), (90, 110, 220), ((30, 44, 110), (10, 10, 36)),
        ((236, 96, 84), (250, 238, 214)),
    ),
}  # fmt: skip


def centred(width: int, height: int) -> tuple[Plane, Plane]:
    """Return x and y of every pixel, in pixels from the middle."""
    x = np.arange(width, dtype=np.float32) - (width - 1) / 2
    y = np.arange(height, dtype=np.float32) - (height - 1) / 2
    return np.broadcast_to(x[None, :], (height, width)), np.broadcast_to(
        y[:, None], (height, width)
    )


def tinted(colour: RGB, light: Plane) -> Plane:
    """Return a colour under a light that differs from pixel to pixel."""
    return np.float32(colour) * light[..., None]


def paint_head(palette: Palette, size: int) -> Image:
    """Return a ball of felt with ears, RGBA, its alpha multiplied in."""
    half, felt = size / 2, np.random.default_rng(3)
    x, y = (SPARE * plane / half for plane in centred(size, size))
    nap = cv2.GaussianBlur(felt.standard_normal((size, size), np.float32), (0, 0), 0.9) * 0.055
    picture, alpha = np.zeros((size, size, 3), np.float32), np.zeros((size, size), np.float32)
    balls = ((-0.80, -0.22, 0.19, 0.21), (0.80, -0.22, 0.19, 0.21), (0.0, 0.02, 0.84, 0.88))
    for at_x, at_y, wide, high in balls:
        # Wider below than above: cheeks.
        narrow = 1 + (0.07 * (y - at_y) if wide > 0.5 else 0)
        u, v = (x - at_x) / (wide * narrow), (y - at_y) / high
        distance = u * u + v * v
        z = np.sqrt(np.clip(1 - distance, 0, 1))
        light = np.clip(-0.42 * u - 0.58 * v + 0.70 * z, 0, 1)
        back = np.clip(0.85 * u + 0.25 * v - 0.35 * z, 0, 1) ** 2
        skin = tinted(palette.felt, (0.34 + 0.76 * light) * (1 + nap))
        skin += tinted(palette.rim, 0.75 * back) + 26 * light[..., None] ** 6
        inside = np.clip((1 - np.sqrt(distance)) * half * wide + 0.5, 0, 1)
        picture += (skin - picture) * inside[..., None]
        alpha = np.maximum(alpha, inside)
    whole = np.dstack([picture * alpha[..., None], alpha * 255])
    return np.clip(whole, 0, 255).astype(np.uint8)


def paint_white(wide: int, high: int) -> tuple[Plane, Plane]:
    """Return an eyeball without an iris, and how much of each pixel belongs to it."""
    x, y = centred(2 * wide + 4, 2 * high + 4)
    distance = np.sqrt((x / wide) ** 2 + (y / high) ** 2)
    light = 1 - 0.30 * np.clip(distance, 0, 1) ** 3 - 0.22 * np.clip(-y / high, 0, 1) ** 2
    inside = np.clip((1 - distance) * min(wide, high) + 0.5, 0, 1)
    return tinted((252, 250, 246), light), inside.astype(np.float32)


def paint_iris(palette: Palette, radius: int) -> Plane:
    """Return an iris with its pupil, RGBA, its alpha multiplied in."""
    x, y = centred(2 * radius + 4, 2 * radius + 4)
    distance = np.sqrt(x * x + y * y) / radius
    angle = np.arctan2(y, x)
    rays = 0.88 + 0.10 * np.sin(22 * angle + 3 * np.sin(5 * angle)) * np.clip(distance, 0, 1)
    light = rays * (0.62 + 0.55 * np.clip(y / radius, -0.5, 1)) * (1.15 - 0.55 * distance**6)
    picture = tinted(palette.iris, light)
    pupil = np.clip((0.56 - distance) * radius + 0.5, 0, 1)[..., None]
    picture += (np.float32((14, 10, 18)) - picture) * pupil
    alpha = np.clip((1 - distance) * radius + 0.5, 0, 1)
    return np.dstack([np.clip(picture, 0, 255) * alpha[..., None], alpha]).astype(np.float32)


def paint_stage(palette: Palette, width: int, height: int) -> Image:
    """Return a dim stage with a spotlight and lamps out of focus."""
    lamps = np.random.default_rng(11)
    x, y = centred(width, height)
    down = (y / height + 0.5)[..., None]
    top, bottom = (np.float32(colour) for colour in palette.stage)
    picture = top + (bottom - top) * down
    spot = np.exp(-((x / (0.36 * width)) ** 2 + ((y + 0.05 * height) / (0.46 * height)) ** 2))
    picture = picture + tinted(palette.felt, 0.34 * spot)
    for _ in range(26):
        at_x, at_y = lamps.uniform(-0.5, 0.5) * width, lamps.uniform(-0.5, 0.42) * height
        radius = lamps.uniform(0.018, 0.06) * height
        distance = np.sqrt((x - at_x) ** 2 + (y - at_y) ** 2)
        disc = np.clip((radius - distance) / 2.5 + 0.5, 0, 1) * (0.7 + 0.3 * distance / radius)
        colour = (palette.rim, palette.felt, palette.jumper[0])[lamps.integers(3)]
        picture += tinted(colour, disc * lamps.uniform(0.05, 0.20))
    edge = 1 - 0.55 * np.clip((x / width) ** 2 * 2.4 + (y / height) ** 2 * 2.4 - 0.35, 0, 1)
    return np.clip(picture * edge[..., None], 0, 255).astype(np.uint8)


def paint_jumper(palette: Palette, width: int, height: int) -> Image:
    """Return shoulders in a striped jumper, RGBA, its alpha multiplied in."""
    x, y = centred(width, height)
    y = y + height / 2
    u = x / (0.5 * width)
    shoulder = height * (0.16 + 0.80 * np.abs(u) ** 2.6)
    inside = np.clip(y - shoulder + 0.5, 0, 1)
    fall = y - 0.30 * height * (1 - u * u)
    stripe = np.clip(np.sin(fall * (2 * np.pi / (0.42 * height))) * 3 + 0.5, 0, 1)
    knit = 1 + 0.10 * np.sin(x * 1.1) * np.sin(fall * 0.9 + np.abs(np.sin(x * 0.55)))
    light = (1.02 - 0.75 * np.abs(u + 0.15) ** 2) * (0.80 + 0.35 * np.clip(y / height, 0, 1)) * knit
    shade = 1 - 0.62 * np.exp(-((x / (0.30 * width)) ** 2) - (y / (0.42 * height)) ** 2)
    one, other = palette.jumper
    picture = tinted(one, light * stripe) + tinted(other, light * (1 - stripe))
    picture = picture * shade[..., None] * inside[..., None]
    return np.clip(np.dstack([picture, inside * 255]), 0, 255).astype(np.uint8)


def paint_shine(radius: int) -> Plane:
    """Return the two bright spots on an eye, 0 to 1."""
    x, y = (plane / radius for plane in centred(2 * radius + 4, 2 * radius + 4))
    shine = np.zeros_like(x)
    for away, size in ((-0.36, 0.24), (0.38, 0.12)):
        distance = np.sqrt((x - away) ** 2 + (y - away) ** 2)
        shine = np.maximum(shine, np.clip((size - distance) * radius + 0.5, 0, 1))
    return shine.astype(np.float32)


def paint_glow(radius: int) -> Plane:
    """Return light that falls off from the middle, 0 to 1."""
    x, y = centred(2 * radius, 2 * radius)
    distance = np.sqrt(x * x + y * y) / radius
    return ((1 - np.clip(distance, 0, 1) ** 2) ** 2).astype(np.float32)
