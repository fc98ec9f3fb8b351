"""Pictures and sound that clients publish, and what to tell of those they receive."""

from __future__ import annotations

import asyncio
import fractions
from typing import Any

import av
import numpy as np
from aiortc.mediastreams import MediaStreamTrack


def grey(level: int, height: int = 120, width: int = 160) -> np.ndarray[Any, Any]:
    return np.full((height, width, 3), level, np.uint8)


class Source(MediaStreamTrack):
    """Sends one grey at 20 pictures a second."""

    kind = "video"

    def __init__(self, level: int, height: int = 120, width: int = 160) -> None:
        super().__init__()
        self._picture = grey(level, height, width)
        self.sent = 0

    async def recv(self) -> Any:
        await asyncio.sleep(0.05)
        frame = av.VideoFrame.from_ndarray(self._picture, format="rgb24")
        frame.pts, frame.time_base = self.sent * 4500, fractions.Fraction(1, 90_000)
        self.sent += 1
        return frame


class Mic(MediaStreamTrack):
    """Sends a tone."""

    kind = "audio"

    def __init__(self, hertz: float = 600.0) -> None:
        super().__init__()
        self._hertz = hertz
        self._at = 0

    async def recv(self) -> Any:
        await asyncio.sleep(0.02)
        times = np.arange(self._at, self._at + 960) / 48_000
        samples = (10_000 * np.sin(2 * np.pi * self._hertz * times)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, self._at
        frame.time_base = fractions.Fraction(1, 48_000)
        self._at += 960
        return frame


def pitch(samples: np.ndarray[Any, Any], rate: int = 48_000) -> float:
    """The strongest frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    spectrum[:3] = 0
    return float(np.argmax(spectrum) * rate / len(samples))
