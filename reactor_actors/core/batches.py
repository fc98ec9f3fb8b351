"""`Shown` and `FrameBatch`: what has been shown, in memory of its own, for whoever is no viewer.

Both cross processes. Pictures stay I420, half the bytes of RGB, until somebody wants to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reactor_actors.core.media import Pixels, Samples
from reactor_actors.core.pixels import to_rgb


@dataclass(frozen=True, slots=True)
class Shown:
    """A tick as it was shown.

    Attributes:
        replica: Which model it is from.
        session: The session it was shown in.
        number: Counts the ticks that the replica has shown, from 1 on: gaps can be seen.
        at: When it was shown, in Unix seconds.
        pictures: I420 pictures by track, which nobody writes to.
        sound: (channels, samples) int16 by track.
    """

    replica: str
    session: str | None
    number: int
    at: float
    pictures: Mapping[str, Pixels] = field(default_factory=dict)
    sound: Mapping[str, Samples] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Consecutive ticks of one replica, whose pictures have one size per track.

    Where it has come through Ray's object store, the arrays are read-only views of it: copy what
    is to be kept for long.

    Attributes:
        replica: Which model it is from.
        session: The session it was shown in.
        numbers: One number per tick; they count all that the replica has shown.
        times: When each was shown, in Unix seconds.
        video: I420 pictures by track, (N, height * 3 / 2, width) uint8.
        sound: The sound of all ticks by track, (channels, samples) int16.
        dropped: How many ticks of all before this batch have been dropped since the last one.
    """

    replica: str
    session: str | None
    numbers: tuple[int, ...]
    times: tuple[float, ...]
    video: Mapping[str, Pixels] = field(default_factory=dict)
    sound: Mapping[str, Samples] = field(default_factory=dict)
    dropped: int = 0

    def __len__(self) -> int:
        return len(self.numbers)

    def rgb(self, track: str) -> Pixels:
        """Return the pictures of a track as (N, H, W, 3), freshly converted and writable."""
        return np.stack([to_rgb(picture) for picture in self.video[track]])

    def luma(self, track: str) -> NDArray[np.uint8]:
        """Return the brightness of every pixel of a track, (N, H, W), without a copy.

        Black is 16 and white is 235.
        """
        pictures = self.video[track]
        return pictures[:, : pictures.shape[1] * 2 // 3]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a subscription goes: ticks that were delivered and dropped, and calls that failed.

    `over` is why nothing more is delivered; empty while it goes on.
    """

    delivered: int = 0
    dropped: int = 0
    failed: int = 0
    over: str = ""


def run_length(shown: Sequence[Shown], most: int) -> int:
    """Return how many of these ticks, from the first on, fit into one batch."""
    count = 0
    for tick in shown[:most]:
        if count and _form(tick) != _form(shown[0]):
            break
        count += 1
    return count


def batch_of(shown: Sequence[Shown], dropped: int = 0) -> FrameBatch:
    """Make a batch of ticks that fit together; the pictures are copied."""
    first = shown[0]
    return FrameBatch(
        replica=first.replica,
        session=first.session,
        numbers=tuple(tick.number for tick in shown),
        times=tuple(tick.at for tick in shown),
        video={name: np.stack([t.pictures[name] for t in shown]) for name in first.pictures},
        sound={name: np.concatenate([t.sound[name] for t in shown], 1) for name in first.sound},
        dropped=dropped,
    )


def _form(tick: Shown) -> tuple[object, ...]:
    """What ticks of one batch have in common."""
    pictures = {name: picture.shape for name, picture in tick.pictures.items()}
    channels = {name: samples.shape[0] for name, samples in tick.sound.items()}
    return tick.replica, tick.session, pictures, channels
