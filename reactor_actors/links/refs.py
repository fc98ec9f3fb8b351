"""The refs link: two actors, on one machine or on two, joined by calls and the object store.

`ModelEnd` stands in the model's process, `ClientsEnd` in the transport's. Each is given a `call`,
which has the other's `take` called, and has its own `take` called in return. Pictures are arrays
that are arguments of their own: Ray puts one into the object store, fetches it to the other
machine, and maps it there. It is let go of when the last view of it is. Small ones travel inline.

A call costs as much as a picture, so there is about one per tick, or per batch where it is
admitted at once: the reply to the call that brings ticks carries their credits back
(`telling.py` says when that is not enough), and what is said meanwhile goes with the next call.
What an end may keep for the other: the model's end blocks who posts while 16 MiB wait, either end
gives the other up at 256 MiB, and 128 input frames per track are kept, the newest ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeAlias

from numpy.typing import NDArray

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import PeerGone
from reactor_actors.core.media import Batch
from reactor_actors.core.messages import FromModel, Grant, ToModel
from reactor_actors.core.ports import ClientSide, Feed, ModelSide
from reactor_actors.flow.bell import Bell
from reactor_actors.flow.queue import Credits
from reactor_actors.links.calls import LIMITS, Calls, Hearing, Limits, told
from reactor_actors.links.frames import Cut, Rate
from reactor_actors.links.framing import FrameError, encode
from reactor_actors.links.items import (
    TO_CLIENTS,
    TO_MODEL,
    Admitted,
    Farewell,
    Fed,
    Granted,
    Hello,
    Wants,
)
from reactor_actors.links.packing import Pack, unpack
from reactor_actors.links.telling import Telling, rebased
from reactor_actors.links.unsent import Unsent

FEEDS_PER_CALL = 8
CLOSED_HERE = "closed at this end"
CLOSED_THERE = "it was closed"

Call: TypeAlias = Callable[..., Awaitable[Any]]
"""`await call(items, *arrays)`: have the other end's `take` called, and return what it returns."""

_FOREVER = sys.maxsize


class ModelEnd:
    """The model's end: a `ClientPort`. Owns the thread that makes its calls.

    `closed` gets the reason, in words, when the link has ended, at whichever end; from then on
    `push` returns at once and everything else is gone.
    """

    def __init__(
        self, call: Call, contract: Contract, model: ModelSide, *, limits: Limits = LIMITS
    ) -> None:
        self.closed: Future[str] = Future()
        self.closed.set_running_or_notify_cancel()  # whoever gives up waiting does not cancel it
        self._call = call
        self._model = model
        self._bound = contract.buffer_size
        self._credits = Credits(self._bound, time.monotonic)
        self._newest = 0  # the number of the last word about credits
        self._wants = Wants(1, stepwise=True)
        self._hearing = Hearing(TO_MODEL, self._receive)
        self._arrays: Iterator[NDArray[Any]] = iter(())
        self._lock = threading.Lock()
        self._over = False
        self._calls = Calls(self._send, self._end, limits)
        self._calls.say(Hello(self._bound))
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    async def push(self, batch: Batch, *, drop: bool) -> int:
        """Convert what is admitted together into one array and hand it over."""
        admitted = 0
        while admitted < batch.count:
            count = self._admit(batch, admitted)
            if not count:
                for wants in self._wanted(batch, stepwise=True):
                    self._calls.say(wants)  # the reply is what is wanted
                if drop or not await self._credits.take(batch.epoch):
                    break
                count = 1 + self._admit(batch, admitted + 1)
            news = self._wanted(batch, stepwise=drop or admitted + count < batch.count)
            pack = Pack(batch, admitted, count)
            try:
                pack.fill()
            finally:  # a tick goes out in any case, for that is how its credit comes back
                self._calls.say(*news, pack.admitted, array=pack.memory)
            admitted += count
        if not drop:
            await self._credits.next_turn(batch.epoch)
        return admitted

    def cut(self, epoch: int, *, black: bool) -> None:
        """Release whoever waits with an older epoch, and drop what is queued."""
        self._credits.cut(epoch)
        self._say(Cut(epoch, black))

    def waiting(self) -> int:
        """Return how many admitted ticks are not expected to be played; none when all is over.

        A grant that nobody waits for may come as late as the next call.
        """
        return 0 if self.closed.done() else self._credits.expected()

    def set_rate(self, fps: float) -> None:
        """Change the playout rate."""
        self._say(Rate(fps))

    def post(self, message: FromModel) -> None:
        """Say something. Blocks while the clients' side is 16 MiB behind."""
        self._say(message)

    def take(self, items: list[bytes], *arrays: NDArray[Any]) -> None:
        """Take what the clients' end says. Calls must not overlap. Raises `PeerGone`."""
        if self.closed.done():
            raise _gone(self.closed.result())
        self._arrays = iter(arrays)
        try:
            self._hearing.hear(items)
        except FrameError as error:
            self._end(str(error))
        finally:
            self._arrays = iter(())

    def close(self) -> None:
        """End the link and its thread. From any thread; repeatable."""
        self._end(CLOSED_HERE, Farewell(CLOSED_THERE))
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _admit(self, batch: Batch, start: int) -> int:
        """Take what credits there are for the ticks from `start` on; return how many."""
        count = 0
        while start + count < batch.count and self._credits.take_now(batch.epoch):
            count += 1
        return count

    def _wanted(self, batch: Batch, *, stepwise: bool) -> list[Wants]:
        """Return what is to be said of the room that matters: nothing if it has been said."""
        ticks = min(batch.count, self._bound)
        before, self._wants = self._wants, Wants(ticks, stepwise and ticks > 1)
        return [self._wants] if self._wants != before else []

    def _say(self, message: Any) -> None:
        if threading.current_thread() is not self._thread:
            self._calls.until_heard()
        self._calls.say(message)

    def _run(self) -> None:
        asyncio.run(self._calls.run())

    async def _send(self, frames: list[bytes], arrays: list[NDArray[Any]]) -> None:
        self._update(await self._call(frames, *arrays))

    def _receive(self, message: Any) -> None:
        match message:
            case Granted():
                self._update(message)
            case Fed():
                # A copy, for the object store is not the place to wait for being read.
                data = next(self._arrays).copy()
                self._model.feed(
                    Feed(message.track, data, message.pts, message.height, message.width)
                )
            case Farewell(reason):
                self._end(told(PeerGone(reason)))
            case _:
                self._model.deliver(message)

    def _update(self, granted: Granted) -> None:
        with self._lock:
            if granted.number > self._newest:
                self._newest = granted.number
                self._credits.update(rebased(granted, time.monotonic()))

    def _end(self, reason: str, last: Farewell | None = None) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        self.closed.set_result(reason)
        self._credits.cut(_FOREVER)
        self._calls.close(last)


class ClientsEnd:
    """The clients' end: a `ModelPort`. Belongs to the running loop, where `clients` is called.

    Nothing is passed on before `start()`: the first call of the model's end waits for it. The
    pictures of a tick are read-only views of the object store; ticks that were admitted together
    lie in one object. They stay readable when the link has ended. `closed` gets the reason for
    that, in words.
    """

    def __init__(self, call: Call, clients: ClientSide, *, limits: Limits = LIMITS) -> None:
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[str] = self._loop.create_future()
        self._call = call
        self._clients = clients
        self._calls = Calls(self._send, self._lost, limits)
        self._hearing = Hearing(TO_CLIENTS, self._receive)
        self._context = contextvars.copy_context()
        self._arrays: Iterator[NDArray[Any]] = iter(())
        self._telling = Telling()
        self._answering = False
        self._lock = threading.Lock()
        self._unsent = Unsent()
        self._speaking: asyncio.Task[None] | None = None
        self._started = False
        self._bell = Bell()

    async def met(self) -> None:
        """Wait until the model's end has called. Raises `PeerGone` when the link ends before."""
        await self._bell.until(lambda: self._speaking or self._over())
        if self._speaking is None:
            raise PeerGone(self.closed.result())

    def start(self) -> None:
        """Begin: the clients' side is ready for what the model says."""
        self._started = True
        self._bell.ring()

    async def take(self, items: list[bytes], *arrays: NDArray[Any]) -> Granted:
        """Take what the model's end says, and return its credits. Raises `PeerGone`."""
        if self._speaking is None and not self.closed.done():
            # Not before: until now the model's end may not have been there.
            self._speaking = self._loop.create_task(self._calls.run(), name="link")
            self._bell.ring()
        await self._bell.until(lambda: self._started or self._over())
        if self.closed.done():
            raise _gone(self.closed.result())
        self._arrays = iter(arrays)
        self._answering = True
        try:
            # What is heard belongs to what the link was made for, not to the call that brings it.
            self._context.run(self._hearing.hear, items)
        except FrameError as error:
            self._end(str(error))
        finally:
            self._arrays = iter(())
        with self._lock:
            self._answering = False
            return self._telling.tell(time.monotonic())

    def deliver(self, message: ToModel) -> None:
        """Queue a message for the model; one that has stopped listening is given up."""
        self._calls.say(message)

    def feed(self, frame: Feed) -> None:
        """Keep an input frame until a call takes it along."""
        if not self.closed.done():
            self._unsent.add(frame)
            self._calls.nudge()

    def grant(self, grant: Grant) -> None:
        """Let the model go on, with the next reply or at once if it would stand still."""
        with self._lock:
            self._telling.grant(grant)
            urgent = not self._answering and self._telling.urgent(time.monotonic())
        if urgent:
            self._calls.nudge()

    def close(self) -> None:
        """End the link. On its loop; repeatable."""
        self._end(CLOSED_HERE, Farewell(CLOSED_THERE))

    async def _send(self, frames: list[bytes], arrays: list[NDArray[Any]]) -> None:
        with self._lock:
            if self._telling.news():
                frames += encode(self._telling.tell(time.monotonic()))
        for frame in self._unsent.take(FEEDS_PER_CALL):
            frames += encode(Fed(frame.track, frame.pts, frame.height, frame.width))
            arrays.append(frame.data)
        if len(self._unsent):
            self._calls.nudge()
        await self._call(frames, *arrays)

    def _receive(self, message: Any) -> None:
        match message:
            case Admitted(ticks=ticks):
                self._telling.arrived(len(ticks))
                for tick in unpack(message, self._arrays):
                    self._clients.push(tick)
            case Wants(ticks, stepwise):
                self._telling.want(ticks, stepwise=stepwise)
            case Cut(epoch, black):
                self._clients.cut(epoch, black)
            case Rate(fps):
                self._clients.set_rate(fps)
            case Hello(bound):
                self._telling.meet(bound)
            case Farewell(reason):
                self._end(told(PeerGone(reason)))
            case _:
                self._clients.receive(message)

    def _over(self) -> bool | None:
        return self.closed.done() or None

    def _lost(self, reason: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, and the link with it
            self._loop.call_soon_threadsafe(self._end, reason)

    def _end(self, reason: str, last: Farewell | None = None) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)
            self._unsent.clear()
            self._calls.close(last)
            self._bell.ring()


def _gone(reason: str) -> PeerGone:
    """Return what the other end is told that calls one which has ended."""
    return PeerGone(CLOSED_THERE if reason == CLOSED_HERE else reason)
