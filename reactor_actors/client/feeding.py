"""From an author's arrays to the frames of an input track."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reactor_actors.core.media import BATCH_OF_PICTURES, Kind, Track, assemble
from reactor_actors.core.pixels import to_i420
from reactor_actors.core.ports import Feed


def feeds_of(track: Track, data: object, pts: float | None) -> list[Feed]:
    """Return the frames that an array stands for: RGB pictures, or int16 sound.

    Stereo is mixed down: models hear one channel. Raises `TypeError` or `ValueError`, as for an
    author's own outputs.
    """
    batch = assemble({track.name: track}, {track.name: data})
    if track.kind is Kind.AUDIO:
        return [Feed(track.name, _mono(batch.sound[track.name]), pts)]
    pictures = np.asarray(batch.pictures[track.name])
    several = pictures if pictures.ndim == BATCH_OF_PICTURES else pictures[np.newaxis]
    return [Feed(track.name, to_i420(one), pts, one.shape[0], one.shape[1]) for one in several]


def _mono(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    if samples.shape[0] == 1:
        return samples
    mixed: NDArray[np.int16] = samples.mean(axis=0, keepdims=True).astype(np.int16)
    return mixed
