"""`Stage`: all that a running model can reach: its output, its rate, its clients.

It belongs to one model instance. `emit` waits on the model's loop; everything else may be called
from any thread of the model's process.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import math
from collections.abc import Mapping
from numbers import Real
from threading import Lock
from typing import Any

from reactor_actors.core.media import Batch, Track, assemble
from reactor_actors.core.messages import FromModel
from reactor_actors.core.ports import ClientPort

log = logging.getLogger("reactor_actors.model")


class Stage:
    """The model's side of the stream: what is emitted here is played out to every client."""

    def __init__(self, outputs: Mapping[str, Track], fps: float) -> None:
        self._outputs = outputs
        self._buffer_size = 0
        self._fps = checked_fps(fps)
        self._pinned = False
        self._port: ClientPort | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._epoch = 0
        self._guard = Lock()
        self._turn = asyncio.Lock()
        self._free_since: float | None = None
        self._waited = 0.0
        self._warned = False

    @property
    def fps(self) -> float:
        """The current rate of playout."""
        return self._fps

    @property
    def pinned(self) -> bool:
        """Whether the author has set the rate by hand."""
        return self._pinned

    @property
    def waited(self) -> float:
        """Seconds spent waiting in `emit` so far."""
        return self._waited

    @property
    def waiting(self) -> int:
        """How many admitted ticks have not been played yet, as far as is known here."""
        return self._port.waiting() if self._port is not None else 0

    def attach(self, port: ClientPort, buffer_size: int) -> None:
        """Connect the clients' side. Belongs to the model's loop."""
        self._loop = asyncio.get_running_loop()
        self._buffer_size = buffer_size
        self._port = port

    def pin(self, fps: float) -> None:
        """Set the rate by hand, from now until it is set again."""
        self._pinned = True
        self._set_rate(checked_fps(fps))

    def adjust(self, fps: float) -> None:
        """Change the rate as an estimate does: the author has not set it by hand."""
        self._set_rate(checked_fps(fps))

    def cut(self, *, black: bool) -> None:
        """Drop everything emitted so far that has not been played; show black if asked to."""
        with self._guard:
            self._epoch += 1
            if self._port is not None:
                self._port.cut(self._epoch, black=black)

    def pause(self) -> None:
        """Say that the time until the next emit is none the model worked for."""
        self._free_since = None

    def post(self, message: FromModel) -> None:
        """Say something to the clients' side; without one it is gone."""
        if self._port is not None:
            self._port.post(message)

    def prepare(self, values: Mapping[str, object]) -> Batch:
        """Check one emit's values. Raises `TypeError` or `ValueError` naming the track."""
        return dataclasses.replace(assemble(self._outputs, values), epoch=self._epoch)

    async def emit(
        self, batch: Batch, *, compute_time: float | None = None, drop: bool = False
    ) -> None:
        """Hand over a prepared batch; returns when its last tick is admitted or given up.

        The rate becomes admitted ticks / `compute_time`, if both are above zero.
        """
        loop = asyncio.get_running_loop()
        if self._port is None or loop is not self._loop:
            raise RuntimeError(
                "emit() works on the event loop of a model that is being served. From another "
                "thread, use asyncio.run_coroutine_threadsafe with that loop; in a unit test, "
                "use PipelineExecutor."
            )
        started = loop.time()
        turn = 0.0 if self._free_since is None else started - self._free_since
        batch = dataclasses.replace(batch, turn=turn)
        # One chance for other work in every emit, also when nothing waits.
        await asyncio.sleep(0)
        if batch.count == 0:
            return
        if drop:
            self._warn_if_hopeless(batch.count)
            admitted = await self._port.push(batch, drop=True)
        else:
            # Two tasks that emit take turns, so that their ticks do not interleave.
            async with self._turn:
                admitted = await self._port.push(batch, drop=False)
        self._free_since = loop.time()
        self._waited += self._free_since - started
        if admitted and compute_time is not None and 0 < compute_time < math.inf:
            self._set_rate(admitted / compute_time)

    def _set_rate(self, fps: float) -> None:
        self._fps = fps
        if self._port is not None:
            self._port.set_rate(fps)

    def _warn_if_hopeless(self, count: int) -> None:
        if count > self._buffer_size and not self._warned:
            self._warned = True
            log.warning(
                "emit(drop=True) got %d pictures but buffer_size is %d: the rest of every such "
                "batch is dropped. Set buffer_size to at least %d.",
                count,
                self._buffer_size,
                2 * count,
            )


def checked_fps(fps: Any) -> float:
    """Return the rate as a float. Raises `ValueError` unless it is finite and above zero."""
    if isinstance(fps, bool) or not isinstance(fps, Real):
        raise ValueError(f"fps is a number of pictures per second; got {fps!r}")
    if not math.isfinite(fps) or fps <= 0:
        raise ValueError(f"fps must be above zero; got {fps!r}")
    return float(fps)
