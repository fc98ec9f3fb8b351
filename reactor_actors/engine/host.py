"""`ModelHost`: one model, on a thread and an event loop of its own.

Author code runs here and nowhere else: construction, loading, the loop, handlers and hooks share
one thread, so what a framework keeps per thread survives. The link's threads only queue messages
and fill input buffers; they never wait for the author.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.faults import author_stack, author_traceback
from reactor_actors.core.messages import Answered, SessionStarted, SessionStopped, ToModel
from reactor_actors.core.ports import ClientPort, Feed
from reactor_actors.engine.inbox import Inbox
from reactor_actors.engine.program import Program

log = logging.getLogger("reactor_actors.engine")

CANCEL_SECONDS = 2.0
"""How long the author's `finally` blocks may take at shutdown."""


class ModelHost:
    """Owner of the model thread. Its methods may be called from any thread.

    `load()`, then `serve(port)`; the future of `serve` ends when the model ends: with a result
    after `stop()`, with a `ModelError` after a crash. `build` imports the author's class and is
    called on the model thread.
    """

    def __init__(self, build: Callable[[], Program]) -> None:
        self._build = build
        self._program: Program | None = None
        self._inbox: Inbox | None = None
        self._stopping = asyncio.Event()
        self._closing = asyncio.Event()
        self._serving: asyncio.Task[Any] | None = None
        self._session: str | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop_forever, name="model", daemon=True)
        self._thread.start()

    @property
    def session(self) -> str | None:
        """The session that the model takes part in."""
        return self._session

    def load(self, check: Callable[[Contract], None] | None = None) -> Future[Contract]:
        """Construct and load the model. Fails with `SetupError` or `ModelError`.

        `check` is called on the model thread with what the model declares, before it loads; what it
        raises is how this fails.
        """
        return self._submit(self._load(check))

    def serve(self, port: ClientPort) -> Future[None]:
        """Run the loaded model against its clients' side until it ends or `stop()` is called."""
        return self._submit(self._serve(port))

    def deliver(self, message: ToModel) -> None:
        """Queue a message for the model. Never waits; before `load` has ended it is dropped."""
        if self._inbox is None or self._program is None:
            return
        self._inbox.put(message)
        # The turn lock may be held by author code that waits for frames of a client who has left.
        with contextlib.suppress(RuntimeError):  # the loop is closed: the model is gone
            self._loop.call_soon_threadsafe(self._foresee, self._program, self._inbox)

    def feed(self, frame: Feed) -> None:
        """Put an input frame where the model can read it."""
        if self._program is not None and self._inbox is not None:
            self._program.feed(frame)

    def breathe(self) -> Future[None]:
        """Return what ends as soon as author code does not hold the model's thread."""
        return self._submit(asyncio.sleep(0))

    def settle(self) -> Future[None]:
        """Return what ends when everything queued by now has been handled; after `load`."""
        if self._inbox is None:
            raise RuntimeError("load() comes before settle()")
        return self._submit(self._inbox.settled())

    def stack(self) -> str:
        """Say where author code holds threads of the model's, by their frames; "" if it holds none.

        Those are the threads of this process named `model`, or `model-` and something.
        """
        frames = sys._current_frames()
        told = []
        for thread in threading.enumerate():
            frame = frames.get(thread.ident or 0)
            if frame is not None and (thread.name == "model" or thread.name.startswith("model-")):
                stack = author_stack(frame)
                told += [f'in thread "{thread.name}":\n{stack}'] if stack else []
        return "".join(told)

    def stop(self) -> None:
        """Ask the model to end: `run()` is cancelled and has two seconds for its `finally`."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)

    def close(self, timeout: float = CANCEL_SECONDS) -> bool:
        """End the thread. False: author code still holds it after `timeout` seconds.

        What `load` still does is cancelled; `serve` ends as after `stop()`.
        """
        self.stop()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _loop_forever(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._closing.wait())
        finally:  # a task of the author's may have called sys.exit
            with contextlib.closing(self._loop):
                self._loop.run_until_complete(self._wind_up())
                self._loop.run_until_complete(_dismiss())

    async def _wind_up(self) -> None:
        if self._serving is not None and self._stopping.is_set():
            # It ends by itself; to be cancelled as well would cut the author's `finally` short.
            await asyncio.wait({self._serving})
        # Those that are being cancelled already have had their time.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        left = {task for task in others if not task.cancelling()}
        if left:
            await _cancel(left)
        await self._loop.shutdown_asyncgens()
        if self._program is not None:
            await _release(self._program)

    def _submit(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the loop is closed: the model is gone
            work.close()
            raise

    async def _load(self, check: Callable[[Contract], None] | None) -> Contract:
        try:
            program = self._program = self._build()
            if check is not None:
                check(program.contract())
            contract = await program.load()
        except (SetupError, ModelError):
            raise
        except (Exception, SystemExit) as error:
            # `from None`: the error crosses processes, and its text holds all that matters.
            raise ModelError(
                f"the model failed to load: {_told(error)}", author_traceback(error)
            ) from None
        self._inbox = Inbox(program.dedupe)
        return contract

    async def _serve(self, port: ClientPort) -> None:
        if self._program is None or self._inbox is None:
            raise RuntimeError("load() comes before serve()")
        self._serving = asyncio.current_task()
        self._program.attach(port)
        run = asyncio.create_task(_kept_in(self._program.run(self._inbox.settled)))
        dispatch = asyncio.create_task(_kept_in(self._dispatch(self._program, self._inbox, port)))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({run, dispatch, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if run.done() and not run.cancelled() and run.exception() is None:
                log.warning("run() has returned: handlers and hooks go on being served")
                await asyncio.wait({dispatch, stopping}, return_when=asyncio.FIRST_COMPLETED)
            by_itself = {task for task in (run, dispatch) if task.done()}
        finally:
            await _cancel({run, dispatch, stopping})
        for task in (run, dispatch):
            error = _error_of(task, by_itself=task in by_itself)
            if error is not None:
                raise ModelError(
                    f"the model has stopped: {_told(error)}", author_traceback(error)
                ) from None

    async def _dispatch(self, program: Program, inbox: Inbox, port: ClientPort) -> None:
        """Handle one message after the other, each under the turn lock; `run()` goes on between."""
        while True:
            await inbox.ready()
            async with program.turn_lock:
                message, needless = inbox.take()
                if isinstance(message, SessionStarted):
                    self._session = message.session
                await program.handle(message)
                if isinstance(message, SessionStopped):
                    self._session = None
                for number in needless:
                    port.post(Answered(number))
                inbox.done()
            # Handlers that await nothing, and messages that are there already, would hold up the
            # author's loop, and hide from it what is true between two messages only.
            await asyncio.sleep(0)

    def _foresee(self, program: Program, inbox: Inbox) -> None:
        if inbox.emptying:
            program.foresee()


async def _kept_in(work: Coroutine[Any, Any, None]) -> None:
    """Run author code; its `sys.exit` would end the loop, and nobody would ever be told."""
    try:
        await work
    except SystemExit as error:
        raise RuntimeError(f"sys.exit({error.code!r}) was called") from error


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    _, stuck = await asyncio.wait(tasks, timeout=CANCEL_SECONDS)
    if stuck:
        log.warning("the model did not end within %g s after cancel; cut off", CANCEL_SECONDS)


async def _dismiss() -> None:
    """Cancel what was asked of the loop in its last moment."""
    await asyncio.sleep(0)
    late = asyncio.all_tasks() - {asyncio.current_task()}
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=0.1)


async def _release(program: Program) -> None:
    releasing = asyncio.create_task(_kept_in(program.release()))
    _, late = await asyncio.wait({releasing}, timeout=CANCEL_SECONDS)
    if late:
        log.warning("the model has not let go of everything within %g s", CANCEL_SECONDS)
        await _cancel(late)
    error = _error_of(releasing, by_itself=not late)
    if error is not None:
        log.error("the model could not let go of everything", exc_info=error)


def _error_of(task: asyncio.Task[Any], *, by_itself: bool) -> BaseException | None:
    """Return what ended a task. A cancellation counts if nobody here asked for it."""
    if not task.done():
        return None
    try:
        task.result()
    except asyncio.CancelledError as error:
        return error if by_itself else None
    except BaseException as error:
        return error
    return None


def _told(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
