"""The island: two pictures, one of heights and one of colours, and what is hidden on it.

One cell is `CELL` metres wide. x grows to the east, y to the south, as in a picture; all is in
metres, and the sea is at height 0. Firs and standing stones are hills, only steeper.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

CELL = 0.4
STONES = 9
CIRCLE = 8.0  # radius of the stone circle around the start
REACH, STEEP = 0.8, 0.9  # what rises more than this within an arm's length is a wall
WADING = -0.6  # who goes deeper would have to swim

SAND, GRASS, MEADOW = (214, 190, 140), (104, 128, 58), (142, 148, 66)
ROCK, SNOW, SEABED = (120, 110, 100), (240, 242, 248), (70, 120, 118)
FIR, FIR_TIP, STONE = (26, 54, 34), (84, 116, 62), (150, 146, 138)


@dataclass(frozen=True)
class Island:
    """What is where. `ground` is without firs and stones, `heights` and `colours` are with them.

    `inland` is the distance from the sea.
    """

    ground: Floats
    heights: Floats
    colours: Picture
    inland: Floats
    orbs: list[tuple[float, float]]

    @property
    def extent(self) -> float:
        return len(self.ground) * CELL

    @property
    def start(self) -> tuple[float, float]:
        return self.extent / 2, self.extent / 2

    def height(self, x: float, y: float) -> float:
        """Return how high the land is at a point, smoothly; off the map is deep sea."""
        column, row = x / CELL, y / CELL
        left, top = int(column), int(row)
        if not (0 <= left < len(self.heights) - 1 and 0 <= top < len(self.heights) - 1):
            return -9.0
        right, down = column - left, row - top
        (a, b), (c, d) = self.heights[top : top + 2, left : left + 2]
        upper, lower = a + (b - a) * right, c + (d - c) * right
        return float(upper + (lower - upper) * down)

    def open(self, x: float, y: float, east: float, south: float) -> bool:
        """Whether one can walk from a point in a direction: not up a wall, not into the deep."""
        there = self.height(x + REACH * east, y + REACH * south)
        return there - self.height(x, y) < STEEP and there > WADING

    def shore(self, x: float, y: float) -> float:
        """Return how far it is to the sea."""
        return float(self.inland[int(y / CELL), int(x / CELL)])


def make_island(size: int = 1024, seed: int = 4, orbs: int = 12) -> Island:
    """Raise an island from noise: the same for the same seed."""
    rng = np.random.default_rng(seed)
    down, across = (np.mgrid[:size, :size] / size - 0.5).astype(np.float32)
    shore = 1 - np.hypot(across, down) * 2.5 + 0.5 * (cloud(rng, size, 3, 6) - 0.5)
    hills = cloud(rng, size, 4, 8)
    mountain = np.exp(-(((across - 0.16) / 0.13) ** 2) - ((down + 0.24) / 0.12) ** 2)
    ridges = 1 - abs(2 * cloud(rng, size, 7, 6) - 1)
    ground = 26 * shore * (0.25 + hills) + mountain * (16 + 46 * ridges)
    ground = np.where(ground < 0, ground * 0.5, ground * np.clip(ground / 3, 0.4, 1))
    ground += 1.2 * (cloud(rng, size, 40, 4) - 0.5) * np.clip(ground, 0, 1)
    start = np.hypot(across, down) * size * CELL
    level = np.clip((start - 11) / 22, 0, 1) ** 2 * (3 - 2 * np.clip((start - 11) / 22, 0, 1))
    middle = max(float(ground[size // 2, size // 2]), 6.0)
    ground = (ground * level + middle * (1 - level)).astype(np.float32)
    inland = cv2.distanceTransform((ground > 0).astype(np.uint8), cv2.DIST_L2, 3) * CELL
    island = Island(ground, ground.copy(), coloured(rng, ground), inland, [])
    plant(rng, island, start)
    raise_stones(island)
    hide(rng, island, orbs)
    return island


def cloud(rng: np.random.Generator, size: int, cells: int, octaves: int) -> Floats:
    """Return fractal noise from about 0 to 1."""
    total, weight = np.zeros((size, size), np.float32), 0.0
    for octave in range(octaves):
        count, share = cells * 2**octave + 3, 0.5**octave
        if count > size:
            break
        grid = rng.random((count, count), dtype=np.float32)
        total += share * cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
        weight += share
    low, high = np.percentile(total, (1, 99))
    return (total - low) / (high - low)


def slopes(ground: Floats) -> tuple[Floats, Floats]:
    """Return how much the land rises to the east and to the south, per metre."""
    down, across = np.gradient(ground, CELL)
    return across, down


def coloured(rng: np.random.Generator, ground: Floats) -> Picture:
    """Paint land by height and slope."""
    size = len(ground)
    patch = cloud(rng, size, 24, 5)
    steep = np.hypot(*slopes(cv2.GaussianBlur(ground, (0, 0), 1.5)))
    colours = mixed(GRASS, MEADOW, patch)
    colours = mixed(colours, ROCK, np.clip((steep - 0.55) * 4 + patch - 0.5, 0, 1))
    colours = mixed(colours, SNOW, np.clip((ground - 38 + 12 * patch) / 5, 0, 1) * (steep < 1.4))
    colours = mixed(SAND, colours, np.clip(ground - 1.3 + 0.8 * patch, 0, 1))
    colours = mixed(colours, SEABED, np.clip(-ground / 3, 0, 1))
    colours += rng.normal(0, 5, (size, size, 1))
    return np.clip(colours, 0, 255).astype(np.uint8)


def mixed(one: object, other: object, share: Floats) -> Floats:
    """Blend two colours, or pictures of them."""
    one, other = np.asarray(one, np.float32), np.asarray(other, np.float32)
    return one + (other - one) * share[..., None]


def plant(rng: np.random.Generator, island: Island, start: Floats) -> None:
    """Grow firs where it is neither steep nor sandy nor high."""
    ground = island.ground
    wood = cloud(rng, len(ground), 10, 4)
    steep = np.hypot(*slopes(ground))
    fit = (ground > 2.5) & (ground < 26) & (steep < 0.6) & (wood > 0.52)
    fit &= (start > 16) & (start < len(ground) * CELL / 2 - 4)
    rows, columns = np.nonzero(fit)
    crowded = np.zeros(ground.shape, np.uint8)
    for spot in rng.permutation(len(rows))[:9000]:
        row, column = int(rows[spot]), int(columns[spot])
        if crowded[row, column]:
            continue
        cv2.circle(crowded, (column, row), int(rng.uniform(3, 8) / CELL), 1, -1)
        raise_fir(island, column, row, tall=rng.uniform(5, 11), wide=rng.uniform(1.2, 2.0))


def raise_fir(island: Island, column: int, row: int, tall: float, wide: float) -> None:
    """Put a fir on the land: a cone of needles."""
    reach = int(wide / CELL) + 1
    around = np.s_[row - reach : row + reach + 1, column - reach : column + reach + 1]
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1] * CELL
    share = 1 - np.hypot(down, across) / wide
    peak = island.ground[row, column] + tall * share
    higher = (share > 0) & (peak > island.heights[around])
    island.heights[around][higher] = peak[higher]
    needles = mixed(FIR, FIR_TIP, share.clip(0, 1) ** 1.5)
    foot = higher | ((share > -0.25) & (share <= 0))
    island.colours[around][foot] = needles[foot]


def raise_stones(island: Island) -> None:
    """Stand stones in a circle around the start, with a gap to the north and one to the south."""
    size = len(island.ground)
    down, across = (np.mgrid[:size, :size] + 0.5 - size / 2) * CELL
    for turn in np.linspace(0, 2 * np.pi, 2 * STONES, endpoint=False) + np.pi / (2 * STONES):
        if abs(np.cos(turn)) > 0.97:
            continue
        east, south = CIRCLE * np.sin(turn), -CIRCLE * np.cos(turn)
        side = (across - east) * np.cos(turn) + (down - south) * np.sin(turn)
        deep = (across - east) * np.sin(turn) - (down - south) * np.cos(turn)
        stone = (abs(side) < 0.75) & (abs(deep) < 0.5)
        foot = (abs(side) < 1.2) & (abs(deep) < 0.95)
        island.heights[stone] = island.ground[stone] + 2.6 + 0.5 * np.sin(turn * 5)
        island.colours[foot] = STONE


def hide(rng: np.random.Generator, island: Island, count: int) -> None:
    """Put the first orb before the start, and the others on dry and open land."""
    x, y = island.start
    island.orbs.append((x, y - 6))
    open_land = (island.ground > 1.5) & (island.ground < 30) & (island.heights == island.ground)
    open_land &= np.hypot(*slopes(island.ground)) < 0.4
    rows, columns = np.nonzero(open_land)
    for spot in rng.permutation(len(rows)):
        orb = float(columns[spot] * CELL), float(rows[spot] * CELL)
        apart = min(math.hypot(orb[0] - x, orb[1] - y) for x, y in island.orbs)
        if apart > 24:
            island.orbs.append(orb)
        if len(island.orbs) == count:
            break
