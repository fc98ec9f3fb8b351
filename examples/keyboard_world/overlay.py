"""What is drawn over the land: glowing orbs with their beams, a map, and a line of text."""

import math

import cv2
import numpy as np
from island import CELL, Floats, Island, Picture
from sky import Light
from view import Eye, View

GOLD, AQUA = (255, 214, 120), (120, 236, 255)
ACROSS = 150.0  # metres that the map shows


class Overlay:
    """Draws onto pictures of one view."""

    def __init__(self, island: Island, view: View) -> None:
        self.island, self.view = island, view
        across = np.linspace(-1, 1, 96, dtype=np.float32)
        far = np.hypot(across, across[:, None])
        self.ball = np.exp(-((far / 0.16) ** 4)) + 0.55 * np.exp(-((far / 0.34) ** 2))
        self.beam = np.exp(-((across / 0.4) ** 2)) * np.linspace(0, 0.6, 96)[:, None] ** 1.5
        self.beam = self.beam.astype(np.float32)
        self.size = view.height // 4  # of the map, in pixels
        down, right = np.mgrid[: self.size, : self.size] - (self.size - 1) / 2
        self.disc = np.clip(self.size / 2 - np.hypot(down, right), 0, 1).astype(np.float32)

    def orb(
        self, picture: Picture, ahead: Floats, eye: Eye, orb: tuple[float, float], moment: float
    ) -> None:
        """Draw an orb where it is in sight; its beam is seen from afar."""
        east, south = orb[0] - eye.x, orb[1] - eye.y
        sin, cos = math.sin(eye.heading), math.cos(eye.heading)
        distance, right = east * sin - south * cos, east * cos + south * sin
        if distance < 0.6:
            return
        scale = self.view.focal / distance
        column = self.view.width / 2 + right * scale
        hover = 1.2 + 0.18 * math.sin(2 * moment + orb[0])
        up = self.island.height(*orb) + hover - eye.z
        row = self.view.horizon(eye) - up * scale
        size = max(0.95 * scale, 4.0)
        glow(picture, ahead, distance, self.ball, GOLD, (column, row), (size, size))
        thin = max(0.16 * scale, 1.5)
        middle = row - 13 * scale
        glow(picture, ahead, distance, self.beam, AQUA, (column, middle), (thin, 13 * scale))

    def chart(
        self, picture: Picture, light: Light, eye: Eye, orbs: list[tuple[float, float]]
    ) -> None:
        """Draw the land around, turned so that up is ahead, into the top right corner."""
        size, edge = self.size, self.size // 9
        corner = picture[edge : edge + size, -edge - size : -edge]
        step, middle = ACROSS / size / CELL, (size - 1) / 2
        sin, cos = math.sin(eye.heading) * step, math.cos(eye.heading) * step
        left = eye.x / CELL - (cos - sin) * middle
        top = eye.y / CELL - (sin + cos) * middle
        place = np.array([[cos, -sin, left], [sin, cos, top]])
        sea = light.land[0, 0].tolist()
        way = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        land = cv2.warpAffine(light.land, place, (size, size), flags=way, borderValue=sea)
        land = cv2.add(land[..., :3].copy(), (18, 18, 18, 0))
        for orb in orbs:
            east, south = (orb[0] - eye.x) / CELL / step**2, (orb[1] - eye.y) / CELL / step**2
            spot = np.array((east * cos + south * sin, south * cos - east * sin))
            spot *= min(1.0, (middle - 4) / max(float(np.hypot(*spot)), 1e-6))
            dot = tuple(int(length) for length in np.round(spot + middle))
            cv2.circle(land, dot, 2, GOLD, -1, cv2.LINE_AA)
        arrow = np.array(((0, -6), (4, 5), (0, 2), (-4, 5))) + int(middle)
        cv2.fillPoly(land, [arrow], (255, 255, 255), cv2.LINE_AA)
        cv2.circle(land, (size // 2, size // 2), size // 2 - 2, (235, 230, 215), 1, cv2.LINE_AA)
        corner[:] = cv2.blendLinear(land, corner.copy(), self.disc, 1 - self.disc)

    def line(self, picture: Picture, text: str) -> None:
        """Write a line into the top left corner."""
        face, size = cv2.FONT_HERSHEY_DUPLEX, self.view.height / 650
        place = int(30 * size), int(54 * size)
        for colour, thick in (((24, 26, 34), 3), ((255, 248, 230), 1)):
            cv2.putText(picture, text, place, face, size, colour, thick, cv2.LINE_AA)


def glow(
    picture: Picture,
    ahead: Floats,
    distance: float,
    shape: Floats,
    colour: tuple[int, int, int],
    middle: tuple[float, float],
    reach: tuple[float, float],
) -> None:
    """Add light of a shape to a picture, wherever nothing nearer stands before it."""
    height, width = ahead.shape
    left, right = (round(middle[0] + side * reach[0]) for side in (-1, 1))
    top, bottom = (round(middle[1] + side * reach[1]) for side in (-1, 1))
    inside = np.s_[
        max(top, 0) : max(min(bottom, height), 0), max(left, 0) : max(min(right, width), 0)
    ]
    seen = ahead[inside] > distance
    if not seen.any():
        return
    rows = (np.arange(height)[inside[0]] + 0.5 - top) * (len(shape) / (bottom - top))
    columns = (np.arange(width)[inside[1]] + 0.5 - left) * (shape.shape[1] / (right - left))
    light = shape[rows.astype(int)[:, None], columns.astype(int)] * seen
    added = light[..., None] * np.array(colour, np.float32)
    picture[inside] = np.minimum(picture[inside] + added, 255)
