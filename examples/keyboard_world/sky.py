"""Light for a time of day: a panorama of the sky, and the island as the sun shows it."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from island import CELL, Floats, Island, Picture, cloud, slopes

WIDE, TALL = 1536, 384  # the panorama: all around, and from the horizon up to the zenith
# Of each hour: the sky's colour at the zenith, at the horizon, and that of sun or moon.
HOURS = {
    0.0: ((6, 9, 24), (16, 22, 42), (104, 122, 176)),
    5.0: ((14, 18, 44), (60, 48, 70), (120, 110, 150)),
    6.5: ((60, 84, 140), (250, 170, 120), (255, 160, 96)),
    8.0: ((70, 120, 190), (200, 214, 226), (255, 226, 190)),
    12.0: ((58, 118, 202), (186, 212, 234), (255, 248, 232)),
    16.0: ((64, 120, 196), (206, 212, 216), (255, 232, 190)),
    18.0: ((58, 84, 150), (255, 186, 118), (255, 170, 90)),
    19.2: ((40, 44, 96), (226, 108, 88), (220, 100, 80)),
    20.5: ((12, 14, 38), (40, 38, 70), (98, 100, 150)),
    24.0: ((6, 9, 24), (16, 22, 42), (104, 122, 176)),
}

Direction = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """What `View` draws with: the sky, and the island's colours with a fourth channel for water."""

    hour: float
    sky: Picture
    land: Picture


class Sun:
    """Lights one island."""

    def __init__(self, island: Island, seed: int = 2) -> None:
        rng = np.random.default_rng(seed)
        self.island = island
        self.east, self.south = slopes(island.heights)
        open_sky = island.heights - cv2.GaussianBlur(island.heights, (0, 0), 5)
        self.open = np.clip(1 + open_sky * 0.12, 0.55, 1.1).astype(np.float32)
        self.water = np.where(island.heights < 0, 255, 0).astype(np.uint8)
        half = cloud(rng, TALL, 5, 6)
        drift = cv2.resize(half, (WIDE // 2, TALL))
        self.clouds = np.hstack((drift, drift[:, ::-1]))  # mirrored, so that it closes all around
        self.stars = np.where(rng.random((TALL, WIDE)) > 0.9994, rng.random((TALL, WIDE)), 0)

    def light(self, hour: float) -> Light:
        """Light everything for an hour from 0 to 24; takes some tens of milliseconds."""
        day = (hour - 5.5) / 14  # from sunrise to sunset; then the moon goes the same way
        turn = math.pi * (day if 0 <= day <= 1 else ((hour - 19.5) % 24) / 10)
        night = float(np.interp(hour, (0, 4.5, 6, 19, 20.5, 24), (1, 1, 0, 0, 1, 1)))
        east, up, south = math.cos(turn), 0.03 + 0.8 * math.sin(turn), 0.45
        length = math.hypot(east, up, south)
        towards = (east / length, up / length, south / length)
        return Light(hour, self._sky(hour, towards, night), self._land(hour, towards))

    def _sky(self, hour: float, towards: Direction, night: float) -> Picture:
        zenith, horizon, sun = colours_at(hour)
        up = np.linspace(0, np.pi / 2, TALL, dtype=np.float32)[:, None]
        around = np.linspace(0, 2 * np.pi, WIDE, endpoint=False, dtype=np.float32)
        near = np.cos(up) * (np.sin(around) * towards[0] - np.cos(around) * towards[2])
        near += np.sin(up) * towards[1]  # the cosine of the angle to the sun
        high = (1 - (1 - np.sin(up)) ** 2.4)[..., None]
        sky = horizon + (zenith - horizon) * high
        glow = np.exp((near - 1) * 7) * (1 - 0.75 * night)
        sky = sky + (0.62 * glow)[..., None] * sun
        thick = np.clip((self.clouds - 0.5) * 2.6, 0, 1) * np.clip(np.sin(up) * 5, 0, 1)
        lit = 0.55 * horizon + (0.35 + 0.5 * np.exp((near - 1) * 4))[..., None] * sun * (
            1 - 0.6 * night
        )
        sky += (lit - sky) * (0.75 * thick)[..., None]
        sky += (self.stars * night * (1 - thick) * 255)[..., None]
        disc = np.clip((near - (0.9993 if night < 0.5 else 0.9996)) * 9000, 0, 1)
        disc = disc + 0.35 * np.exp((near - 1) * 400)
        sky += disc[..., None] * (sun + 60) * (1 - 0.7 * thick[..., None])
        return np.clip(sky, 0, 255).astype(np.uint8)

    def _land(self, hour: float, towards: Direction) -> Picture:
        zenith, horizon, sun = colours_at(hour) / 255
        facing = towards[1] - self.east * towards[0] - self.south * towards[2]
        facing /= np.sqrt(1 + self.east**2 + self.south**2)
        facing = np.clip(facing, 0, 1) * (1 - 0.85 * self._shadow(towards)) * self.open
        ambient = 0.27 * (horizon + zenith) + 0.08
        shine = facing[..., None] * (0.88 * sun) + self.open[..., None] * ambient
        land = np.clip(self.island.colours * shine, 0, 255).astype(np.uint8)
        return np.dstack((land, self.water))

    def _shadow(self, towards: Direction) -> Floats:
        """Return 1 where something stands between the land and the sun, at half the resolution."""
        heights = cv2.resize(self.island.heights, None, fx=0.5, fy=0.5)
        size, flat = len(heights), math.hypot(towards[0], towards[2])
        east, south, climb = towards[0] / flat, towards[2] / flat, towards[1] / flat
        highest = np.full_like(heights, -99)
        for step in 1.2 * 1.16 ** np.arange(26):
            shift = np.float32([[1, 0, -east * step], [0, 1, -south * step]])
            seen = cv2.warpAffine(heights, shift, (size, size))
            highest = cv2.max(highest, seen - float(climb * step * 2 * CELL))
        dark = np.clip((highest - heights - 0.1) * 2, 0, 1)
        return cv2.resize(cv2.GaussianBlur(dark, (0, 0), 0.8), self.island.heights.shape)


def colours_at(hour: float) -> Floats:
    """Return the three colours of an hour."""
    known = np.array(list(HOURS.values()), np.float32).reshape(len(HOURS), 9)
    colours = [np.interp(hour, list(HOURS), channel) for channel in known.T]
    return np.array(colours, np.float32).reshape(3, 3)
