"""What lies between the two ends of a link in a test: calls made by hand, and delays."""

from __future__ import annotations

import asyncio
import pickle
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from reactor_actors.core.media import Tick
from reactor_actors.core.messages import FromModel, Grant, ToModel
from reactor_actors.core.ports import ClientSide, Feed, ModelPort
from reactor_actors.links.framing import Decoder
from reactor_actors.links.items import TO_CLIENTS, Granted
from reactor_actors.links.refs import ClientsEnd, ModelEnd


class Road:
    """Calls between the ends of a refs link, as Ray makes them: pickled, arrays read-only.

    Every call takes as long as it likes, up to `seconds` there and back, so calls that overlap
    overtake each other. `calls` and `returned` tell which way they went, `said` what the model's
    end said in them. From `die()` on they fail, those under way too; from `swallow()` on none
    comes back.
    """

    def __init__(self, seconds: float = 0.0, seed: int = 1) -> None:
        self.seconds = seconds
        self.calls: list[str] = []
        self.returned: list[str] = []
        self.said: list[str] = []
        self._decoder = Decoder(TO_CLIENTS)
        self.model: ModelEnd | None = None
        self.clients: ClientsEnd | None = None
        self._loop = asyncio.get_running_loop()
        self._random = random.Random(seed)
        self._dead = False
        self._swallowing = False

    async def to_clients(self, items: list[bytes], *arrays: np.ndarray[Any, Any]) -> Granted:
        assert self.clients is not None
        await self._travel("to clients")
        self.said += [type(told).__name__ for item in items for told in self._decoder.feed(item)]
        taking = self.clients.take(*_carried(items, arrays))
        reply = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(taking, self._loop))
        await self._travel()
        self.returned.append("to clients")
        return pickle.loads(pickle.dumps(reply))

    async def to_model(self, items: list[bytes], *arrays: np.ndarray[Any, Any]) -> None:
        assert self.model is not None
        await self._travel("to model")
        await asyncio.to_thread(self.model.take, *_carried(items, arrays))
        await self._travel()
        self.returned.append("to model")

    def die(self) -> None:
        self._dead = True

    def swallow(self) -> None:
        self._swallowing = True

    async def _travel(self, name: str | None = None) -> None:
        if name:
            self.calls.append(name)
        if self.seconds:
            await asyncio.sleep(self._random.uniform(0.0, self.seconds))
        if self._swallowing:
            await asyncio.Event().wait()
        if self._dead:
            raise ConnectionResetError("the actor has died")


def _carried(items: list[bytes], arrays: tuple[np.ndarray[Any, Any], ...]) -> Any:
    copies = [array.copy() for array in arrays]
    for copy in copies:
        copy.setflags(write=False)
    return pickle.loads(pickle.dumps(items)), *copies


class Late:
    """Calls that are made in order, each up to `seconds` later."""

    def __init__(self, seconds: float, seed: int = 1) -> None:
        self._seconds = seconds
        self._random = random.Random(seed)
        self._loop = asyncio.get_running_loop()
        self._last = 0.0

    def call(self, call: Callable[..., None], *args: Any) -> None:
        at = self._loop.time() + self._random.uniform(0.0, self._seconds)
        self._last = max(at, self._last + 1e-6)
        self._loop.call_at(self._last, call, *args)


class LateClients:
    """A clients' side that hears everything late."""

    def __init__(self, clients: ClientSide, late: Late) -> None:
        self._clients = clients
        self._late = late

    def push(self, tick: Tick) -> None:
        self._late.call(self._clients.push, tick)

    def cut(self, epoch: int, black: bool) -> None:
        self._late.call(self._clients.cut, epoch, black)

    def set_rate(self, fps: float) -> None:
        self._late.call(self._clients.set_rate, fps)

    def receive(self, message: FromModel) -> None:
        self._late.call(self._clients.receive, message)


class LateDoor:
    """A door to the model through which everything goes late."""

    def __init__(self, door: ModelPort, late: Late) -> None:
        self._door = door
        self._late = late

    def deliver(self, message: ToModel) -> None:
        self._late.call(self._door.deliver, message)

    def feed(self, frame: Feed) -> None:
        self._late.call(self._door.feed, frame)

    def grant(self, grant: Grant) -> None:
        self._late.call(self._door.grant, grant)
