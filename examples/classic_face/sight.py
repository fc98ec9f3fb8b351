"""Where something moves in the webcam's picture, and what the eyes mirror of it."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (96, 72)
REFLECTION = 96
NOTICED = 14
"""Grey levels by which a pixel differs from what stood there, to count as motion."""


@dataclass(frozen=True)
class Seen:
    """`x` and `y` run from -1 to 1, `motion` from 0 to 1; `frames` counts what has come so far."""

    x: float = 0.0
    y: float = 0.0
    motion: float = 0.0
    frames: int = 0
    reflection: NDArray[np.uint8] | None = None


class Sight:
    """Follows what moves. One thread shows it pictures, another asks what it has seen."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """Begin anew: what stands in the next picture counts as not moving."""
        with self._lock:
            self._still: NDArray[np.float32] | None = None
            self._seen = Seen()

    def look(self) -> Seen:
        """Return what has been seen up to the newest picture."""
        with self._lock:
            return self._seen

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Take in the next picture."""
        small = cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA)
        grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (5, 5), 0)
        side = min(picture.shape[:2])
        top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
        square = picture[top : top + side, left : left + side]
        reflection = cv2.resize(square, (REFLECTION, REFLECTION), interpolation=cv2.INTER_AREA)
        with self._lock:
            if self._still is None:
                self._still = grey.astype(np.float32)
            moved = cv2.absdiff(grey, cv2.convertScaleAbs(self._still))
            cv2.accumulateWeighted(grey, self._still, 0.12)
            self._seen = self._judged(moved, reflection)

    def _judged(self, moved: NDArray[np.uint8], reflection: NDArray[np.uint8]) -> Seen:
        """Weigh every pixel by how much it changed; what changed a little is noise."""
        seen = self._seen
        weights = cv2.subtract(moved, NOTICED)
        amount = cv2.moments(weights)
        motion = min(1.0, cv2.countNonZero(weights) / (0.12 * weights.size))
        x, y = seen.x, seen.y
        if amount["m00"] > 400:
            width, height = SIZE
            aim_x = 2 * amount["m10"] / amount["m00"] / (width - 1) - 1
            aim_y = 2 * amount["m01"] / amount["m00"] / (height - 1) - 1
            x, y = x + 0.5 * (aim_x - x), y + 0.5 * (aim_y - y)
        eased = motion if motion > seen.motion else 0.8 * seen.motion + 0.2 * motion
        return Seen(x, y, eased, seen.frames + 1, reflection)
