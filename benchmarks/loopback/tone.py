"""A tone at 48 kHz, 20 ms at a time: a packet of Opus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE, PER_SECOND = 48_000, 50
SAMPLES = RATE // PER_SECOND


def tone() -> NDArray[np.int16]:
    """Return 20 ms of 400 Hz: whole periods, so that one follows the other without a click."""
    when = np.arange(SAMPLES) / RATE
    return (8_000 * np.sin(2 * np.pi * 400 * when)).astype(np.int16)
