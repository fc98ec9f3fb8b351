"""`Lockstep`: the link of a run that nobody watches live. One tick at a time, and none is lost.

`emit` returns when what it carried has been shown, and when the commands that were said on that
occasion have been answered. So what a model makes does not depend on how fast this machine is, or
its disk.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from reactor_actors.core.media import Batch
from reactor_actors.core.messages import FromModel, Grant, ToModel
from reactor_actors.core.pixels import tick_of
from reactor_actors.core.ports import ClientSide, Feed, ModelSide
from reactor_actors.flow.bell import Bell

HOLD_SECONDS = 1.0
"""How long a command holds the model: a handler may wait for the next picture itself."""


class Lockstep:
    """Both ends in one object: a `ClientPort` for the model, a `ModelPort` for the clients.

    The clients' side is to play whatever it has at once; `rated` is told the rates that the model
    asks for, on the clients' loop, in their place among the ticks.
    """

    def __init__(
        self,
        model: ModelSide,
        clients: ClientSide,
        loop: asyncio.AbstractEventLoop,
        rated: Callable[[float], None],
        *,
        hold_seconds: float = HOLD_SECONDS,
    ) -> None:
        self._model = model
        self._clients = clients
        self._loop = loop
        self._rated = rated
        self._hold_seconds = hold_seconds
        self._bell = Bell()
        self._sent = 0
        self._done = 0
        self._epoch = 0
        self._given = 0
        self._held: dict[str, asyncio.TimerHandle] = {}

    async def push(self, batch: Batch, *, drop: bool) -> int:
        """Hand over the batch, tick by tick, each when the one before it has been shown.

        `drop` is for viewers who must not wait. A file can: everything is admitted.
        """
        for index in range(batch.count):
            if batch.epoch < self._epoch:
                return index
            self._sent += 1
            self._call(self._clients.push, tick_of(batch, index))
            await self._bell.until(lambda: self._shown(batch.epoch))
        return batch.count

    def cut(self, epoch: int, *, black: bool) -> None:
        """Release whoever waits with an older epoch, and drop what is queued."""
        self._epoch = max(self._epoch, epoch)
        self._bell.ring()
        self._call(self._clients.cut, epoch, black)

    def waiting(self) -> int:
        """Return how many ticks have not been shown yet: one at most."""
        return max(0, self._sent - self._done)

    def set_rate(self, fps: float) -> None:
        """Pass a rate on to the recording."""
        self._call(self._rated, fps)

    def post(self, message: FromModel) -> None:
        """Say something to the clients' side."""
        self._call(self._clients.receive, message)

    def deliver(self, message: ToModel) -> None:
        """Queue a message for the model."""
        self._model.deliver(message)

    def feed(self, frame: Feed) -> None:
        """Put an input frame where the model can read it."""
        self._model.feed(frame)

    def grant(self, grant: Grant) -> None:
        """Let the model go on, once the tick this is the credit for has been shown."""
        # Playout gives the credit first and shows the tick then, in one step of the loop.
        self._loop.call_soon(self._take, grant.done)

    def hold(self, request: str) -> None:
        """Keep the model waiting until a command is answered, for a while at most."""
        self._held[request] = self._loop.call_later(self._hold_seconds, self.answered, request)

    def answered(self, request: str) -> None:
        """Let the model go on, unless another command is still to be answered."""
        if (timer := self._held.pop(request, None)) is not None:
            timer.cancel()
            self._go_on()

    def _take(self, done: int) -> None:
        self._given = max(self._given, done)
        self._go_on()

    def _go_on(self) -> None:
        if not self._held:
            self._done = self._given
            self._bell.ring()

    def _shown(self, epoch: int) -> bool | None:
        return True if self._done >= self._sent or epoch < self._epoch else None

    def _call(self, call: Callable[..., None], *args: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the clients' loop is closed: nobody is there
            self._loop.call_soon_threadsafe(call, *args)
