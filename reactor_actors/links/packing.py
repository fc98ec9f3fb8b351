"""How ticks travel in one array: the model's end packs them, the clients' end takes views of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from reactor_actors.core.media import Batch, Pixels, Tick
from reactor_actors.core.pixels import i420_shape, tick_of
from reactor_actors.links.frames import PlacedPicture, TickSound
from reactor_actors.links.framing import FrameError
from reactor_actors.links.items import Admitted, AdmittedTick

_ALIGNMENT = 64
_EMPTY = AdmittedTick(0.0, [], [])


class Pack:
    """Some ticks of a batch. What stands here is right whenever `fill` stops, also if it fails."""

    def __init__(self, batch: Batch, start: int, count: int) -> None:
        self._batch = batch
        self._indices = range(start, start + count)
        self._memory: Pixels | None = None
        self._ticks: list[AdmittedTick] = []

    def fill(self) -> None:
        """Convert every tick into one array."""
        pictures = self._batch.pictures_of(0).values()
        shapes = [i420_shape(int(rgb.shape[0]), int(rgb.shape[1])) for rgb in pictures]
        size = sum(_aligned(rows * columns) for rows, columns in shapes)
        memory = np.empty(size * len(self._indices), np.uint8)
        for number, index in enumerate(self._indices):
            places = _views(memory, shapes, number * size)
            tick = tick_of(self._batch, index, partial(_next, places))
            placed = [PlacedPicture(name, *i420.shape) for name, i420 in tick.pictures.items()]
            sound = [TickSound(name, len(pcm), pcm.tobytes()) for name, pcm in tick.sound.items()]
            self._ticks.append(AdmittedTick(tick.turn, placed, sound))
            self._memory = memory if placed else None

    @property
    def memory(self) -> Pixels | None:
        """The array that holds the pictures, if there are any."""
        return self._memory

    @property
    def admitted(self) -> Admitted:
        """What is said of the ticks; those that were not converted are empty."""
        missing = len(self._indices) - len(self._ticks)
        return Admitted(self._batch.epoch, self._ticks + [_EMPTY] * missing)


def unpack(admitted: Admitted, arrays: Iterator[Pixels]) -> list[Tick]:
    """Return the ticks, their pictures read-only views of the next array. Raises `FrameError`."""
    shapes = [(p.rows, p.columns) for tick in admitted.ticks for p in tick.pictures]
    try:
        memory = next(arrays) if shapes else np.empty(0, np.uint8)
        memory.setflags(write=False)
        places = _views(memory, shapes, 0)
        return [_unpacked(admitted.epoch, tick, places) for tick in admitted.ticks]
    except (StopIteration, ValueError) as error:
        reason = str(error) or "its pictures are missing"
        raise FrameError(f"an impossible tick: {reason}") from error


def _unpacked(epoch: int, tick: AdmittedTick, places: Iterator[Pixels]) -> Tick:
    pictures = {picture.track: next(places) for picture in tick.pictures}
    sound = {
        pcm.track: np.frombuffer(pcm.data, np.int16).reshape(pcm.channels, -1) for pcm in tick.sound
    }
    return Tick(epoch, pictures, sound, tick.turn)


def _next(places: Iterator[Pixels], _: tuple[int, int]) -> Pixels:
    return next(places)


def _views(memory: Pixels, shapes: list[tuple[int, int]], start: int) -> Iterator[Pixels]:
    for rows, columns in shapes:
        yield memory[start : start + rows * columns].reshape(rows, columns)
        start += _aligned(rows * columns)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
