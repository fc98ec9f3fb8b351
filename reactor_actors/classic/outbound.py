"""`Outbound`: from `emit` on the author's thread to the stage on the model's loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from threading import Condition, Thread, current_thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_actors.classic.buckets import PATIENCE, Buckets, Contents
from reactor_actors.classic.context import ReactorContext
from reactor_actors.classic.rate import Rate
from reactor_actors.classic.tracks import SOUND, MediaTrack
from reactor_actors.core.media import Batch, Direction, Kind
from reactor_actors.engine.stage import Stage

log = logging.getLogger("reactor_actors.model")

BLACK = (720, 1280, 3)


@dataclass(slots=True)
class _Session:
    """What lasts as long as a session: its pairing, its rate, and what was emitted last.

    `voices` are the threads that emitted last on each track, and when; `turn` is whose turn it is
    to push, `turns` how many have been given out.
    """

    context: ReactorContext
    buckets: Buckets
    rate: Rate
    last: dict[str, Any] = field(default_factory=dict)
    voices: dict[str, tuple[Thread, float]] = field(default_factory=dict)
    turn: int = 0
    turns: int = 0


class Outbound:
    """The output tracks of a model. `emit` may be called by any thread but the model's loop."""

    def __init__(self, stage: Stage, tracks: Iterable[MediaTrack]) -> None:
        self._stage = stage
        self._tracks = {t.name: t for t in tracks if t.direction is Direction.OUT}
        self._session: _Session | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = Condition()

    def begin(self, context: ReactorContext, rate: Rate) -> None:
        """Open a session. Belongs to the model's loop."""
        self._loop = asyncio.get_running_loop()
        self._session = _Session(context, Buckets(self._tracks), rate)
        self._stage.adjust(rate.first)

    def stop(self) -> None:
        """Let go of whoever waits: the session is over."""
        with self._changed:
            self._changed.notify_all()

    def end(self) -> None:
        """Close the session: what it held is forgotten."""
        self._session = None

    def measure(self, on: bool) -> None:
        """Measure the rate, beginning now, or keep it as it is."""
        if self._session is None:
            return
        if on:
            self._session.rate.resume(time.monotonic())
        else:
            self._session.rate.freeze()

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
        # What waits for other tracks, or for latest(), must not change when the author goes on.
        held = copied(value)
        with self._changed:
            self._await_others(session, track.name, bucket)
            if session.context.should_stop():
                return
            session.last[track.name] = held
            session.voices[track.name] = current_thread(), time.monotonic()
            leaving = session.buckets.add(track.name, held, bucket, now=time.monotonic())
            self._changed.notify_all()
            if leaving:
                self._push_in_turn(session, leaving)
                session.voices[track.name] = current_thread(), time.monotonic()
        if leaving is None:
            log.warning("emit() on %r: bucket %s has left already; ignored", track.name, bucket)

    def latest(self, track: MediaTrack) -> Any:
        """Return a copy of what was emitted last on a track in this session, or None."""
        value = self._session.last.get(track.name) if self._session is not None else None
        return None if value is None else copied(value)

    def _await_others(self, session: _Session, track: str, bucket: int | None) -> None:
        """Wait for other threads' tracks, if this emit would leave them behind.

        Pairing alone costs no time: without this, a thread of small sounds would be through with
        eight buckets before another has made one picture.
        """

        def may_go() -> bool:
            behind = session.buckets.holds_up(track, bucket)
            return session.context.should_stop() or not any(map(is_to_come, behind))

        def is_to_come(other: str) -> bool:
            thread, heard = session.voices.get(other, (current_thread(), 0.0))
            recent = time.monotonic() - heard < PATIENCE
            return recent and thread is not current_thread() and thread.is_alive()

        self._changed.wait_for(may_go, PATIENCE)

    def _push_in_turn(self, session: _Session, leaving: list[Contents]) -> None:
        """Push what leaves after what left before it; other threads may emit meanwhile."""
        turn, session.turns = session.turns, session.turns + 1
        self._changed.wait_for(lambda: session.turn == turn or session.context.should_stop())
        if session.turn != turn:
            return  # the session is over, and nobody's turn comes any more
        self._changed.release()
        try:
            self._push(session, leaving)
        finally:
            self._changed.acquire()
            session.turn += 1
            self._changed.notify_all()

    def _push(self, session: _Session, leaving: list[Contents]) -> None:
        """Push what can be paired. Raises `ValueError`, in the end, for what cannot."""
        batches: list[Batch] = []
        mistakes: list[ValueError] = []
        for contents in leaving:
            try:
                batches.append(self._stage.prepare(contents))
            except ValueError as error:
                mistakes.append(error.with_traceback(None))
        self._hand_over(session, batches)
        if mistakes:
            # Taken out: a frame that refers to the error it raises keeps the pictures with it.
            raise mistakes.pop()

    def _hand_over(self, session: _Session, batches: list[Batch]) -> None:
        if session.context.should_stop() or self._loop is None:
            return  # asked after they have their epoch: the cut of a stop comes later, or this
        count = sum(batch.count for batch in batches)
        sound = sum(self._seconds(batch) for batch in batches)
        fps = session.rate.emitted(count, time.monotonic(), self._stage.waiting, sound)
        if fps is not None:
            self._stage.adjust(fps)
        for batch in batches:
            try:
                asyncio.run_coroutine_threadsafe(self._stage.emit(batch), self._loop).result()
            except CancelledError:
                log.debug("the model is ending: what was emitted is dropped")

    def _seconds(self, batch: Batch) -> float:
        """Return how long the sound of a batch plays."""
        lengths = (
            samples.shape[1] / self._tracks[name].declared.sample_rate
            for name, samples in batch.sound.items()
        )
        return max(lengths, default=0.0)


def blank(track: MediaTrack) -> NDArray[Any]:
    """Return what `emit(None)` stands for: a black picture, or a second of silence."""
    if track.kind is Kind.VIDEO:
        return np.zeros(BLACK, np.uint8)
    return np.zeros((1, track.declared.sample_rate or SOUND), np.int16)


def copied(value: Any) -> Any:
    """Return a copy of an array, or of a tensor where it is."""
    return value.copy() if isinstance(value, np.ndarray) else value.clone()
