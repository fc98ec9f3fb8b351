"""The model that is served: a small moving picture with a lamp in it, and ways to fail."""

from __future__ import annotations

import gc
import os
import weakref
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reactor_actors.interface import (
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
)
from reactor_actors.links.ring import Ring

HEIGHT, WIDTH = 360, 640
LAMP = 96
DARK, LIGHT = 16, 235
BITS, BLOCK = 16, 32
"""Every picture has its number in its last rows: a bit is a block, the lowest comes first."""


class View(Output):
    main_video: Video


class Switch(InputState):
    lit: bool = False


class Looked(ModelMessage):
    """Which process this is, and how many slots of its ring can be taken; -1 without a ring."""

    process: int
    free: int


class Weighed(ModelMessage):
    """What arrived of a file."""

    size: int
    sum: int


class Said(ModelMessage):
    """Said to everybody."""

    lit: bool


def number_in(luma: NDArray[np.uint8]) -> int:
    """Read a picture's number."""
    row = luma[-BLOCK // 2, BLOCK // 2 : BITS * BLOCK : BLOCK] > 128
    return int(sum(1 << bit for bit in range(BITS) if row[bit]))


def lit_in(luma: NDArray[np.uint8]) -> bool:
    """Read whether the lamp of a picture is lit."""
    return bool(luma[LAMP // 4 : LAMP // 2, LAMP // 4 : LAMP // 2].mean() > 128)


class Meadow(ReactorPipeline):
    """A panned landscape. Whether its lamp is lit is for its viewers to say."""

    state: Switch
    fps = 30

    def load(self, config: dict[str, object]) -> None:
        noise = np.random.default_rng(3).normal(0, 12, (HEIGHT // 8, 2 * WIDTH // 8, 3))
        slope = np.linspace(60, 170, HEIGHT)[:, None, None]
        land = noise.repeat(8, 0).repeat(8, 1) + slope
        self.land = land.clip(0, 255).astype(np.uint8)
        self.failing = False
        self.ring: weakref.ref[Ring] | None = None

    def inference(self) -> Iterator[View]:
        number = 0
        while True:
            if self.failing:
                raise RuntimeError("asked to fail")
            yield View(main_video=self.draw(number, lit=self.state.lit))
            number += 1

    def draw(self, number: int, *, lit: bool) -> NDArray[np.uint8]:
        """Return a picture."""
        left = 2 * number % WIDTH
        picture = self.land[:, left : left + WIDTH].copy()
        picture[:LAMP, :LAMP] = LIGHT if lit else DARK
        bits = [LIGHT if number >> bit & 1 else DARK for bit in range(BITS)]
        picture[-BLOCK:, : BITS * BLOCK] = np.repeat(np.array(bits, np.uint8), BLOCK)[:, None]
        return picture

    @event(name="look", description="Tell how the process is")
    def look(self) -> Looked:
        ring = self.found()
        return Looked(process=os.getpid(), free=-1 if ring is None else ring.free)

    @event(name="weigh", description="Tell what arrived of a file")
    def weigh(self, file: UploadedFile) -> Weighed:
        return Weighed(size=len(file.data), sum=zlib.crc32(file.data))

    @event(name="say", description="Tell everybody whether the lamp is lit")
    async def say(self) -> None:
        await self.send(Said(lit=self.state.lit))

    @event(name="fail", description="Fail before the next picture")
    def fail(self) -> None:
        self.failing = True

    def found(self) -> Ring | None:
        """Return the ring that the pictures lie in. Nothing hands it to authors, so look for it."""
        ring = self.ring() if self.ring is not None else None
        if ring is None:
            rings = [thing for thing in gc.get_objects() if isinstance(thing, Ring)]
            if rings:
                ring = max(rings, key=lambda ring: ring.number)
                self.ring = weakref.ref(ring)
        return ring
