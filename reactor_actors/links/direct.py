"""The link within one process, for tests and measurements.

The model's thread is on one side, the clients' loop on the other. Nothing is copied but the
pictures, whose conversion is the copy. Order is that of the calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Batch
from reactor_actors.core.messages import FromModel, Grant, ToModel
from reactor_actors.core.pixels import tick_of
from reactor_actors.core.ports import ClientSide, Feed, ModelSide
from reactor_actors.flow.queue import Credits


class DirectLink:
    """Both ends in one object: a `ClientPort` for the model, a `ModelPort` for the clients.

    `model` is called from the clients' loop, `clients` is only called on it.
    """

    def __init__(
        self,
        contract: Contract,
        model: ModelSide,
        clients: ClientSide,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._model = model
        self._clients = clients
        self._loop = loop
        self._credits = Credits(contract.buffer_size, time.monotonic)

    async def push(self, batch: Batch, *, drop: bool) -> int:
        """Convert and hand over the batch, tick by tick."""
        admitted, began = 0, time.monotonic()
        for index in range(batch.count):
            if drop:
                if not self._credits.take_now(batch.epoch):
                    continue
            elif not await self._credits.take(batch.epoch):
                break
            now = time.monotonic()
            tick = tick_of(batch, index, admitted_at=now, held=now - began)
            self._call(self._clients.push, tick)
            admitted += 1
        if not drop:
            await self._credits.next_turn(batch.epoch)
        return admitted

    def cut(self, epoch: int, *, black: bool) -> None:
        """Release whoever waits with an older epoch, and drop what is queued."""
        self._credits.cut(epoch)
        self._call(self._clients.cut, epoch, black)

    def waiting(self) -> int:
        """Return how many admitted ticks have not been played yet."""
        return self._credits.waiting()

    def set_rate(self, fps: float) -> None:
        """Change the playout rate."""
        self._call(self._clients.set_rate, fps)

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
        """Let the model go on."""
        self._credits.update(grant)

    def _call(self, call: Callable[..., None], *args: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the clients' loop is closed: nobody is there
            self._loop.call_soon_threadsafe(call, *args)
