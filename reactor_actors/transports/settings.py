"""What can be chosen about a server. Imports neither aiohttp nor aiortc."""

from __future__ import annotations

from dataclasses import dataclass, field

from reactor_actors.core.session import Limits
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.webrtc.rate import BitrateRange
from reactor_actors.transports.webrtc.settings import ConnectionLimits, PeerSettings


@dataclass(frozen=True, slots=True)
class VenueSettings:
    """What a replica's clients' side is told about its network, its bounds and its patience."""

    peers: PeerSettings = field(default_factory=PeerSettings)
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)
    session: Limits = field(default_factory=Limits)
    bitrate: BitrateRange = field(default_factory=BitrateRange)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What a server is told about its network, its bounds and its patience."""

    http: HttpSettings = field(default_factory=HttpSettings)
    venue: VenueSettings = field(default_factory=VenueSettings)
