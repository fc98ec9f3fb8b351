"""How a peer reaches the network: ICE servers, transport policy, port range, advertised address."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
)
from aiortc.rtcicetransport import parse_stun_turn_uri

from reactor_actors.core.errors import SetupError

LOWEST_PORT, HIGHEST_PORT = 1024, 65535
_TRIES = 256
_WRAPPED = "_reactor_actors_port_range"
_ports: ContextVar[tuple[int, int] | None] = ContextVar("ports", default=None)


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

    def configuration(self) -> RTCConfiguration:
        """Return what aiortc takes. A list is always given: None would mean a public server."""
        servers = [RTCIceServer(s.uri, s.username, s.password) for s in self.servers]
        policy = RTCIceTransportPolicy.RELAY if self.relay_only else RTCIceTransportPolicy.ALL
        # With the default bundle policy the second track of a kind keeps a discarded transport.
        return RTCConfiguration(
            iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE, iceTransportPolicy=policy
        )


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


@contextmanager
def gathering(peer: RTCPeerConnection, settings: IceSettings) -> Iterator[None]:
    """Have everything that `peer` gathers meanwhile obey the settings.

    aioice binds every interface at any port and offers no say in either.
    """
    if settings.bind and not settings.relay_only:
        for connection in _connections(peer):
            connection.get_component_candidates = partial(
                _on_addresses, connection.get_component_candidates, list(settings.bind)
            )
    loop: Any = asyncio.get_running_loop()
    if settings.ports is not None and not hasattr(loop, _WRAPPED):
        setattr(loop, _WRAPPED, True)
        loop.create_datagram_endpoint = partial(_within_range, loop.create_datagram_endpoint)
    token = _ports.set(settings.ports)
    try:
        yield
    finally:
        _ports.reset(token)


def _connections(peer: RTCPeerConnection) -> set[Any]:
    transports = [t.receiver.transport for t in peer.getTransceivers()]
    if peer.sctp is not None:
        transports.append(peer.sctp.transport)
    return {transport.transport.iceGatherer._connection for transport in transports}


async def _on_addresses(
    gather: Callable[..., Awaitable[Any]],
    bound: list[str],
    component: int,
    addresses: list[str],
    **options: Any,
) -> Any:
    return await gather(component, bound, **options)


async def _within_range(create: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
    """Bind a datagram socket at a port of the range, wherever any port was asked for."""
    ports, address = _ports.get(), kwargs.get("local_addr")
    if ports is None or address is None or address[1] != 0:
        return await create(*args, **kwargs)
    candidates = list(range(ports[0], ports[1] + 1))
    random.shuffle(candidates)
    for port in candidates[:_TRIES]:
        try:
            return await create(*args, **{**kwargs, "local_addr": (address[0], port)})
        except OSError:
            continue
    raise OSError(f"no free UDP port on {address[0]} in {ports[0]}:{ports[1]}")
