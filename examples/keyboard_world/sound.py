"""What the island sounds like: wind, surf, footsteps left and right, and bells. Stereo, 48 kHz."""

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
Samples = NDArray[np.int16]
Sound = NDArray[np.float32]  # (2, samples), from -1 to 1


class Ears:
    """Mixes what is heard from one picture to the next."""

    def __init__(self, fps: int, seed: int = 8) -> None:
        rng = np.random.default_rng(seed)
        self.share = RATE // fps
        self.wind = loop(rng, 6, low=90, high=700, gusts=2)
        self.surf = loop(rng, 6, low=200, high=3000, gusts=1)
        self.steps = {
            ground: [step(rng, *tone) for _ in range(4)]
            for ground, tone in {
                "grass": (900, 0.5),
                "sand": (2600, 0.6),
                "rock": (420, 0.9),
            }.items()
        }
        self.bell = bell()
        self.place = 0
        self.playing: list[Sound] = []
        self.levels = np.zeros(2, np.float32)

    def play(self, sound: Sound, left: float = 1.0, right: float = 1.0) -> None:
        """Begin a sound, with the next picture."""
        self.playing.append(sound * np.array([[left], [right]], np.float32))

    def step(self, ground: str, foot: int) -> None:
        """Set down a foot, 0 for the left one."""
        left, right = ((1.0, 0.55), (0.55, 1.0))[foot]
        self.play(self.steps[ground][foot + 2 * (self.place & 1)], left, right)

    def hear(self, wind: float, surf: float) -> Samples:
        """Return the sound that goes with one picture; loudness moves smoothly."""
        levels = np.array((wind, surf), np.float32)
        ways = np.linspace(self.levels, levels, self.share, dtype=np.float32).T
        here = (self.place * self.share + np.arange(self.share)) % self.wind.shape[1]
        mix = self.wind[:, here] * ways[0] + self.surf[:, here] * ways[1]
        for sound in self.playing:
            part = sound[:, : self.share]
            mix[:, : part.shape[1]] += part
        self.playing = [s[:, self.share :] for s in self.playing if s.shape[1] > self.share]
        self.place, self.levels = self.place + 1, levels
        return (np.tanh(mix) * 32767).astype(np.int16)


def band(rng: np.random.Generator, samples: int, low: float, high: float) -> Sound:
    """Return two channels of noise between two frequencies; its end meets its beginning."""
    hertz = np.fft.rfftfreq(samples, 1 / RATE)
    shape = hertz / (hertz + low) / (1 + (hertz / high) ** 2)
    spectrum = rng.normal(size=(2, len(hertz))) + 1j * rng.normal(size=(2, len(hertz)))
    noise = np.fft.irfft(spectrum * shape, samples)
    return (noise / np.abs(noise).max()).astype(np.float32)


def loop(rng: np.random.Generator, seconds: int, low: float, high: float, gusts: int) -> Sound:
    """Return noise that swells and fades, differently left and right."""
    moments = np.linspace(0, 2 * np.pi, seconds * RATE, endpoint=False)
    swell = [0.55 + 0.45 * np.sin(gusts * moments + phase) for phase in (0.0, 0.9)]
    return (band(rng, seconds * RATE, low, high) * np.array(swell)).astype(np.float32)


def step(rng: np.random.Generator, high: float, loud: float) -> Sound:
    """Return one footfall: a heel, and the ground giving way under it."""
    samples = RATE // 5
    seconds = np.arange(samples) / RATE
    heel = np.sin(2 * np.pi * 70 * seconds) * np.exp(-seconds * 45)
    crunch = band(rng, samples, 120, high) * np.exp(-((seconds - 0.03) ** 2) / 0.0015)
    return (loud * 0.5 * (0.5 * heel + crunch)).astype(np.float32)


def bell() -> Sound:
    """Return four notes going up."""
    sound = np.zeros((2, 2 * RATE), np.float32)
    for number, hertz in enumerate((523.25, 659.25, 783.99, 1046.5)):
        begin = int(number * 0.09 * RATE)
        seconds = np.arange(sound.shape[1] - begin) / RATE
        tone = sum(np.sin(2 * np.pi * hertz * n * seconds) / n**2 for n in (1, 2, 3))
        tone *= 0.16 * np.exp(-seconds * 3.5) * np.minimum(seconds * 400, 1)
        sound[:, begin:] += tone * np.array([[1 - number * 0.15], [0.55 + number * 0.15]])
    return sound
