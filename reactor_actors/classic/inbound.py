"""`Inbound`: what clients send, as `latest()` and `on_media` see it."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from threading import Lock
from typing import Any

from reactor_actors.classic.tracks import MediaTrack
from reactor_actors.classic.worker import Worker
from reactor_actors.core.bundles import MediaBundle, TrackData
from reactor_actors.core.faults import author_traceback
from reactor_actors.core.media import Direction
from reactor_actors.core.ports import Feed
from reactor_actors.flow.buffer import CAPACITY, Arrival, arrival_of

log = logging.getLogger("reactor_actors.model")

WARN_SECONDS = 5.0


class Inbound:
    """The input tracks of a model.

    Frames are kept as they arrived: a picture that nobody asks for is not converted. `on_media`, if
    there is one, runs on a thread of its own, and falls behind by 128 frames at the most.
    """

    def __init__(
        self, tracks: Iterable[MediaTrack], on_media: Callable[[MediaBundle], None] | None
    ) -> None:
        self._tracks = {t.name: t for t in tracks if t.direction is Direction.IN}
        self._newest: dict[str, Arrival] = {}
        self._on_media = on_media
        self._worker = Worker("model-media") if on_media is not None else None
        self._waiting: deque[tuple[MediaTrack, Arrival]] = deque(maxlen=CAPACITY)
        self._open = False
        self._lock = Lock()
        self._warned = float("-inf")

    def begin(self) -> None:
        """Take in frames from now on."""
        self._open = True

    def end(self) -> None:
        """Take in no more frames, and forget those that are here."""
        with self._lock:
            self._open = False
            self._newest.clear()
            self._waiting.clear()

    def idle(self) -> Future[None] | None:
        """Return what tells when `on_media` has returned, if it exists."""
        return None if self._worker is None else self._worker.submit(lambda: None)

    def stop(self) -> Future[None] | None:
        """End the thread of `on_media`, if there is one; return what tells when it has ended."""
        self.end()
        if self._worker is None:
            return None
        self._worker.stop()
        return self._worker.ended

    def feed(self, frame: Feed) -> None:
        """Take in a frame; between sessions it is dropped. Never waits for the author."""
        track = self._tracks.get(frame.track)
        if track is None:
            log.debug("a frame for %r is dropped: no such input track", frame.track)
            return
        arrival = arrival_of(frame)
        with self._lock:
            if not self._open:
                return
            self._newest[track.name] = arrival
            if self._worker is None:
                return
            full = len(self._waiting) == CAPACITY
            self._waiting.append((track, arrival))
        if full:
            self._warn()
        else:
            self._worker.submit(self._hand_over)

    def latest(self, track: MediaTrack) -> Any:
        """Return a copy of the newest frame on a track, or None."""
        arrival = self._newest.get(track.name)
        return None if arrival is None else arrival.open()

    def _hand_over(self) -> None:
        """Give the author the oldest frame that waits."""
        with self._lock:
            if not self._waiting or self._on_media is None:
                return
            track, arrival = self._waiting.popleft()
        try:
            self._on_media(MediaBundle([TrackData(track.info, arrival.open())]))
        except BaseException as error:  # SystemExit too: nobody waits for the end of this job
            log.error("on_media() failed; the session goes on\n%s", author_traceback(error))

    def _warn(self) -> None:
        now = time.monotonic()
        if now - self._warned >= WARN_SECONDS:
            self._warned = now
            log.warning(
                "on_media() is slower than what clients send: the oldest of %d waiting frames are "
                "dropped. Do less in it, or read latest() instead.",
                CAPACITY,
            )
