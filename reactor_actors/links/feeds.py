"""Input frames on their way to the model: into slots while there are any, else kept for a while."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from reactor_actors.core.ports import Feed
from reactor_actors.flow.buffer import CAPACITY
from reactor_actors.links.frames import Fed
from reactor_actors.links.ring import Ring, Slots, space_for

INPUT_SLOTS = 8


class Feeds:
    """The writer's end of the input ring. Its calls must not overlap.

    What finds no slot is kept, the newest 128 frames per track; a model that reads needs none of
    it. `announce` is called with each new ring, `send` with each frame that lies in a slot.
    """

    def __init__(self, announce: Callable[[Ring], None], send: Callable[[Fed], None]) -> None:
        self._slots = Slots(INPUT_SLOTS, announce)
        self._send = send
        self._kept: dict[str, deque[Feed]] = {}

    def add(self, frame: Feed) -> None:
        """Send a frame, or keep it until a slot is free."""
        self._kept.setdefault(frame.track, deque(maxlen=CAPACITY)).append(frame)
        self._fill()

    def give_back(self, ring: int, slots: list[int]) -> None:
        """Take slots back and use them. Raises `ValueError` for slots that were not taken."""
        self._slots.give_back(ring, slots)
        self._fill()

    def close(self) -> None:
        """Let go of the frames and the memory."""
        self._kept.clear()
        self._slots.close()

    def _fill(self) -> None:
        """Fill free slots, with one frame of each track in turn."""
        while (track := self._next()) is not None:
            frames = self._kept[track]
            if not self._placed(frames[0]):
                return
            frames.popleft()
            self._kept[track] = self._kept.pop(track)  # to the end of the line

    def _next(self) -> str | None:
        return next((track for track, frames in self._kept.items() if frames), None)

    def _placed(self, frame: Feed) -> bool:
        data = frame.data
        slot = self._slots.take(space_for([data.nbytes]))
        if slot is None:
            return False
        rows, columns = data.shape
        slot.place((rows, columns), data.dtype)[:] = data
        place = (slot.ring, slot.number, rows, columns, data.dtype == np.int16)
        self._send(Fed(frame.track, *place, frame.pts, frame.height, frame.width))
        return True
