"""The puppet's voice: short chirps, written once and played a picture's share at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
# For each note of a chirp: its seconds, and the pitch it glides from and to.
TUNES: dict[str, list[tuple[float, float, float]]] = {
    "happy": [(0.10, 660, 880), (0.16, 990, 1320)],
    "curious": [(0.08, 520, 520), (0.20, 560, 980)],
    "cross": [(0.14, 240, 190), (0.22, 200, 130)],
    "sleepy": [(0.50, 420, 170)],
    "amazed": [(0.30, 500, 1500)],
    "blink": [(0.05, 1800, 1400)],
}


class Voice:
    """Says one thing at a time; what comes next cuts off what came before."""

    def __init__(self) -> None:
        self._chirps = {name: written(notes) for name, notes in TUNES.items()}
        self._rest = np.zeros(0, np.int16)

    def say(self, name: str) -> None:
        self._rest = self._chirps[name]

    def next(self, count: int) -> NDArray[np.int16]:
        """Return the next samples, silence where there is nothing to say."""
        said, self._rest = self._rest[:count], self._rest[count:]
        return np.pad(said, (0, count - said.size))


def written(notes: list[tuple[float, float, float]]) -> NDArray[np.int16]:
    """Return a chirp as sound, with soft ends."""
    sound = []
    for seconds, start, end in notes:
        count = int(seconds * RATE)
        pitch = np.linspace(start, end, count)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        swell = np.sin(np.pi * np.linspace(0, 1, count)) ** 0.6
        sound.append((np.sin(phase) + 0.35 * np.sin(2 * phase)) * swell)
    return (5500 * np.concatenate(sound)).astype(np.int16)
