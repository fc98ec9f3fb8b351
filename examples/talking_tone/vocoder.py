"""A vocoder: how loud a voice is in each band of frequencies is given to another sound."""

from functools import cache

import numpy as np
from ear import BLOCK, RATE

WINDOW, HOP = 1600, 400
BANDS = 32
NOTE = 110.0

# What is heard instead of the voice: tones at these multiples of a note, and how much breath.
CARRIERS = {
    "robot": ((1.0,), 0.1),
    "choir": ((0.998, 1.002, 1.497, 1.503, 1.994, 2.006, 2.515, 2.525), 0.15),
    "whisper": ((), 1.0),
}
SHAPE = np.sqrt(np.hanning(WINDOW + 1)[:-1]).astype(np.float32)
HARMONICS = np.arange(1, 41)
SAW = np.sin(2 * np.pi * np.outer(np.arange(4096) / 4096, HARMONICS)) @ (1 / HARMONICS)


class Vocoder:
    """Takes a voice block by block, and lends it to whoever speaks."""

    def __init__(self) -> None:
        self.voice = np.zeros(WINDOW - HOP, np.float32)
        self.carrier = np.zeros(WINDOW - HOP, np.float32)
        self.ending = np.zeros(WINDOW - HOP, np.float32)
        self.phases = {name: np.zeros((len(tones), 1)) for name, (tones, _) in CARRIERS.items()}
        self.noise = np.random.default_rng(1)

    def block(self, heard: np.ndarray, speaker: str, pitch: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the voice and what became of it, at the same time of 25 ms ago."""
        self.voice = np.concatenate([self.voice[-(WINDOW - HOP) :], heard])
        self.carrier = np.concatenate([self.carrier[-(WINDOW - HOP) :], self.tone(speaker, pitch)])
        spoken, sung = spectra(self.voice), spectra(self.carrier)
        wanted, there = loudness(spoken), loudness(sung)
        # A band in which the carrier has next to nothing is not blown up: it would be all noise.
        gains = np.sqrt(wanted / (there + 1e-3 * there.mean())) @ bands(pitch).T
        pieces = np.fft.irfft(sung * gains, WINDOW, axis=1) * (SHAPE / 2)
        made = np.pad(self.ending, (0, BLOCK))
        for number, piece in enumerate(pieces):
            made[number * HOP : number * HOP + WINDOW] += piece
        self.ending = made[BLOCK:]
        return self.voice[:BLOCK], 1.4 * made[:BLOCK]

    def tone(self, speaker: str, pitch: int) -> np.ndarray:
        """Return the next block of a carrier; its phases go on where they were."""
        tones, breath = CARRIERS[speaker]
        steps = NOTE * 2 ** (pitch / 12) / RATE * np.reshape(tones, (-1, 1))
        turns = self.phases[speaker] + steps * np.arange(1, BLOCK + 1)
        self.phases[speaker] = turns[:, -1:] % 1
        tone = SAW[(turns * len(SAW)).astype(int) % len(SAW)].sum(axis=0)
        # The difference of white noise is breath: the higher, the louder.
        return np.float32(tone + breath * np.diff(self.noise.standard_normal(BLOCK + 1)))


def spectra(sound: np.ndarray) -> np.ndarray:
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    return np.fft.rfft(frames * SHAPE, axis=1)


def loudness(spectrum: np.ndarray) -> np.ndarray:
    return np.abs(spectrum) ** 2 @ bands(0)


@cache
def bands(pitch: int) -> np.ndarray:
    """Return how much each frequency belongs to each band; pitch moves them, as a smaller head."""
    hertz = np.fft.rfftfreq(WINDOW, 1 / RATE) / 2 ** (pitch / 24)
    place = np.log1p(hertz / 700) / np.log1p(RATE / 2 / 700) * (BANDS - 1)
    return np.float32(np.clip(1 - np.abs(place[:, None] - np.arange(BANDS)), 0, 1))
