"""`InputBuffer`: the newest frames of one input track, between the link's thread and the model.

Frames are kept as they arrived (`Arrival`) and opened only when they are read, so frames that
nobody reads cost no colour conversion.
"""

from __future__ import annotations

import asyncio
from collections import deque
from enum import Enum
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reactor_actors.core.errors import BufferClosed
from reactor_actors.core.pixels import to_rgb
from reactor_actors.core.ports import Feed
from reactor_actors.flow.bell import Bell

CAPACITY = 128


class InputFrame(np.ndarray[Any, Any]):
    """One frame: an ndarray with `pts` (seconds or None), `metadata` (bytes or None) and `data`.

    Video is (H, W, 3) uint8 RGB, sound (1, M) int16. The reader owns it and may write to it.
    Arrays derived from a frame carry no `pts` and no `metadata`.
    """

    pts: float | None
    metadata: bytes | None

    def __new__(
        cls, array: NDArray[Any], pts: float | None = None, metadata: bytes | None = None
    ) -> InputFrame:
        """View an array as a frame; the memory is shared."""
        frame = np.asarray(array).view(cls)
        frame.pts = pts
        frame.metadata = metadata
        return frame

    def __array_finalize__(self, source: Any) -> None:
        self.pts = None
        self.metadata = None

    def __reduce__(self) -> Any:
        return InputFrame, (self.data, self.pts, self.metadata)

    @property
    def data(self) -> Any:
        """The plain ndarray, sharing this frame's memory."""
        return self.view(np.ndarray)


class Arrival(Protocol):
    """A frame as it came over the link."""

    def open(self) -> InputFrame:
        """Return the frame as the author sees it: fresh, writable memory."""


class ReadMode(Enum):
    """Which frames a read takes: the newest (all else is dropped), or the oldest."""

    LATEST = "latest"
    FIFO = "fifo"


class InputBuffer:
    """A bounded queue of 128 frames; the oldest is evicted silently. Safe in any thread.

    `read` and `try_read` always give a list, oldest frame first, also for one frame.
    """

    def __init__(self) -> None:
        self._frames: deque[Arrival] = deque(maxlen=CAPACITY)
        self._total = 0
        self._closed = False
        self._lock = Lock()
        self._bell = Bell()

    def __repr__(self) -> str:
        return f"<InputBuffer available={self.available} closed={self.closed}>"

    @property
    def available(self) -> int:
        """Number of frames held."""
        return len(self._frames)

    @property
    def total_received(self) -> int:
        """Number of frames taken in since construction or the last `reset()`."""
        return self._total

    @property
    def closed(self) -> bool:
        """Whether the buffer is closed."""
        return self._closed

    async def read(
        self,
        n: int = 1,
        timeout: float | None = None,  # noqa: ASYNC109 - documented
        mode: ReadMode = ReadMode.LATEST,
    ) -> list[InputFrame]:
        """Wait until `n` frames are there and take them.

        Raises `TimeoutError` after `timeout` seconds with nothing consumed, and `BufferClosed` once
        the buffer is closed and holds fewer than `n`.
        """
        _check_n(n)
        # A loop that reads what is always there must still let handlers run.
        await asyncio.sleep(0)
        arrivals = await self._bell.until(lambda: self._take(n, mode, draining=True), timeout)
        return [arrival.open() for arrival in arrivals]

    def try_read(self, n: int = 1, mode: ReadMode = ReadMode.LATEST) -> list[InputFrame] | None:
        """Take `n` frames if they are there, else return None and touch nothing.

        Raises `BufferClosed` as soon as the buffer is closed.
        """
        _check_n(n)
        arrivals = self._take(n, mode, draining=False)
        return None if arrivals is None else [arrival.open() for arrival in arrivals]

    def clear(self) -> None:
        """Drop the frames held."""
        with self._lock:
            self._frames.clear()

    def close(self) -> None:
        """Drop arrivals from now on and wake whoever waits in `read`."""
        self._closed = True
        self._bell.ring()

    def reset(self) -> None:
        """Open the buffer again, empty, with its counter at zero."""
        with self._lock:
            self._frames.clear()
            self._total = 0
            self._closed = False

    def push(self, arrival: Arrival) -> None:
        """Take in a frame, evicting the oldest of 128; a closed buffer drops it.

        Belongs to the runtime.
        """
        with self._lock:
            if self._closed:
                return
            self._frames.append(arrival)
            self._total += 1
        self._bell.ring()

    def _take(self, n: int, mode: ReadMode, *, draining: bool) -> list[Arrival] | None:
        with self._lock:
            enough = len(self._frames) >= n
            if self._closed and not (draining and enough):
                raise BufferClosed("the input buffer is closed: no more frames will come")
            if not enough:
                return None
            if mode is ReadMode.FIFO:
                return [self._frames.popleft() for _ in range(n)]
            newest = list(self._frames)[-n:]
            self._frames.clear()
            return newest


def _check_n(n: int) -> None:
    if not 1 <= n <= CAPACITY:
        raise ValueError(f"n is the number of frames to take, from 1 to {CAPACITY}; got {n}")


def arrival_of(frame: Feed) -> Arrival:
    """Wrap an input frame. Video is converted to RGB when it is opened, and only then."""
    return _Picture(frame) if frame.data.dtype == np.uint8 else ready(frame.data, frame.pts)


def ready(array: NDArray[Any], pts: float | None = None) -> Arrival:
    """Wrap a frame that needs no conversion; the array is copied when it is opened."""
    return _Ready(array, pts)


class _Picture:
    __slots__ = ("_frame",)

    def __init__(self, frame: Feed) -> None:
        self._frame = frame

    def open(self) -> InputFrame:
        frame = self._frame
        return InputFrame(to_rgb(frame.data, frame.height, frame.width), frame.pts)


class _Ready:
    __slots__ = ("_array", "_pts")

    def __init__(self, array: NDArray[Any], pts: float | None) -> None:
        self._array = array
        self._pts = pts

    def open(self) -> InputFrame:
        return InputFrame(np.array(self._array), self._pts)
