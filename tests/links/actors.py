"""The ends of refs links in two real actors, and the proxies through which a test drives them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError

from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import FromModel, Grant, ToModel
from reactor_actors.core.ports import Feed
from reactor_actors.links.items import Granted
from reactor_actors.links.refs import ClientsEnd, ModelEnd
from tests.fakes import FakeModel
from tests.links.joined import Clients, Joined

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"env_vars": {"PYTHONPATH": str(ROOT)}}


class ModelProcess:
    """A threaded actor with the models' ends of any number of links."""

    def __init__(self) -> None:
        self._ends: dict[int, ModelEnd] = {}
        self._models: dict[int, FakeModel] = {}
        self._opened = threading.Condition()

    def pid(self) -> int:
        return os.getpid()

    def open(self, link: int, clients: Any, contract: Contract) -> None:
        async def call(items: list[bytes], *arrays: Any) -> Granted:
            return await clients.take.remote(link, items, *arrays)

        self._models[link] = FakeModel()
        with self._opened:
            self._ends[link] = ModelEnd(call, contract, self._models[link])
            self._opened.notify_all()

    def take(self, link: int, items: list[bytes], *arrays: Any) -> None:
        with self._opened:
            self._opened.wait_for(lambda: link in self._ends)
        self._ends[link].take(items, *arrays)

    def push(self, link: int, batch: Batch, drop: bool) -> int:
        return asyncio.run(self._ends[link].push(batch, drop=drop))

    def cut(self, link: int, epoch: int, black: bool) -> None:
        self._ends[link].cut(epoch, black=black)

    def waiting(self, link: int) -> int:
        return self._ends[link].waiting()

    def set_rate(self, link: int, fps: float) -> None:
        self._ends[link].set_rate(fps)

    def post(self, link: int, message: FromModel) -> None:
        self._ends[link].post(message)

    def heard(self, link: int, delivered: int, fed: int) -> tuple[list[ToModel], list[Feed]]:
        model = self._models[link]
        return model.delivered[delivered:], model.fed[fed:]

    def close(self, link: int) -> None:
        self._ends[link].close()

    def reason(self, link: int) -> str:
        return self._ends[link].closed.result(20.0)


class ClientsProcess:
    """An async actor with the clients' ends of any number of links."""

    def __init__(self) -> None:
        self._ends: dict[int, ClientsEnd] = {}
        self._clients: dict[int, Any] = {}

    async def pid(self) -> int:
        return os.getpid()

    async def open(self, link: int, model: Any, clients: Any) -> None:
        async def call(items: list[bytes], *arrays: Any) -> None:
            await model.take.remote(link, items, *arrays)

        self._clients[link] = clients
        clients.link = self._ends[link] = ClientsEnd(call, clients)

    async def start(self, link: int) -> None:
        await self._ends[link].met()
        self._ends[link].start()

    async def take(self, link: int, items: list[bytes], *arrays: Any) -> Granted:
        return await self._ends[link].take(items, *arrays)

    async def deliver(self, link: int, message: ToModel) -> None:
        self._ends[link].deliver(message)

    async def feed(self, link: int, frame: Feed) -> None:
        self._ends[link].feed(frame)

    async def grant(self, link: int, grant: Grant) -> None:
        self._ends[link].grant(grant)

    async def calls(self, link: int, start: int) -> list[tuple[Any, ...]]:
        return self._clients[link].calls[start:]

    async def close(self, link: int) -> None:
        self._ends[link].close()

    async def reason(self, link: int) -> str:
        return await self._ends[link].closed

    async def ask(self, link: int, question: str) -> Any:
        return getattr(self._clients[link], question)()


@dataclass
class Port:
    """The `ClientPort` of an end in another process."""

    model: Any
    link: int

    async def push(self, batch: Batch, *, drop: bool) -> int:
        return int(await self.model.push.remote(self.link, batch, drop))

    def cut(self, epoch: int, *, black: bool) -> None:
        ray.get(self.model.cut.remote(self.link, epoch, black))

    def waiting(self) -> int:
        return int(ray.get(self.model.waiting.remote(self.link)))

    def set_rate(self, fps: float) -> None:
        ray.get(self.model.set_rate.remote(self.link, fps))

    def post(self, message: FromModel) -> None:
        ray.get(self.model.post.remote(self.link, message))


@dataclass
class Door:
    """The `ModelPort` of an end in another process."""

    clients: Any
    link: int

    def deliver(self, message: ToModel) -> None:
        ray.get(self.clients.deliver.remote(self.link, message))

    def feed(self, frame: Feed) -> None:
        ray.get(self.clients.feed.remote(self.link, frame))

    def grant(self, grant: Grant) -> None:
        ray.get(self.clients.grant.remote(self.link, grant))


class FarModel:
    """What the model of another process has heard, as far as it has been asked."""

    def __init__(self, actor: Any, link: int) -> None:
        self._actor = actor
        self._link = link
        self._delivered: list[ToModel] = []
        self._fed: list[Feed] = []

    @property
    def delivered(self) -> list[ToModel]:
        self._fetch()
        return self._delivered

    @property
    def fed(self) -> list[Feed]:
        self._fetch()
        return self._fed

    def _fetch(self) -> None:
        known = len(self._delivered), len(self._fed)
        delivered, fed = ray.get(self._actor.heard.remote(self._link, *known))
        self._delivered += delivered
        self._fed += fed


class FarClients:
    """What the clients of another process have heard, as far as they have been asked.

    Calls that a test removes here are gone here; there, all are kept.
    """

    keep = True

    def __init__(self, actor: Any, link: int) -> None:
        self._actor = actor
        self._link = link
        self._fetched = 0
        self._calls: list[tuple[Any, ...]] = []

    @property
    def calls(self) -> list[tuple[Any, ...]]:
        news = ray.get(self._actor.calls.remote(self._link, self._fetched))
        self._fetched += len(news)
        self._calls += news
        return self._calls

    @property
    def ticks(self) -> list[Tick]:
        return [call[1] for call in self.calls if call[0] == "push"]


class Actors:
    """Two actors of a cluster that is there, and links between them."""

    def __init__(self) -> None:
        options = {"num_cpus": 0, "max_concurrency": 16, "runtime_env": ENVIRONMENT}
        self.model = ray.remote(ModelProcess).options(**options).remote()
        self.clients = ray.remote(ClientsProcess).options(**options).remote()
        self._links = itertools.count()

    @asynccontextmanager
    async def link(self, contract: Contract, there: Any = None) -> AsyncIterator[Joined]:
        """Join both; `there` is what stands at the clients' end, by default one that records."""
        number = next(self._links)
        model, clients = self.model, self.clients
        await clients.open.remote(number, model, there or Clients(keep=True))
        await model.open.remote(number, clients, contract)
        await clients.start.remote(number)

        def close(actor: Any) -> None:
            ray.get(actor.close.remote(number))

        try:
            far = FarModel(model, number), FarClients(clients, number)
            kills = partial(close, model), partial(close, clients)
            yield Joined(Port(model, number), Door(clients, number), *far, *kills)
        finally:
            for actor in (model, clients):
                with contextlib.suppress(RayActorError):
                    close(actor)

    def kill(self, actor: Any) -> None:
        """End an actor's process without ceremony."""
        os.kill(ray.get(actor.pid.remote()), signal.SIGKILL)

    def end(self) -> None:
        for actor in (self.model, self.clients):
            ray.kill(actor)
