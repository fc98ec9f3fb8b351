"""Two of everything, in no tidy order: each track is told from the others by what it carries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_actors.interface import Audio, Input, InputBuffer, Output, ReactorPipeline, Video

FPS, SAMPLE_RATE = 20, 48_000
TONES = {"low": 300, "high": 900}
COLOURS = {"red": (220, 30, 30), "blue": (30, 30, 220)}


class Show(Output):
    low: Audio
    red: Video
    blue: Video
    high: Audio


class Eyes(Input):
    left: Video
    right: Video


class Pair(ReactorPipeline):
    """Shows red with what the left eye sees below it, and blue with the right one's."""

    eyes: Eyes
    fps = FPS

    def inference(self) -> Iterator[Show]:
        number = 0
        while True:
            moments = (np.arange(SAMPLE_RATE // FPS) + number * SAMPLE_RATE // FPS) / SAMPLE_RATE
            number += 1
            tones: dict[str, Any] = {
                name: (9000 * np.sin(2 * np.pi * hertz * moments)).astype(np.int16)
                for name, hertz in TONES.items()
            }
            yield Show(
                red=self.above(COLOURS["red"], self.eyes.left),
                blue=self.above(COLOURS["blue"], self.eyes.right),
                **tones,
            )

    def above(self, colour: tuple[int, int, int], eye: InputBuffer) -> NDArray[np.uint8]:
        picture = np.zeros((120, 160, 3), np.uint8)
        picture[:60] = colour
        if frames := eye.try_read(1):
            picture[60:] = frames[0].data.mean(axis=(0, 1))
        return picture
