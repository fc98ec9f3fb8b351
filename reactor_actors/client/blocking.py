"""`Connection`: an `AsyncConnection` for programs without an event loop, on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any, Generic, Self, TypeVar

from reactor_actors.client.connection import AsyncConnection, Message
from reactor_actors.client.watching import Watching
from reactor_actors.core.errors import PeerGone
from reactor_actors.core.media import Pixels, Samples, Track
from reactor_actors.core.wire.uploads import UploadRef

T = TypeVar("T")

CLOSE_SECONDS = 5.0
CLOSED = "this connection is closed"


class Background:
    """A thread with an event loop, for work that others wait for."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._closing = False
        # One thread may hold it twice: a finalizer runs wherever memory happens to be collected.
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """Wait for work on the loop; what interrupts the wait cancels it.

        Raises `PeerGone` when this thread is being ended, also for work that has begun.
        """
        with self._lock:
            if self._closing:
                work.close()
                raise PeerGone(CLOSED)
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except CancelledError:
            raise PeerGone(CLOSED) from None
        finally:
            future.cancel()

    def close(self, last: Coroutine[Any, Any, object] | None = None) -> None:
        """Do one `last` thing, and end the thread with whatever else still runs on it; repeatable.

        Waits for that, unless it is called on the thread itself.
        """
        with self._lock:
            first, self._closing = not self._closing, True
            if first:
                asyncio.run_coroutine_threadsafe(self._end(last), self._loop)
            elif last is not None:
                last.close()
        if threading.current_thread() is not self._thread:
            self._thread.join(2 * CLOSE_SECONDS)

    async def _end(self, last: Coroutine[Any, Any, object] | None) -> None:
        try:
            if last is not None:
                with suppress(Exception):
                    await asyncio.wait_for(last, CLOSE_SECONDS)
        finally:
            self._loop.stop()

    def _serve(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(_cancel_others())
        self._loop.close()


class Pieces(Generic[T]):
    """A `Watching` for programs without an event loop."""

    def __init__(self, background: Background, watching: Watching[T]) -> None:
        self._background = background
        self._watching = watching

    @property
    def dropped(self) -> int:
        """How many pieces were dropped because they were not looked at in time."""
        return self._watching.dropped

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        try:
            return self._background.run(self._watching.__anext__())
        except (StopAsyncIteration, PeerGone):
            raise StopIteration from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Keep nothing more; the iteration is over."""
        with suppress(PeerGone):
            self._background.run(self._watching.close())


class Connection:
    """A client that takes part in a session: commands and frames in, messages and frames out.

    Made by `Deployment.connect`. Whatever is asked of it once the session has ended, or the
    transport has died, raises `PeerGone`; iterations end. Every method may be called from any
    thread; none of them from a coroutine.
    """

    def __init__(self, opening: Callable[[], Coroutine[Any, Any, AsyncConnection]]) -> None:
        self._background = Background("connection")
        try:
            self._inner = self._background.run(opening())
        except BaseException:
            self._background.close()
            raise
        # For one that is forgotten: its thread would keep it in the session for ever.
        self._finish = weakref.finalize(self, _finish, self._background, self._inner)

    @property
    def session(self) -> str:
        """The session's id."""
        return self._inner.session

    @property
    def replica(self) -> str:
        """The name of the replica that the session runs on."""
        return self._inner.replica

    @property
    def tracks(self) -> Mapping[str, Track]:
        """Every track of the model, by name."""
        return self._inner.tracks

    @property
    def commands(self) -> Mapping[str, Mapping[str, Any]]:
        """The JSON Schema of every command's arguments, by the command's name."""
        return self._inner.commands

    @property
    def closed(self) -> bool:
        """Whether the session has ended, or this client has left it."""
        return self._inner.closed

    def ask(self, command: str, /, **args: Any) -> Message | None:
        """Run a command and return the message it answers with, if it does.

        Raises `ClientError`, whose `code` says what was wrong, and `TimeoutError`.
        """
        return self._run(self._inner.ask(command, **args))

    def send(self, command: str, /, **args: Any) -> None:
        """Run a command, and do not wait for its answer.

        One that fails is told in a message of type `commandError`.
        """
        self._run(self._inner.send(command, **args))

    def message(self, timeout: float | None = None) -> Message:
        """Return the next message; raises `TimeoutError` after `timeout` seconds.

        Beside the model's own: `modelRestarting`, `modelRestarted`, `commandError`, `sessionEnded`.
        """
        return self._run(self._inner.message(timeout))

    def messages(self, timeout: float | None = None) -> Iterator[Message]:
        """Iterate over messages, until the session ends or none has come for `timeout` seconds."""
        messages = self._inner.messages(timeout)
        while True:
            try:
                yield self._run(_step(messages))
            except (StopAsyncIteration, PeerGone):
                return

    def frame(self, track: str | None = None, timeout: float = 10.0) -> Pixels:
        """Return the newest picture of a track as (H, W, 3) RGB, each at most once.

        Without a name it is the first video track. Waits for one to be shown; `TimeoutError`.
        """
        return self._run(self._inner.frame(track, timeout))

    def frames(self, track: str | None = None, *, bound: int = 8) -> Pieces[Pixels]:
        """Iterate over every picture of a track, as (H, W, 3) RGB, from now on."""
        return Pieces(self._background, self._inner.frames(track, bound=bound))

    def sound(self, track: str | None = None, *, bound: int = 64) -> Pieces[Samples]:
        """Iterate over every piece of sound of a track, (channels, samples) int16, from now on."""
        return Pieces(self._background, self._inner.sound(track, bound=bound))

    def feed(self, track: str, data: Any, pts: float | None = None) -> None:
        """Send into an input track: RGB uint8 (H, W, 3) or (N, H, W, 3), or int16 sound.

        The first time it claims the track. Raises `ClientError` with code `publish_refused` when
        another client has it.
        """
        self._run(self._inner.feed(track, data, pts))

    def release(self, track: str) -> None:
        """Give an input track back, for others to feed."""
        self._run(self._inner.release(track))

    def upload(self, name: str, data: bytes, mime_type: str) -> UploadRef:
        """Store a file for the session. What is returned can be an argument of a command."""
        return self._run(self._inner.upload(name, data, mime_type))

    def close(self) -> None:
        """Leave the session; repeatable. In exclusive mode it ends."""
        self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._background.run(work)


async def _step(messages: Any) -> Message:
    message: Message = await anext(messages)
    return message


def _finish(background: Background, connection: AsyncConnection) -> None:
    background.close(connection.close())


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=CLOSE_SECONDS)
