"""The picture: a ring of sound, its spectrum around it, and the light they leave behind."""

import cv2
import numpy as np
from ear import RATE

# What a ray begins as and what it becomes, as RGB.
COLOURS = {
    "robot": ((120, 250, 255), (30, 60, 255)),
    "choir": ((255, 214, 130), (225, 30, 160)),
    "whisper": ((215, 255, 240), (20, 150, 110)),
}
RAYS = 144


class Scope:
    """Draws one picture after the other, each out of the light of the one before."""

    def __init__(self, width: int, height: int) -> None:
        self.size = width, height
        self.radius = 0.25 * height
        self.centre = np.array([width / 2, height / 2])
        self.light = np.zeros((height, width, 3), np.uint8)
        # What was drawn drifts outwards, a little larger and a little turned each time.
        self.drift = cv2.getRotationMatrix2D((width / 2, height / 2), 0.5, 1.04)
        # Both sides are alike, so the ends of a wave and of a spectrum meet.
        angles = (np.arange(RAYS) + 0.5) / RAYS * 2 * np.pi - np.pi / 2
        self.around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        self.spectrum = np.zeros(RAYS // 2)
        self.loudness = 0.0
        self.turn = 0

    def draw(self, sound: np.ndarray, voice: str) -> np.ndarray:
        """Draw what sounds now; the picture is the caller's."""
        inner, outer = np.array(COLOURS[voice], float)
        self.listen(sound)
        strokes = np.zeros_like(self.light)
        self.draw_eye(strokes, outer)
        self.draw_rays(strokes, inner, outer)
        self.draw_ring(strokes, sound, inner)
        small = cv2.resize(strokes, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        glow = cv2.resize(cv2.GaussianBlur(small, (0, 0), 6), self.size)
        # Light fades towards the outer colour.
        fading = cv2.multiply(self.light, (*(0.80 + 0.155 * outer / 255), 0))
        drifted = cv2.warpAffine(fading, self.drift, self.size)
        self.light = cv2.max(drifted, cv2.addWeighted(strokes, 0.45, glow, 0.5, 0))
        return cv2.add(self.light, cv2.addWeighted(strokes, 0.9, glow, 0.7, 0))

    def listen(self, sound: np.ndarray) -> None:
        """Follow loudness and spectrum: up at once, down slowly."""
        self.turn += 1
        self.loudness = max(float(np.sqrt(np.mean(sound**2))), 0.85 * self.loudness)
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) / len(sound)
        hertz = np.geomspace(80, 8000, len(self.spectrum))
        level = np.interp(hertz * len(sound) / RATE, np.arange(len(power)), power)
        shown = np.clip(1 + np.log10(level + 1e-9) / 4.5, 0, 1) ** 2.5
        self.spectrum = np.maximum(1.7 * shown, 0.8 * self.spectrum)

    def draw_eye(self, canvas: np.ndarray, colour: np.ndarray) -> None:
        x, y = np.int32(self.centre * 16)
        radius = int(self.radius * min(0.9, 3 * self.loudness) * 16)
        cv2.circle(canvas, (x, y), radius, 0.35 * colour, -1, cv2.LINE_AA, shift=4)

    def draw_rays(self, canvas: np.ndarray, inner: np.ndarray, outer: np.ndarray) -> None:
        # The spectrum runs down both sides, high notes at the top.
        lengths = np.concatenate([self.spectrum[::-1], self.spectrum])
        begin = self.radius * (1.1 + 0.8 * self.loudness)
        for length, direction in zip(lengths, self.around, strict=True):
            far = begin + 1 + 1.4 * self.radius * min(length, 1)
            ends = np.int32((self.centre + np.outer((begin, far), direction)) * 16)
            colour = inner + (outer - inner) * min(1, 1.4 * length)
            cv2.line(canvas, ends[0], ends[1], colour, 2, cv2.LINE_AA, shift=4)

    def draw_ring(self, canvas: np.ndarray, sound: np.ndarray, colour: np.ndarray) -> None:
        half = cv2.resize(sound[None, :], (RAYS // 2, 1), interpolation=cv2.INTER_AREA)[0]
        wave = cv2.GaussianBlur(np.float32([*half[::-1], *half])[None, :], (0, 0), 1.2)[0]
        breath = 1 + 0.02 * np.sin(self.turn / 15)
        radii = self.radius * (breath + 0.8 * self.loudness + 0.8 * wave)
        points = np.int32((self.centre + radii[:, None] * self.around) * 16)
        cv2.polylines(canvas, [points], True, colour, 2, cv2.LINE_AA, shift=4)
