"""A whole server in one process, its models on threads: what guests and subscribers deal with.

async with hosting(MyModel) as hosted:
    async with await hosted.connect() as connection:
        assert (await connection.frame()).shape == (64, 64, 3)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

from reactor_actors.client.connection import AsyncConnection
from reactor_actors.core import events as ev
from reactor_actors.core.mode import Mode
from reactor_actors.engine.host import ModelHost
from reactor_actors.links.direct import DirectLink
from reactor_actors.loader import program_of
from reactor_actors.transports.server import TransportServer
from reactor_actors.transports.settings import ServerSettings
from reactor_actors.transports.venue import Venue

SECONDS = 15.0


class Hosted:
    """A server whose routes nobody asks, with one model on a thread per replica."""

    def __init__(self, server: TransportServer) -> None:
        self.server = server
        self.guests = server.guests
        self.hosts: list[ModelHost] = []
        self.ended: list[Future[None]] = []

    @property
    def venue(self) -> Venue:
        return self.server.venues["0"]

    async def attach(self, model: type, venue: Venue, config: dict[str, Any] | None) -> None:
        host = ModelHost(lambda: program_of(model, config, {}))
        self.hosts.append(host)
        contract = await asyncio.wait_for(asyncio.wrap_future(host.load()), SECONDS)
        link = DirectLink(contract, host, venue.host, asyncio.get_running_loop())
        venue.attach(link, contract, 0.0)
        self.ended.append(host.serve(link))

    async def connect(self, ticket: str = "", timeout: float = 0.0) -> AsyncConnection:
        return await AsyncConnection.open(
            self.guests, ticket=ticket, timeout=timeout, patience=SECONDS
        )

    def lose_the_model(self) -> None:
        self.venue.lose(ev.ModelLost())


@asynccontextmanager
async def hosting(
    model: type,
    config: dict[str, Any] | None = None,
    *,
    replicas: int = 1,
    mode: Mode = Mode.SHARED,
    settings: ServerSettings | None = None,
    load: bool = True,
) -> AsyncIterator[Hosted]:
    """Serve a model to clients without a network."""
    names = [str(number) for number in range(replicas)]
    server = TransportServer(
        settings or ServerSettings(), model="hosted", version="0", names=names, mode=mode
    )
    hosted = Hosted(server)
    try:
        for venue in server.venues.values() if load else ():
            await hosted.attach(model, venue, config)
        yield hosted
    finally:
        await server.wind_down()
        for host in hosted.hosts:
            assert await asyncio.to_thread(host.close)
        await server.close()
        for ended in hosted.ended:
            if not ended.cancelled():
                ended.result(0.0)
