"""`TransportServer`: everything on the clients' side, in one object with one owner."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from reactor_actors.core import events as ev
from reactor_actors.core.contract import Contract
from reactor_actors.core.ports import ModelPort
from reactor_actors.core.session import RUNNING, Limits, State
from reactor_actors.transports.host import TransportHost
from reactor_actors.transports.http.record import Record
from reactor_actors.transports.http.server import HttpServer
from reactor_actors.transports.http.settings import HttpSettings, IceServer
from reactor_actors.transports.webrtc.codecs import codec_for
from reactor_actors.transports.webrtc.connections import ConnectionLimits, Connections
from reactor_actors.transports.webrtc.peer import PeerSettings
from reactor_actors.transports.webrtc.rate import BitrateRange
from reactor_actors.transports.webrtc.streams import Streams

WIND_DOWN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a server is told about its network, its bounds and its patience."""

    http: HttpSettings = field(default_factory=HttpSettings)
    peers: PeerSettings = field(default_factory=PeerSettings)
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)
    session: Limits = field(default_factory=Limits)
    bitrate: BitrateRange = field(default_factory=BitrateRange)


class TransportServer:
    """HTTP, the session, the encoders and the peers of one replica. Lives on one event loop.

    `start` it, then `attach` the model once it is loaded. `host` is what a link talks to.
    """

    def __init__(self, settings: ServerSettings, *, model: str, version: str) -> None:
        known = tuple(
            IceServer((server.uri,), server.username, server.password)
            for server in settings.peers.ice.servers
        )
        http = replace(settings.http, ice_servers=known)
        self._settings = settings
        self._record = Record()
        self._streams = Streams(settings.bitrate)
        self.host = TransportHost(
            self._streams,
            limits=settings.session,
            uploads=http.uploads(),
            journal=self._record,
            emitted=self._record.metrics.emitted,
        )
        self._record.metrics.count_frames(self._frames)
        self._connections = Connections(
            self.host, self._streams, settings.peers, settings.connections
        )
        self._http = HttpServer(
            self.host, self._connections, self._record, http, model=model, version=version
        )

    @property
    def url(self) -> str:
        """An address at which this machine reaches the server."""
        return self._http.url

    async def start(self) -> None:
        """Listen. Raises `SetupError` for what cannot be used."""
        await self._http.start()
        # Loading a codec's library takes tens of milliseconds; no viewer should wait for it.
        await asyncio.to_thread(lambda: [codec_for(name) for name in self._settings.peers.codecs])

    def attach(self, model: ModelPort, contract: Contract, seconds: float) -> None:
        """Take the model, which took `seconds` to load."""
        self._record.metrics.model_loaded(seconds)
        self._streams.declare(contract.tracks, contract.fps)
        self.host.attach(model, contract)

    def _frames(self) -> dict[str, dict[str, int]]:
        received = {track: {"received": count} for track, count in self.host.fed().items()}
        return {**self._streams.counts(), **received}

    def lose(self, event: ev.ModelLost | ev.ModelGivenUp) -> None:
        """Go on without the model, for now or for good; its clients stay."""
        self.host.detach(event)

    async def wind_down(self) -> None:
        """End the session in order, while there is a model to end it with."""
        if self.host.state in RUNNING:
            self.host.tell(ev.Shutdown())
        if self.host.state is State.CLOSING:
            await self.host.wound_down(WIND_DOWN_SECONDS)

    async def close(self) -> None:
        """End the session, then everything else."""
        await self.wind_down()
        await self._http.close()
        await self._connections.close()
        await self._streams.close()
        await self.host.close()
