"""Threads of the author's, beside the model's own.

No pool of the standard library's: those are waited for when Python exits, and an author's loop
that never ends would keep the process alive for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from reactor_actors.core.faults import author_traceback

log = logging.getLogger("reactor_actors.model")

T = TypeVar("T")


class Worker:
    """A thread that does one job after the other.

    Its queue is bounded by those who submit: they wait for the end of the job, or keep what it is
    about in a bounded buffer.
    """

    def __init__(self, name: str) -> None:
        self.ended: Future[None] = Future()
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Queue a job. What it returns or raises arrives in the future, `SystemExit` included."""
        future: Future[T] = Future()
        self._jobs.put((future, job))
        return future

    def stop(self) -> None:
        """End the thread after its jobs; `ended` tells when."""
        self._jobs.put(None)

    def _work(self) -> None:
        try:
            self._work_on()
        finally:
            self.ended.set_result(None)

    def _work_on(self) -> None:
        while (queued := self._jobs.get()) is not None:
            future, job = queued
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(job())
            except (StopIteration, asyncio.CancelledError) as error:
                # An event loop cannot pass these on: they would mean something else there.
                failure = RuntimeError(f"{type(error).__name__} came out of author code")
                failure.__cause__ = error
                future.set_exception(failure)
            except BaseException as error:
                future.set_exception(error)
            # The next job may be long in coming, and an error keeps all that its frames had.
            del queued, future, job


class LoopWorker:
    """A thread with an event loop that goes on running: for handlers, sync or async."""

    def __init__(self, name: str) -> None:
        self.ended: Future[None] = Future()
        self._stopped = False
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine beside those that run already."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self) -> None:
        """Cancel what runs and end the thread; `ended` tells when."""
        self._stopped = True
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            while not self._stopped:
                self._run()
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            if left:
                self._loop.run_until_complete(asyncio.wait(left, timeout=1.0))
        finally:
            self._loop.close()
            self.ended.set_result(None)

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            # From a task of the author's; the handlers are still wanted.
            log.error("a task of a handler's failed\n%s", author_traceback(error))
