"""`Calls`: how one end of a refs link speaks to the other, through calls that never overlap.

Whatever is said while a call is in flight goes with the next one, so order is that of the words,
however the other end's calls are scheduled. A call that does not come back in time is the other
end's death, and an end that has nothing to say asks now and then whether the other is still there.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from numpy.typing import NDArray

from reactor_actors.flow.bell import Bell
from reactor_actors.flow.lane import Lane
from reactor_actors.links.framing import Decoder, FrameError, encode

log = logging.getLogger("reactor_actors.links")

OVERHEAD = 128
"""What a waiting item costs beside its bytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an end bears with.

    Attributes:
        deadline: Seconds after which a call is lost; Ray itself takes as long to give up a node.
        beat: Seconds of silence after which an empty call is made.
        last_words: Seconds that an end which closes gives its last calls.
        patience: Bytes that may wait before whoever says more is blocked.
        give_up: Bytes that may wait before the other end is given up.
    """

    deadline: float = 30.0
    beat: float = 2.0
    last_words: float = 1.0
    patience: int = 2**24
    give_up: int = 2**28


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Item:
    """Something said: its frames in parts, and the array that belongs to it, if any.

    `weight` is the bytes it costs while it waits, without large ones, which others keep anyway.
    """

    frames: list[bytes]
    array: NDArray[Any] | None = None
    weight: int = 0


class Calls:
    """One end's way to the other. `run` belongs to one loop, all else may come from any thread.

    `call` gets the frames and arrays of one call and returns when the other end has taken them.
    `lost` is called with the reason in words when the other end is not there any more, in whatever
    thread that is noticed.
    """

    def __init__(
        self,
        call: Callable[[list[bytes], list[NDArray[Any]]], Awaitable[None]],
        lost: Callable[[str], None],
        limits: Limits,
    ) -> None:
        self._call = call
        self._lost = lost
        self._limits = limits
        self._lane = Lane(self._send, limits.give_up, attrgetter("weight"))
        self._closed = False
        self._nudged = False
        self._silent = True
        self._room = threading.Condition()
        self._bell = Bell()

    def say(self, *messages: Any, array: NDArray[Any] | None = None) -> None:
        """Say something, in one call; closed calls drop it.

        Raises `TypeError` or `ValueError` for a message that cannot be framed.
        """
        frames = [encode(message) for message in messages]
        weight = sum(OVERHEAD + len(head) for head, *_ in frames)
        item = Item([part for frame in frames for part in frame], array, weight)
        if not self._lane.offer(item) and self._lane.weight >= self._limits.give_up:
            self._lost("the other end has stopped listening")

    def nudge(self) -> None:
        """Have a call made, though nothing is said."""
        if not self._nudged:
            self._nudged = True
            self._lane.offer(Item([]))

    def until_heard(self) -> None:
        """Block this thread while too much waits. Not for the loop of `run`."""
        most = self._limits.patience
        if self._lane.weight > most:
            with self._room:
                self._room.wait_for(lambda: self._closed or self._lane.weight <= most)

    def close(self, last: Any = None) -> None:
        """Say a last word, if any; `run` returns when it is delivered, or soon."""
        if last is not None:
            self.say(last)
        self._lane.close()
        with self._room:
            self._closed = True
            self._room.notify_all()
        self._bell.ring()

    async def run(self) -> None:
        """Make the calls until closed."""
        speaking = asyncio.ensure_future(self._lane.run())
        beating = asyncio.ensure_future(self._beat())
        closing = asyncio.ensure_future(self._bell.until(lambda: self._closed or None))
        try:
            await asyncio.wait((speaking, closing), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((speaking,), timeout=self._limits.last_words)
        finally:
            tasks = (speaking, beating, closing)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.close()
        if not speaking.cancelled() and (error := speaking.exception()):
            self._lost(told(error))

    async def _send(self, items: list[Item]) -> None:
        self._nudged = self._silent = False
        with self._room:
            self._room.notify_all()
        frames = [part for item in items for part in item.frames]
        arrays = [item.array for item in items if item.array is not None]
        async with asyncio.timeout(self._limits.deadline):
            await self._call(frames, arrays)

    async def _beat(self) -> None:
        while True:
            self._silent = True
            await asyncio.sleep(self._limits.beat)
            if self._silent:
                self.nudge()


def told(error: BaseException) -> str:
    """Return why a call has failed, in one line."""
    if isinstance(error, TimeoutError):
        return "the other end is gone: it does not answer"
    cause = getattr(error, "cause", None) or error
    lines = str(cause).strip().splitlines()
    return f"the other end is gone: {lines[0] if lines else type(cause).__name__}"


class Hearing:
    """What an end hears: the frames of the other's calls, in their order, as messages."""

    def __init__(self, types: Sequence[type], receive: Callable[[Any], None]) -> None:
        self._decoder = Decoder(types)
        self._receive = receive

    def hear(self, frames: Iterable[bytes]) -> None:
        """Deal with every message. What that raises is logged, but for a `FrameError`."""
        for frame in frames:
            for message in self._decoder.feed(frame):
                try:
                    self._receive(message)
                except FrameError:
                    raise
                except Exception:
                    log.exception("a %s could not be dealt with", type(message).__name__)
