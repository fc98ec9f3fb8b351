"""`Unsent`: input frames that wait to be taken to the model, the newest of each track."""

from __future__ import annotations

from collections import deque
from threading import Lock

from reactor_actors.core.ports import Feed
from reactor_actors.flow.buffer import CAPACITY


class Unsent:
    """Up to 128 frames per track; the oldest gives way. Safe in any thread."""

    def __init__(self) -> None:
        self._frames: dict[str, deque[Feed]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return sum(map(len, self._frames.values()))

    def add(self, frame: Feed) -> None:
        """Keep a frame."""
        with self._lock:
            self._frames.setdefault(frame.track, deque(maxlen=CAPACITY)).append(frame)

    def take(self, most: int) -> list[Feed]:
        """Take the oldest frames, one of each track in turn."""
        taken: list[Feed] = []
        with self._lock:
            while self._frames and len(taken) < most:
                track, frames = next(iter(self._frames.items()))
                taken.append(frames.popleft())
                del self._frames[track]
                if frames:
                    self._frames[track] = frames  # to the end of the line
        return taken

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._frames.clear()
