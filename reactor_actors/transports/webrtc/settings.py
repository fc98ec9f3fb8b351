"""What can be chosen about peers: where they are reached, their codecs, their bounds.

Imports no aiortc: a command line reads its options before anything heavy is needed.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace

from reactor_actors.core.errors import SetupError

VIDEO = ("VP8", "H264")
LOWEST_PORT, HIGHEST_PORT = 1024, 65535


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server, with its credentials where it needs them."""

    uri: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class IceSettings:
    """Where peers are reached. Without servers none is asked: on a LAN none is needed.

    Attributes:
        servers: STUN and TURN servers, for clients and for the server itself.
        relay_only: Whether media goes through TURN alone.
        ports: The lowest and the highest UDP port; None is any.
        bind: The addresses to use in place of those of every interface.
        public_address: What is advertised in place of the bound addresses, for a machine behind
            one-to-one NAT.
    """

    servers: tuple[IceServer, ...] = ()
    relay_only: bool = False
    ports: tuple[int, int] | None = None
    bind: tuple[str, ...] = ()
    public_address: str | None = None

    def on_another_machine(self, address: str) -> IceSettings:
        """Return these settings for a machine that is reached at `address`.

        What is bound or advertised here is no address of that machine.
        """
        return replace(self, bind=(address,) if self.bind else (), public_address=None)


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """What all peers of a server share.

    Attributes:
        ice: Where they are reached.
        codecs: Those of video, the preferred one first.
    """

    ice: IceSettings = field(default_factory=IceSettings)
    codecs: tuple[str, ...] = VIDEO


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds and deadlines of connections.

    Attributes:
        connections: How many a session may have.
        candidates: How many are kept for a connection that waits for its offer.
        negotiation: Seconds after which an offer that has not become a connection is given up.
        silence: Seconds after which a client that says nothing is gone; 0 or less is never.
        poll: Seconds between two looks at who is silent.
    """

    connections: int = 64
    candidates: int = 64
    negotiation: float = 30.0
    silence: float = 20.0
    poll: float = 2.0


def bound_addresses(host: str, public_ip: str | None = None) -> tuple[str, ...]:
    """Return the addresses that media is sent from; none means those of every interface.

    A server that only this machine can reach needs no other address for its media.
    """
    for name in (public_ip, "127.0.0.1" if host == "localhost" else host):
        try:
            if name is not None and ipaddress.ip_address(name).is_loopback:
                return (name,)
        except ValueError:
            continue
    return ()


def parse_stun(text: str) -> IceServer:
    """Read `stun:host:port`; the scheme may be left out. Raises `SetupError`."""
    uri = text if ":" in text and text.split(":")[0] in ("stun", "stuns") else f"stun:{text}"
    if not _usable(uri):
        raise SetupError(f"--stun-server expects stun:host:port; got {text!r}")
    return IceServer(uri)


def parse_turn(text: str) -> IceServer:
    """Read `user;credential;turn:host:port`. Raises `SetupError`."""
    parts = text.split(";")
    if len(parts) != 3 or not all(parts):
        raise SetupError(f"--turn-server expects user;credential;url; got {len(parts)} parts")
    user, password, uri = parts
    if not uri.startswith(("turn:", "turns:")):
        uri = f"turn:{uri}"
    if not _usable(uri):
        raise SetupError(f"--turn-server expects a url such as turn:host:3478; got {uri!r}")
    return IceServer(uri, user, password)


def _usable(uri: str) -> bool:
    """Whether aiortc takes the address of a server: one it refuses would fail every connection."""
    if re.fullmatch(r"[a-z]+:[^\s;/?@]+(\?transport=(udp|tcp))?", uri) is None:
        return False
    # Who names no server need not wait for it.
    from aiortc.rtcicetransport import parse_stun_turn_uri

    try:
        return 0 < int(parse_stun_turn_uri(uri)["port"]) <= HIGHEST_PORT
    except ValueError:
        return False


def parse_ports(text: str) -> tuple[int, int] | None:
    """Read `min:max`; either side may be empty, and both empty is any port. Raises `SetupError`."""
    low, separator, high = text.partition(":")
    try:
        ports = int(low or LOWEST_PORT), int(high or HIGHEST_PORT)
    except ValueError:
        ports = (0, 0)
    if not separator or not 0 < ports[0] <= ports[1] <= HIGHEST_PORT:
        raise SetupError(f"--webrtc-port-range expects min:max, as in 50000:50100; got {text!r}")
    return None if text == ":" else ports
