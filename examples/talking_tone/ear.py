"""The microphone as blocks without gaps or clicks, and a tune for as long as there is none."""

from collections.abc import Sequence

import numpy as np

RATE = 48_000
BLOCK = RATE // 30
CUSHION = RATE // 25  # 40 ms are kept back, for frames that come late
MOST = CUSHION + 2 * BLOCK
FADE = RATE // 200
AWAY = 30  # blocks without a frame, after which nobody is believed to be there

VOWELS = {"a": (730, 1090), "e": (530, 1840), "i": (270, 2290), "o": (570, 840), "u": (300, 870)}
TUNE = [*zip("aeoiauo", (220, 262, 330, 294, 262, 220, 196), strict=True), ("a", 0)]


class Ear:
    """Takes frames of any length whenever they come, and gives blocks."""

    def __init__(self, hum: float) -> None:
        self.waiting = np.zeros(0, np.float32)
        self.listening = False
        self.away = AWAY
        self.hum = hum
        self.level = 0.0
        self.tune = np.concatenate([sung(vowel, hertz) for vowel, hertz in TUNE])

    def block(self, frames: Sequence[np.ndarray]) -> np.ndarray:
        """Return the next block: what was said, or what it hums to itself."""
        self.away = 0 if frames else self.away + 1
        if self.away > 2 and not self.listening:  # a word cut short is no beginning of the next
            self.waiting = self.waiting[:0]
        arrived = [np.float32(frame[0]) / 32768 for frame in frames]
        self.waiting = np.concatenate([self.waiting, *arrived])
        return self.said() + self.hummed()

    def said(self) -> np.ndarray:
        if not self.listening and len(self.waiting) < BLOCK + CUSHION:
            return np.zeros(BLOCK, np.float32)
        block, rest = self.waiting[:BLOCK], self.waiting[BLOCK:]
        if len(rest) < FADE:  # this is all there is: end softly, and gather a cushion again
            ending = block * ramp(1, 0, len(block))
            block, rest = np.pad(ending, (0, BLOCK - len(block))), rest[:0]
            self.listening = False
        elif not self.listening:
            block = block * ramp(0, 1)
            self.listening = True
        elif len(rest) > MOST:  # the client's clock is faster than ours: fade over to the newest
            newest, rest = rest[-CUSHION - BLOCK : -CUSHION], rest[-CUSHION:]
            block = block * ramp(1, 0) + newest * ramp(0, 1)
        self.waiting = rest
        return block

    def hummed(self) -> np.ndarray:
        before, self.level = self.level, approach(self.level, self.hum * (self.away >= AWAY))
        block, self.tune = self.tune[:BLOCK], np.roll(self.tune, -BLOCK)
        return block * ramp(before, self.level)


def ramp(begin: float, end: float, length: int = BLOCK) -> np.ndarray:
    return np.linspace(begin, end, length, dtype=np.float32)


def approach(level: float, goal: float) -> float:
    return level + np.clip(goal - level, -0.1, 0.02)


def sung(vowel: str, hertz: float) -> np.ndarray:
    """Sing one syllable of half a second: the harmonics of a note, loudest at two formants."""
    moments = np.arange(15 * BLOCK) / RATE
    sound = np.zeros_like(moments)
    for harmonic in range(1, 20) if hertz else ():
        nearness = [np.exp(-(((harmonic * hertz - f) / 160) ** 2)) for f in VOWELS[vowel]]
        turns = harmonic * (hertz * moments + 0.006 * np.sin(34 * moments))
        sound += (nearness[0] + 0.6 * nearness[1] + 0.1 / harmonic) * np.sin(2 * np.pi * turns)
    loudness = np.sin(np.pi * moments / moments[-1]) ** 0.7
    return np.float32(0.3 * loudness * sound)
