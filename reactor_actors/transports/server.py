"""`TransportServer`: the entrance and its rooms, in one object with one owner."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from reactor_actors.core import events as ev
from reactor_actors.core.contract import Contract
from reactor_actors.core.mode import QUEUE_LIMIT, Mode
from reactor_actors.core.tally import Spread
from reactor_actors.flow.lag import LoopLag
from reactor_actors.transports.figures import Figures
from reactor_actors.transports.guests import Guests
from reactor_actors.transports.health import health_of
from reactor_actors.transports.http.observatory import Observed
from reactor_actors.transports.http.record import Record
from reactor_actors.transports.http.server import HttpServer
from reactor_actors.transports.http.settings import HttpSettings, IceServer
from reactor_actors.transports.lobby import Lobby
from reactor_actors.transports.room import Room
from reactor_actors.transports.settings import ServerSettings, VenueSettings
from reactor_actors.transports.status import ReplicaStatus, Status
from reactor_actors.transports.subscribers import Subscribers
from reactor_actors.transports.venue import Venue
from reactor_actors.transports.webrtc.codecs import codec_for


class FarRoom(Room, Protocol):
    """A room whose venue is in another process: what is known of it was told from there."""

    def figures(self) -> Figures:
        """Return what has been done so far, in all its lives."""

    def status(self) -> ReplicaStatus:
        """Say how the replica stands."""


class FarTransport(Protocol):
    """A process with rooms of its own."""

    @property
    def rooms(self) -> Sequence[FarRoom]:
        """Its rooms."""

    @property
    def lag(self) -> Spread:
        """How late the timers of its event loop have been so far, in all its lives."""


class TransportServer:
    """HTTP in front of the replicas, which are called by `names`. Lives on one event loop.

    There is a venue for each name but those of `far` rooms, whose owner passes on their notes to
    `hear`. `start` the server, then `attach` to each venue its model once it is loaded. `guests`
    and `subscribers` are who takes part, or looks on, without a network.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        model: str,
        version: str,
        names: Sequence[str] = ("0",),
        mode: Mode = Mode.SHARED,
        queue_limit: int = QUEUE_LIMIT,
        far: Iterable[FarTransport] = (),
    ) -> None:
        known = tuple(
            IceServer((server.uri,), server.username, server.password)
            for server in settings.venue.peers.ice.servers
        )
        http = replace(settings.http, ice_servers=known)
        self._codecs = settings.venue.peers.codecs
        self._model = model
        self._record = Record()
        self._far = tuple(far)
        elsewhere = {room.name: room for transport in self._far for room in transport.rooms}
        self.venues = {
            name: self._venue(name, settings.venue, http) for name in names if name not in elsewhere
        }
        self._replicas: list[Venue | FarRoom] = [
            elsewhere.get(name) or self.venues[name] for name in names
        ]
        self.lobby = Lobby(
            [elsewhere.get(name) or self.venues[name].room for name in names],
            mode=mode,
            queue_limit=queue_limit,
            journal=self._record,
        )
        self.guests = Guests(self.lobby, self.venues, settings.venue.connections)
        self.subscribers = Subscribers(self.venues)
        self._lag = LoopLag()
        self._record.metrics.watch(self._observed)
        self._http = HttpServer(self.lobby, self._record, http, model=model, version=version)

    @property
    def url(self) -> str:
        """An address at which this machine reaches the server."""
        return self._http.url

    @property
    def contract(self) -> Contract | None:
        """What the model declares; None while no replica has been loaded yet."""
        return self.lobby.contract

    async def start(self) -> None:
        """Listen. Raises `SetupError` for what cannot be used."""
        await self._http.start()
        self._lag.start()
        # Loading a codec's library takes tens of milliseconds; no viewer should wait for it.
        await asyncio.to_thread(lambda: [codec_for(name) for name in self._codecs])

    def hear(self, replica: str, note: ev.Note) -> None:
        """Take in what has happened at a replica."""
        self._record(note)
        self.lobby.hear(replica, note)

    def status(self) -> Status:
        """Say how everything stands."""
        health = health_of(room.facts for room in self.lobby.rooms.values())
        return Status(
            model=self.contract.name if self.contract is not None else self._model,
            url=self.url,
            state=health.state,
            detail=health.detail,
            replicas=tuple(replica.status() for replica in self._replicas),
            waiting=self.lobby.waiting,
            draining=self.lobby.draining,
        )

    async def wind_down(self) -> None:
        """End every session in order, while there are models to end them with."""
        self.lobby.draining = True
        await asyncio.gather(*(venue.wind_down() for venue in self.venues.values()))

    async def close(self) -> None:
        """End the sessions, then everything else."""
        await self.wind_down()
        self._lag.close()
        await self._http.close()
        await self.subscribers.close()
        self.guests.close()
        await self.lobby.close()
        await asyncio.gather(*(venue.close() for venue in self.venues.values()))

    def _venue(self, name: str, settings: VenueSettings, http: HttpSettings) -> Venue:
        return Venue(
            name,
            settings,
            uploads=http.uploads(),
            journal=lambda note: self.hear(name, note),
        )

    def _observed(self) -> Observed:
        return Observed(
            replicas=[(replica.status(), replica.figures()) for replica in self._replicas],
            lags=[self._lag.read(), *(transport.lag for transport in self._far)],
        )
