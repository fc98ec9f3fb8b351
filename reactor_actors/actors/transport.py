"""`TransportActor`: the Ray face of a `TransportServer`, its models, and processes like it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ray

from reactor_actors.actors.branch import Branch
from reactor_actors.actors.crew import Crew, all_kept
from reactor_actors.actors.logs import LogSettings, configure
from reactor_actors.actors.media import Post
from reactor_actors.actors.meetings import Meetings
from reactor_actors.actors.memory import settle
from reactor_actors.actors.model import whereabouts
from reactor_actors.actors.ports import Media, Replica
from reactor_actors.actors.reports import Report
from reactor_actors.actors.scale import Scale
from reactor_actors.actors.visitors import Visitors
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import PeerGone
from reactor_actors.transports.server import TransportServer
from reactor_actors.transports.settings import ServerSettings
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
    """HTTP for all replicas, sessions and peers of its share, in a process that outlives models.

    An async actor: every method runs on one event loop. `spawn` starts a model's process, given
    its replica's name; each of `hires` starts a process that carries media for another share. Both
    end with this one.
    """

    def __init__(
        self,
        served: Served,
        settings: ServerSettings,
        logs: LogSettings,
        spawn: Callable[[str], Replica],
        hires: Sequence[Callable[[Post], Media]] = (),
    ) -> None:
        configure(logs)
        settle()
        self._served = served
        self._settings = settings
        self._spawn = spawn
        self._hires = hires
        self._server: TransportServer | None = None
        self._branches: list[Branch] = []

    async def start(self) -> Listening:
        """Listen, before any model loads. Raises `SetupError`."""
        served, scale = self._served, self._served.scale
        node, address, _ = whereabouts()
        self._branches = [
            self._branch(number, names, hire, node)
            for number, (names, hire) in enumerate(zip(scale.shares[1:], self._hires, strict=True))
        ]
        server = self._server = TransportServer(
            self._settings,
            model=served.model,
            version=served.version,
            names=scale.names,
            mode=scale.mode,
            queue_limit=scale.queue_limit,
            far=self._branches,
        )
        meetings = Meetings(scale.link, node, _own)
        self._crew = Crew(server.venues.values(), self._spawn, meetings, scale)
        await server.start()
        return Listening(server.url, node, address)

    async def keep(self) -> bool:
        """Keep the models alive until stopped; False if any had to be given up.

        Raises `SetupError` or `ModelError` for a declaration that no restart can mend.
        """
        return await all_kept([self._crew.keep(), *(branch.keep() for branch in self._branches)])

    async def take(self, link: str, items: list[bytes], *arrays: Any) -> Any:
        """Take what a model says over a link of references."""
        return await self._crew.take(link, items, *arrays)

    async def report(self, number: int, life: int, reports: list[Report]) -> None:
        """Take in what a process that carries media tells, in one of its lives."""
        self._branches[number].report(life, reports)

    async def loaded(self) -> Contract | None:
        """Return what the model declares; None while it loads."""
        return self._started().contract

    async def trouble(self) -> Exception | None:
        """Return why a model that has never been loaded could not be, if one failed."""
        return self._crew.failure

    async def status(self) -> Status:
        """Say how everything stands."""
        return self._started().status()

    async def drain(self, seconds: float) -> bool:
        """Take no more sessions and clients; wait until none runs. False: one still does."""
        return await self._started().lobby.drain(seconds)

    async def stop(self) -> None:
        """End the sessions in order, then the models, then everything else."""
        if self._server is None:
            return
        self._server.lobby.draining = True
        await asyncio.gather(self._crew.stop(), *(branch.stop() for branch in self._branches))
        await self._server.close()

    def _branch(
        self, number: int, names: tuple[str, ...], hire: Callable[[Post], Media], node: str
    ) -> Branch:
        return Branch(
            names,
            lambda life: hire(Post(names, number, life, _own(), node, self._served.scale)),
            hear=lambda replica, note: self._started().hear(replica, note),
        )

    def _started(self) -> TransportServer:
        if self._server is None:
            raise PeerGone("the server is being started")
        return self._server


def _own() -> Any:
    return ray.get_runtime_context().current_actor
