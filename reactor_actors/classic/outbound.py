"""`Outbound`: from `emit` on the author's thread to the stage on the model's loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_actors.classic.buckets import Buckets, Contents
from reactor_actors.classic.context import ReactorContext
from reactor_actors.classic.rate import Rate
from reactor_actors.classic.tracks import SOUND, MediaTrack
from reactor_actors.core.media import Direction, Kind
from reactor_actors.engine.stage import Stage

log = logging.getLogger("reactor_actors.model")

BLACK = (720, 1280, 3)


@dataclass(slots=True)
class _Session:
    """What lasts as long as a session: its pairing, its rate, and what was emitted last."""

    context: ReactorContext
    buckets: Buckets
    rate: Rate
    last: dict[str, Any]


class Outbound:
    """The output tracks of a model. `emit` may be called by any thread but the model's loop."""

    def __init__(self, stage: Stage, tracks: Iterable[MediaTrack]) -> None:
        self._stage = stage
        self._names = [track.name for track in tracks if track.direction is Direction.OUT]
        self._session: _Session | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # Threads that emit take turns, so that what they emit does not interleave.
        self._turn = Lock()

    def begin(self, context: ReactorContext, rate: Rate) -> None:
        """Open a session. Belongs to the model's loop."""
        self._loop = asyncio.get_running_loop()
        self._session = _Session(context, Buckets(self._names), rate, {})
        self._stage.adjust(rate.first)

    def end(self) -> None:
        """Close the session: what it held is forgotten."""
        self._session = None

    def measure(self, on: bool) -> None:
        """Measure the rate, from the next emit on, or keep it as it is."""
        if self._session is not None:
            rate = self._session.rate
            (rate.resume if on else rate.freeze)()

    def emit(self, track: MediaTrack, frame: Any, bucket: int | None) -> None:
        """Check a frame, pair it, and wait until what it completes is admitted."""
        if isinstance(bucket, bool) or not isinstance(bucket, int | np.integer | None):
            raise TypeError(f"bucket is a whole number, or None; got {bucket!r}")
        session = self._session
        if session is None:
            raise RuntimeError(
                f"emit() on {track.name!r} outside a session: there is one from start_session() "
                "until it returns, or until get_ctx().should_stop() is true"
            )
        value = blank(track) if frame is None else frame
        self._stage.prepare({track.name: value})
        with self._turn:
            if session.context.should_stop():
                return
            # What has to wait for other tracks must not change when the author goes on.
            held = value if len(self._names) == 1 else copied(value)
            session.last[track.name] = held
            leaving = session.buckets.add(track.name, held, bucket)
            if leaving is None:
                log.warning("emit() on %r: bucket %s has left already; ignored", track.name, bucket)
                return
            for contents in leaving:
                self._push(session, contents)

    def latest(self, track: MediaTrack) -> Any:
        """Return a copy of what was emitted last on a track in this session, or None."""
        value = self._session.last.get(track.name) if self._session is not None else None
        return None if value is None else copied(value)

    def _push(self, session: _Session, contents: Contents) -> None:
        batch = self._stage.prepare(contents)
        if session.context.should_stop():
            return  # asked after the batch has its epoch: the cut of a stop comes later, or this
        fps = session.rate.emitted(batch.count, time.monotonic(), self._stage.waiting)
        if fps is not None:
            self._stage.adjust(fps)
        if self._loop is None:
            raise RuntimeError("a session begins before anything is emitted")
        try:
            asyncio.run_coroutine_threadsafe(self._stage.emit(batch), self._loop).result()
        except CancelledError:
            log.debug("the model is ending: what was emitted is dropped")


def blank(track: MediaTrack) -> NDArray[Any]:
    """Return what `emit(None)` stands for: a black picture, or a second of silence."""
    if track.kind is Kind.VIDEO:
        return np.zeros(BLACK, np.uint8)
    return np.zeros((1, track.declared.sample_rate or SOUND), np.int16)


def copied(value: Any) -> Any:
    """Return a copy of an array, or of a tensor where it is."""
    return value.copy() if isinstance(value, np.ndarray) else value.clone()
