"""How a peer is made to obey its `IceSettings`: servers, policy, bound addresses, port range."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
)

from reactor_actors.transports.webrtc.settings import IceSettings

_TRIES = 256
_WRAPPED = "_reactor_actors_port_range"
_ports: ContextVar[tuple[int, int] | None] = ContextVar("ports", default=None)


def configuration(settings: IceSettings) -> RTCConfiguration:
    """Return what aiortc takes. A list is always given: None would mean a public server."""
    servers = [RTCIceServer(s.uri, s.username, s.password) for s in settings.servers]
    policy = RTCIceTransportPolicy.RELAY if settings.relay_only else RTCIceTransportPolicy.ALL
    # With the default bundle policy the second track of a kind keeps a discarded transport.
    return RTCConfiguration(
        iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE, iceTransportPolicy=policy
    )


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
