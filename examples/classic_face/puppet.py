"""`Puppet`: draws a felt puppet that looks somewhere, in some mood."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from moods import MOODS, Mood
from numpy.typing import NDArray
from paint import (
    PALETTES,
    RGB,
    SPARE,
    Colour,
    Image,
    Palette,
    Plane,
    paint_glow,
    paint_head,
    paint_iris,
    paint_jumper,
    paint_shine,
    paint_stage,
    paint_white,
)

SHIFT = 4
"""Fractional bits of what cv2 is told to draw: without them, what moves slowly trembles."""


@dataclass(frozen=True)
class Pose:
    """How the puppet is to be shown. `x` and `y` say where it looks, from -1 to 1."""

    mood: Mood = MOODS["happy"]
    x: float = 0.0
    y: float = 0.0
    shut: float = 0.0  # a blink: 1 is shut
    excited: float = 0.0
    moment: float = 0.0  # seconds
    reflection: Image | None = None


@dataclass(frozen=True)
class Parts:
    """What is painted once for a colour."""

    palette: Palette
    stage: Image
    jumper: Image
    head: Image
    iris: Plane


class Puppet:
    """A puppet on a stage of a given size."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.unit = min(width / 640, height / 480)
        self.size = self.scaled(420 * SPARE)
        self.white, self.inside = paint_white(self.scaled(50), self.scaled(56))
        self.glow = paint_glow(self.scaled(46))
        self.blush = paint_glow(self.scaled(44))
        self.lens = bulge(2 * self.scaled(33) + 4)
        self.shine = paint_shine(self.scaled(33))[..., None]
        self.parts = {name: self.painted(palette) for name, palette in PALETTES.items()}

    def scaled(self, length: float) -> int:
        return max(2, round(length * self.unit))

    def painted(self, palette: Palette) -> Parts:
        wide, high = int(self.width * 1.12), int(self.height * 1.12)
        return Parts(
            palette,
            paint_stage(palette, wide, high),
            paint_jumper(palette, self.scaled(480), self.scaled(116)),
            paint_head(palette, self.size),
            paint_iris(palette, self.scaled(33)),
        )

    def draw(self, colour: Colour, pose: Pose) -> Image:
        """Return the next picture."""
        parts = self.parts[colour]
        picture = self.backdrop(parts, pose)
        bob = 3 * math.sin(1.9 * pose.moment) + 2 * pose.excited * math.sin(9 * pose.moment)
        middle = self.width / 2 + 12 * self.unit * pose.x
        level = self.height * 0.51 + self.unit * (8 * pose.y + bob)
        self.dress(picture, parts, pose)
        self.sprout(picture, parts, pose, middle, level)
        self.place(picture, self.face(parts, pose), pose, middle, level)
        return picture

    def backdrop(self, parts: Parts, pose: Pose) -> Image:
        """Cut the part of the stage that is seen: it moves against the gaze, and drifts."""
        spare_y, spare_x = (
            parts.stage.shape[0] - self.height,
            parts.stage.shape[1] - self.width,
        )
        x = spare_x * (0.5 + 0.30 * -pose.x + 0.15 * math.sin(0.31 * pose.moment))
        y = spare_y * (0.5 + 0.25 * -pose.y + 0.15 * math.cos(0.23 * pose.moment))
        shift = np.float32([[1, 0, -x], [0, 1, -y]])
        return cv2.warpAffine(parts.stage, shift, (self.width, self.height))

    def dress(self, picture: Image, parts: Parts, pose: Pose) -> None:
        high, wide = parts.jumper.shape[:2]
        left = (self.width - wide) // 2 + round(3 * self.unit * pose.x)
        over(picture[self.height - high :, left : left + wide], parts.jumper)

    def sprout(self, picture: Image, parts: Parts, pose: Pose, middle: float, level: float) -> None:
        """Draw the sprout on its head, whose light tells how much moves."""
        sway = 10 * math.sin(1.7 * pose.moment) * (1 + 1.5 * pose.excited) - 16 * pose.x
        lean = math.radians(pose.mood.tilt + 4 * pose.x)
        root = (middle + 168 * self.unit * math.sin(lean), level - 168 * self.unit * math.cos(lean))
        tip = (root[0] + sway * self.unit, root[1] - 40 * self.unit)
        bent = np.float32([root, (root[0], (root[1] + tip[1]) / 2), tip])
        stem = [bezier(bent, share) for share in np.linspace(0, 1, 10)]
        dark = shaded(parts.palette.felt, 0.55)
        cv2.polylines(picture, [fixed(stem)], False, dark, self.scaled(7), cv2.LINE_AA, SHIFT)
        disc(picture, tip, 9 * self.unit, shaded(parts.palette.rim, 0.8 + 0.2 * pose.excited))
        disc(
            picture,
            (tip[0] - 3 * self.unit, tip[1] - 3 * self.unit),
            3 * self.unit,
            (255, 248, 240),
        )
        shine = 0.35 + 0.1 * math.sin(2.6 * pose.moment) + 0.6 * pose.excited
        add(picture, self.glow * shine, tip, parts.palette.rim)

    def face(self, parts: Parts, pose: Pose) -> Image:
        """Return the head with its features, which move on it as it turns."""
        face = parts.head.copy()
        middle = self.size / 2 + 20 * self.unit * pose.x
        level = self.size / 2 + self.unit * (14 * pose.y - 2)
        unit, mood = self.unit, pose.mood
        for side in (-1, 1):
            self.cheek(face, mood, middle + side * 104 * unit, level + 52 * unit)
        for side in (-1, 1):
            self.eye(face, parts, pose, side, (middle + side * 64 * unit, level - 26 * unit))
            self.brow(face, parts, mood, side, (middle + side * 66 * unit, level - 26 * unit))
        self.nose(face, parts, middle + 6 * unit * pose.x, level + 34 * unit)
        self.mouth(face, parts, pose, middle, level + 78 * unit)
        return face

    def cheek(self, face: Image, mood: Mood, x: float, y: float) -> None:
        roi, weight = cut(face, self.blush, (x, y))
        share = (0.55 * mood.blush * weight)[..., None]
        skin = roi[..., :3]
        skin[:] = skin + (np.float32((255, 92, 104)) - skin) * share * (roi[..., 3:] / 255)

    def eye(
        self, face: Image, parts: Parts, pose: Pose, side: int, at: tuple[float, float]
    ) -> None:
        """Draw an eye: its ball, an iris that mirrors what it sees, and its lids."""
        high, wide = self.white.shape[:2]
        half_x, half_y = wide / 2 - 2, high / 2 - 2
        x = np.arange(wide, dtype=np.float32)[None, :] - (wide - 1) / 2
        y = np.arange(high, dtype=np.float32)[:, None] - (high - 1) / 2
        iris = self.iris(parts, pose)
        # A little cross-eyed, as what looks at something near is.
        to_x = (wide - iris.shape[1]) / 2 + half_x * (0.40 * pose.x - 0.07 * side)
        to_y = (high - iris.shape[0]) / 2 + half_y * 0.34 * pose.y
        moved = cv2.warpAffine(iris, np.float32([[1, 0, to_x], [0, 1, to_y]]), (wide, high))
        ball = self.white * (1 - moved[..., 3:]) + moved[..., :3]
        opened = pose.mood.lids * (1 - pose.shut)
        slant = side * (0.30 * pose.mood.frown)
        upper = -half_y + (1 - opened) * 1.95 * half_y - slant * x * (1.2 - opened)
        upper = upper + (0.42 * opened - 0.16) * (x * x) / half_x
        lower = half_y * (1.02 - 0.62 * pose.mood.squint) + 0.35 * pose.mood.squint * x * x / half_x
        shadow = np.clip(1 - (y - upper) / (0.34 * half_y), 0, 1) * 0.42
        ball *= (1 - shadow)[..., None]
        over_lid = np.clip(np.maximum(upper - y, y - lower) + 0.5, 0, 1)[..., None]
        light = np.clip(0.98 - 0.16 * y / half_y - 0.05 * x / half_x, 0, 2)[..., None]
        lid = np.float32(parts.palette.felt) * (0.86 * light)
        ball += (lid - ball) * over_lid
        lash = np.clip(1.6 - np.abs(y - upper) / (1.5 * self.unit), 0, 1)[..., None] * 0.8
        ball += (np.float32(shaded(parts.palette.felt, 0.22)) - ball) * lash
        rim = self.inside[..., None]
        left, top = round(at[0] - wide / 2), round(at[1] - high / 2)
        skin = face[top : top + high, left : left + wide, :3]
        skin[:] = skin + (np.clip(ball, 0, 255) - skin) * rim
        outline = (round(at[0] * 16) - 8, round(at[1] * 16) - 8)
        axes = (round(half_x * 16), round(half_y * 16))
        dark = (*shaded(parts.palette.felt, 0.42), 255)
        cv2.ellipse(face, outline, axes, 0, 0, 360, dark, self.scaled(2.5), cv2.LINE_AA, SHIFT)

    def iris(self, parts: Parts, pose: Pose) -> Plane:
        """Return the iris, with what stands before it reflected in its upper half."""
        iris = parts.iris.copy()
        if pose.reflection is not None:
            mirrored = cv2.resize(pose.reflection, iris.shape[1::-1], interpolation=cv2.INTER_AREA)
            mirrored = cv2.remap(mirrored[:, ::-1], *self.lens, cv2.INTER_LINEAR)
            iris[..., :3] += mirrored * (0.72 * iris[..., 3:])
            np.minimum(iris[..., :3], 255 * iris[..., 3:], out=iris[..., :3])
        iris += (np.float32((255, 255, 255, 1)) - iris) * self.shine
        return iris

    def brow(
        self, face: Image, parts: Parts, mood: Mood, side: int, at: tuple[float, float]
    ) -> None:
        along = np.linspace(-1, 1, 12)
        x = at[0] + self.unit * 46 * along
        arch = -74 - 14 * mood.brow - 10 * (1 - along**2)
        y = at[1] + self.unit * (arch - side * along * 18 * mood.frown)
        thick = self.unit * (1.5 + 6.0 * np.sqrt(1 - along**2))
        edge = np.concatenate([np.stack([x, y - thick], 1), np.stack([x, y + thick], 1)[::-1]])
        dark = (*shaded(parts.palette.felt, 0.26), 255)
        cv2.fillPoly(face, [fixed(edge)], dark, cv2.LINE_AA, SHIFT)

    def nose(self, face: Image, parts: Parts, x: float, y: float) -> None:
        unit = self.unit
        for lift, size, light in ((0.0, 19, 0.62), (-2.5, 16.5, 0.92), (-5.0, 12, 1.08)):
            centre = (round((x - 0.4 * lift) * 16), round((y + lift * unit) * 16))
            axes = (round(1.18 * size * unit * 16), round(0.86 * size * unit * 16))
            colour = (*shaded(parts.palette.rim, light * 0.9), 255)
            cv2.ellipse(face, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA, SHIFT)
        shine = (round((x - 6 * unit) * 16), round((y - 8 * unit) * 16))
        axes = (round(5 * unit * 16), round(3 * unit * 16))
        cv2.ellipse(face, shine, axes, -20, 0, 360, (255, 250, 248, 255), -1, cv2.LINE_AA, SHIFT)

    def mouth(self, face: Image, parts: Parts, pose: Pose, x: float, y: float) -> None:
        """Draw the mouth; it opens with what moves."""
        unit, mood = self.unit, pose.mood
        along = np.linspace(-1, 1, 25)
        wide = unit * 74 * mood.width
        opened = min(1.1, mood.mouth + 0.55 * pose.excited)
        line = y - unit * 22 * mood.smile * (along**2 - 0.5)
        arch = np.sqrt(1 - along**2)
        upper, lower = line - unit * 14 * opened * arch, line + unit * 48 * opened * arch
        edge = np.concatenate(
            [np.stack([x + wide * along, upper], 1), np.stack([x + wide * along, lower], 1)[::-1]]
        )
        dark = shaded(parts.palette.felt, 0.24)
        left, top = (int(value) - 4 for value in edge.min(axis=0))
        right, bottom = (int(value) + 6 for value in edge.max(axis=0))
        roi = face[top:bottom, left:right, :3]
        inside = np.zeros(roi.shape[:2], np.uint8)
        cv2.fillPoly(inside, [fixed(edge - (left, top))], 255, cv2.LINE_AA, SHIFT)
        cave = np.empty_like(roi)
        cave[:] = (74, 14, 30)
        bite = np.stack([x + wide * along, upper + unit * 13 * arch], 1) - (left, top)
        teeth = np.concatenate([edge[: along.size] - (left, top), bite[::-1]])
        cv2.fillPoly(cave, [fixed(teeth)], (250, 246, 238), cv2.LINE_AA, SHIFT)
        tongue = (x - left, float(lower.max()) - top + unit * 4)
        cv2.circle(cave, *subpixel(tongue, 0.48 * wide), (238, 92, 104), -1, cv2.LINE_AA, SHIFT)
        share = inside[..., None] / np.float32(255)
        roi[:] = roi + (cave.astype(np.float32) - roi) * share
        ends = [fixed(np.stack([x + wide * along, lower], 1)), fixed(edge[: along.size])]
        thick = self.scaled(5)
        cv2.polylines(face, ends, False, (*dark, 255), thick, cv2.LINE_AA, SHIFT)

    def place(self, picture: Image, face: Image, pose: Pose, middle: float, level: float) -> None:
        """Put the head on the stage, tilted."""
        tilt = -(pose.mood.tilt + 4 * pose.x)
        turn = cv2.getRotationMatrix2D((self.size / 2, self.size / 2), tilt, 1.0)
        left, top = int(middle - self.size / 2), int(level - self.size / 2)
        turn[:, 2] += (middle - self.size / 2 - left, level - self.size / 2 - top)
        turned = cv2.warpAffine(face, turn, (self.size, self.size))
        first_x, first_y = max(0, -left), max(0, -top)
        roi = picture[max(0, top) : top + self.size, max(0, left) : left + self.size]
        over(roi, turned[first_y : first_y + roi.shape[0], first_x : first_x + roi.shape[1]])


def over(roi: Image, layer: Image) -> None:
    """Lay RGBA, its alpha multiplied in, over a part of a picture."""
    through = cv2.cvtColor(cv2.bitwise_not(layer[..., 3]), cv2.COLOR_GRAY2BGR)
    kept = cv2.multiply(np.ascontiguousarray(roi), through, scale=1 / 255)
    roi[:] = cv2.add(kept, np.ascontiguousarray(layer[..., :3]))


def cut(picture: NDArray[np.uint8], weight: Plane, at: tuple[float, float]) -> tuple[Image, Plane]:
    """Return the part of a picture that lies under a weight with this middle."""
    high, wide = weight.shape
    left, top = round(at[0] - wide / 2), round(at[1] - high / 2)
    first_x, first_y = max(0, -left), max(0, -top)
    roi = picture[max(0, top) : max(0, top + high), max(0, left) : max(0, left + wide)]
    return roi, weight[first_y : first_y + roi.shape[0], first_x : first_x + roi.shape[1]]


def add(picture: Image, light: Plane, at: tuple[float, float], colour: RGB) -> None:
    """Shine a light of a colour on a picture."""
    roi, light = cut(picture, light, at)
    roi[:] = np.clip(roi + np.float32(colour) * light[..., None], 0, 255)


def bulge(size: int) -> tuple[Plane, Plane]:
    """Return the two maps by which cv2 bends a picture as a ball mirrors it."""
    middle = (size - 1) / 2
    row = (np.arange(size, dtype=np.float32) - middle) / middle
    x, y = np.meshgrid(row, row)
    bend = 0.80 + 0.35 * np.clip(x * x + y * y, 0, 1)
    return x * bend * middle + middle, y * bend * middle + middle


def shaded(colour: RGB, light: float) -> RGB:
    red, green, blue = (min(255, round(level * light)) for level in colour)
    return red, green, blue


def bezier(points: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    start, control, end = points
    rest = 1 - share
    return rest * rest * start + 2 * rest * share * control + share * share * end


def fixed(points: object) -> NDArray[np.int32]:
    """Return points as cv2 takes them with fractional bits."""
    return np.round(np.asarray(points, np.float32) * (1 << SHIFT)).astype(np.int32)


def subpixel(at: tuple[float, float], radius: float) -> tuple[tuple[int, int], int]:
    scale = 1 << SHIFT
    return (round(at[0] * scale), round(at[1] * scale)), max(1, round(radius * scale))


def disc(
    picture: NDArray[np.generic], at: tuple[float, float], radius: float, colour: object
) -> None:
    cv2.circle(picture, *subpixel(at, radius), colour, -1, cv2.LINE_AA, SHIFT)
