"""`Recorder`: the screen of a run into files. What is shown is written, by one thread, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from reactor_actors.core.errors import SetupError
from reactor_actors.core.media import Tick
from reactor_actors.headless.files import File

WAITING = 8
"""How many ticks may wait to be written; then the model waits, too."""

WRITE_SECONDS = 60.0
"""How long one tick may take to be written, on whatever disk."""


class Clock(Protocol):
    """The time line of the recording."""

    @property
    def now(self) -> float:
        """When the next picture will be shown."""

    def tick(self) -> float:
        """Show a picture; return when."""


class Recorder:
    """Writes ticks into the files of their tracks. Lives on one event loop.

    `shown` is called after each tick. It counts pictures, or ticks where the model shows none; from
    number `most` on nothing is written. `failed` is told, once, why writing has ended.
    """

    def __init__(
        self,
        files: Mapping[str, File],
        clock: Clock,
        *,
        shown: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._files = files
        self._clock = clock
        self._shown = shown
        self._failed = failed
        self._only_sound = "" in files
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self._waiting: deque[Future[None]] = deque()
        self._closed = False
        self.frames = 0
        self.ticks = 0
        self.end = 0.0

    def show(self, tick: Tick) -> None:
        """Write a tick; waits while too many are being written."""
        if self._closed:
            return
        at = self._clock.tick()
        self.ticks += 1
        self.frames += bool(tick.pictures) or self._only_sound
        self._waiting.append(self._writer.submit(self._write, tick, at))
        try:
            # This loop serves nobody but the model, which is to wait.
            while len(self._waiting) > WAITING or (self._waiting and self._waiting[0].done()):
                self._waiting.popleft().result(WRITE_SECONDS)
        except Exception as error:
            self._end(error)
            return
        self._shown()

    def blank(self) -> None:
        """Leave out the black picture that viewers would see until the next one comes."""

    def forget(self) -> None:
        """Keep what is written: a file outlives its session."""

    def stop(self) -> None:
        """Write nothing more."""
        if not self._closed:
            self._closed, self.end = True, self._clock.now

    def close(self) -> list[Path]:
        """Finish the files, and return them. Waits for the disk, so it belongs to a thread.

        Raises what went wrong with the last ticks; the files are finished all the same.
        """
        self.stop()
        try:
            finishing = [self._writer.submit(file.close, self.end) for file in self._files.values()]
            for future in self._waiting:
                future.result(WRITE_SECONDS)
            return [path for future in finishing for path in future.result()]
        finally:
            self._writer.shutdown()

    def _end(self, error: Exception) -> None:
        self.stop()
        self._failed(SetupError(f"--out cannot be written: {error}"))

    def _write(self, tick: Tick, at: float) -> None:
        for name, picture in tick.pictures.items():
            self._files[name].picture(picture, at)
        for name, samples in tick.sound.items():
            for file in self._files.values():
                file.sound(name, samples, at)
