"""`TransportActor`: the Ray face of a `TransportServer` and the supervisors of its models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import ray

from reactor_actors.actors.logs import LogSettings, configure
from reactor_actors.actors.meetings import Meetings
from reactor_actors.actors.model import whereabouts
from reactor_actors.actors.ports import Replica
from reactor_actors.actors.scale import Scale
from reactor_actors.actors.supervise import Supervisor
from reactor_actors.actors.visitors import Visitors
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import PeerGone
from reactor_actors.transports.server import ServerSettings, TransportServer
from reactor_actors.transports.status import Status


@dataclass(frozen=True, slots=True)
class Served:
    """What is served: the model's name, the version of this server, and how much of it."""

    model: str
    version: str
    scale: Scale


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server listens: the address its own machine reaches it at, and that machine."""

    url: str
    node: str
    address: str


class TransportActor(Visitors):
    """HTTP, sessions and peers of all replicas, in a process that outlives their models.

    An async actor: every method runs on one event loop. `spawn` starts a model's process,
    given what its words are to be marked with.
    """

    def __init__(
        self,
        served: Served,
        settings: ServerSettings,
        logs: LogSettings,
        spawn: Callable[[str], Replica],
    ) -> None:
        configure(logs)
        self._served = served
        self._settings = settings
        self._spawn = spawn
        self._server: TransportServer | None = None
        self._supervisors: dict[str, Supervisor] = {}

    async def start(self) -> Listening:
        """Listen, before any model loads. Raises `SetupError`."""
        served, scale = self._served, self._served.scale
        self._server = TransportServer(
            self._settings,
            model=served.model,
            version=served.version,
            names=[str(number) for number in range(scale.replicas)],
            mode=scale.mode,
            queue_limit=scale.queue_limit,
        )
        node, address, _ = whereabouts()
        own = ray.get_runtime_context
        self._meetings = Meetings(scale.link, node, lambda: own().current_actor)
        for name, venue in self._server.venues.items():
            label = f"model {name}" if scale.replicas > 1 else "model"
            self._supervisors[name] = Supervisor(
                venue, partial(self._spawn, label), self._meetings.open, patience=scale.watchdog
            )
        await self._server.start()
        return Listening(self._server.url, node, address)

    async def keep(self) -> bool:
        """Keep the models alive until stopped; False if any had to be given up.

        Raises `SetupError` or `ModelError` for a declaration that no restart can mend.
        """
        kept = [
            asyncio.ensure_future(supervisor.keep()) for supervisor in self._supervisors.values()
        ]
        try:
            return all(await asyncio.gather(*kept))
        finally:
            for one in kept:
                one.cancel()
            await asyncio.gather(*kept, return_exceptions=True)

    async def take(self, link: str, items: list[bytes], *arrays: Any) -> Any:
        """Take what a model says over a link of references."""
        return await self._meetings.take(link, items, *arrays)

    async def loaded(self) -> Contract | None:
        """Return what the model declares; None while it loads."""
        return self._started().contract

    async def trouble(self) -> Exception | None:
        """Return why a model that has never been loaded could not be, if one failed."""
        failures = (one.failure for one in self._supervisors.values() if one.failure is not None)
        return next(failures, None)

    async def status(self) -> Status:
        """Say how everything stands."""
        return self._started().status()

    async def models(self) -> dict[str, str]:
        """Return Ray's id of every model's process, by its replica's name."""
        living = {name: one.actor for name, one in self._supervisors.items()}
        return {name: actor for name, actor in living.items() if actor is not None}

    async def drain(self, seconds: float) -> bool:
        """Take no more sessions and clients; wait until none runs. False: one still does."""
        return await self._started().lobby.drain(seconds)

    async def stop(self) -> None:
        """End the sessions in order, then the models, then everything else."""
        if self._server is None:
            return
        await self._server.wind_down()
        await asyncio.gather(*(supervisor.stop() for supervisor in self._supervisors.values()))
        await self._server.close()

    def _started(self) -> TransportServer:
        if self._server is None:
            raise PeerGone("the server is being started")
        return self._server
