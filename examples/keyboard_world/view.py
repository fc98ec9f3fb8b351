"""Draws what somebody sees who stands on the island: one ray per column, all at once.

Each ray samples the heights at growing distances. Projected to picture rows, a running minimum
along the ray says which samples are in sight; the rows between two of them show what lies between.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from island import CELL, Floats, Island, Picture
from numpy.typing import NDArray
from sky import TALL, WIDE, Light

EYES = 1.7  # metres above the ground
NEAR, FAR = 0.35, 420.0
GRAINED = 40.0


@dataclass
class Eye:
    """Where somebody looks from: metres, and radians. Heading 0 is north, and grows rightwards."""

    x: float
    y: float
    z: float
    heading: float = 0.0
    pitch: float = 0.0


class View:
    """Draws one island at one size."""

    def __init__(self, island: Island, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.heights = island.heights
        self.focal = width / 2 / math.tan(math.radians(38))
        self.depths = np.array(list(distances()), np.float32)
        self.columns = np.arange(width, dtype=np.float32)
        self.spread = ((self.columns + 0.5 - width / 2) / self.focal).astype(np.float32)
        self.grain = grained()

    def draw(self, eye: Eye, light: Light, fog: float, moment: float) -> tuple[Picture, Floats]:
        """Return the picture, and how far ahead each pixel of it is; the sky is at `FAR`."""
        horizon = self.horizon(eye)
        picture, haze = self._sky(eye, light, horizon)
        ahead = self._distances(eye, horizon)
        land = ahead < FAR
        if land.any():
            top = int(land.any(axis=1).argmax())  # above it is nothing but sky
            far, sky = ahead[top:], picture[top:]
            seen = self._land(eye, light, far, horizon - top, sky, moment)
            clear = np.exp(far * -(0.0012 + 0.03 * fog * fog))
            seen = cv2.blendLinear(seen, np.tile(haze, (len(far), 1, 1)), clear, 1 - clear)
            cv2.copyTo(seen, land[top:].astype(np.uint8), sky)
        return picture, ahead

    def horizon(self, eye: Eye) -> float:
        """Return the row of what is as high as the eye."""
        return self.height / 2 + self.focal * math.tan(eye.pitch)

    def _rays(self, eye: Eye) -> tuple[Floats, Floats]:
        """Return how far each column's ray gets to the east and to the south, per metre ahead."""
        east, north = math.sin(eye.heading), math.cos(eye.heading)
        return east + self.spread * north, -north + self.spread * east

    def _sky(self, eye: Eye, light: Light, horizon: float) -> tuple[Picture, Picture]:
        """Return the sky in every row, upside down below the horizon, and the haze above it."""
        turn = (eye.heading + np.arctan(self.spread)) * (WIDE / 2 / np.pi) % WIDE
        up = np.arctan(abs(horizon - np.arange(self.height)) / self.focal) * (TALL * 2 / np.pi)
        shape = self.height, self.width
        across = np.ascontiguousarray(np.broadcast_to(turn.astype(np.float32), shape))
        above = np.ascontiguousarray(np.broadcast_to(up.astype(np.float32)[:, None], shape))
        sky = cv2.remap(light.sky, across, above, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        return sky, light.sky[4, turn.astype(int) % WIDE]

    def _distances(self, eye: Eye, horizon: float) -> Floats:
        """Return the distance of what each pixel shows."""
        height, width, depths = self.height, self.width, self.depths[:, None]
        east, south = self._rays(eye)
        xs, ys = (eye.x + depths * east) / CELL, (eye.y + depths * south) / CELL
        heights = cv2.remap(self.heights, xs, ys, cv2.INTER_LINEAR, borderValue=-9)
        rows = (eye.z - np.maximum(heights, 0)) * (self.focal / depths) + horizon
        np.minimum.accumulate(rows, axis=0, out=rows)
        tops = np.clip(np.ceil(rows), 0, height).astype(np.int32)
        # In sight is a sample that rises above all nearer ones; each such one has its own row.
        seen = np.empty(tops.shape, bool)
        np.less(tops[1:], tops[:-1], out=seen[1:])
        seen[0] = tops[0] < height
        sample, column = np.nonzero(seen)
        nearest = np.full((height, width), len(depths), np.uint16)
        nearest[tops[sample, column], column] = sample
        np.minimum.accumulate(nearest, axis=0, out=nearest)
        return self._between(nearest, rows)

    def _between(self, nearest: NDArray[np.uint16], rows: Floats) -> Floats:
        """Return the distance within the stretch that ends at the nearest sample in sight."""
        last = len(self.depths) - 1
        step = np.diff(self.depths, prepend=self.depths[:1])[:, None]
        before = np.vstack((rows[:1], rows[:-1]))
        pace = step / np.maximum(before - rows, 1e-3)
        origin = self.depths[:, None] - step + before * pace
        place = np.minimum(nearest, last).astype(np.intp) * self.width + np.arange(self.width)
        far = (
            origin.ravel()[place]
            - pace.ravel()[place] * np.arange(self.height, dtype=np.float32)[:, None]
        )
        far = np.clip(far, NEAR, FAR - 1)
        far[nearest > last] = FAR
        return far

    def _land(
        self, eye: Eye, light: Light, far: Floats, horizon: float, sky: Picture, moment: float
    ) -> Picture:
        """Return the land's colours: lit, grained when near, and with the sky in the water."""
        east, south = self._rays(eye)
        xs, ys = (eye.x + far * east) / CELL, (eye.y + far * south) / CELL
        land = cv2.remap(
            light.land, xs, ys, cv2.INTER_LINEAR, borderValue=light.land[0, 0].tolist()
        )
        land, wet = cv2.cvtColor(land, cv2.COLOR_RGBA2RGB), land[..., 3] > 127
        rows = np.arange(len(far), dtype=np.float32)[:, None]
        close = np.s_[int((far < GRAINED).any(axis=1).argmax()) :]
        up = (horizon - rows[close]) * far[close] / (self.focal * CELL)  # walls have a grain, too
        grain = self._grain(xs[close] * 40 + up * 30, ys[close] * 40 + up * 44)
        grain = 1 + grain * np.exp(far[close] * (-4 / GRAINED))
        land[close] = cv2.multiply(land[close], cv2.merge([grain] * 3), dtype=cv2.CV_8U)
        if len(shown := np.flatnonzero(wet.any(axis=1))):
            sea = np.s_[shown[0] : shown[-1] + 1]
            waves = self._grain(xs[sea] * 7 + moment * 10, ys[sea] * 13 + moment * 18)
            under = (rows[sea] - horizon) / self.focal
            mirrored = rows[sea] + waves * (120 * under + 9)
            across = np.tile(self.columns, (len(mirrored), 1))
            mirror = cv2.remap(sky, across, mirrored, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
            share = (0.15 + 0.75 * np.exp(-5 * under) + 0.4 * waves * under) * wet[sea]
            land[sea] = cv2.blendLinear(land[sea], mirror, 1 - share, share)
        return land

    def _grain(self, xs: Floats, ys: Floats) -> Floats:
        """Return a pattern that repeats, between about -0.5 and 0.5."""
        size = len(self.grain)
        place = (ys.astype(np.int32) & (size - 1)) * size + (xs.astype(np.int32) & (size - 1))
        return self.grain.ravel()[place]


def grained(size: int = 1024) -> Floats:
    """Make a seamless pattern of three sizes."""
    rng = np.random.default_rng(3)
    total = np.zeros((size, size), np.float32)
    for wide, share in ((2, 0.8), (8, 1.0), (40, 0.7)):
        noise = rng.normal(0, 1, (size, size)).astype(np.float32)
        wrapped = cv2.copyMakeBorder(noise, *[4 * wide] * 4, cv2.BORDER_WRAP)
        layer = cv2.GaussianBlur(wrapped, (0, 0), wide)[4 * wide : -4 * wide, 4 * wide : -4 * wide]
        total += share * layer / layer.std()
    return 0.22 * total / total.std()


def distances() -> Iterator[float]:
    """Yield where a ray is sampled: densely near by, where a pixel is a few centimetres."""
    depth = NEAR
    while depth < FAR:
        yield depth
        depth += 0.035 * depth if depth < 20 else 0.7 + (depth - 20) * 0.013
