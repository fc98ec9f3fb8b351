"""Loss and delay on the way between one viewer and the server.

The viewer's own UDP socket gives packets late, or not at all, in both directions. That needs no
rights and no kernel module, and harms nobody else on the machine. Order is kept, as on most paths:
jitter delays what comes behind it.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiortc import RTCPeerConnection

MOST = 1000
"""Packets that may be on their way at a time; more are lost, as in a router."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad a path is: the part of the packets that is lost, and seconds one way."""

    loss: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0


RAIN = Weather(loss=0.02, delay=0.03, jitter=0.01)


class Way:
    """One direction of a path. Pure: `now` is an argument, and chance comes with a seed."""

    def __init__(self, weather: Weather, seed: int, most: int = MOST) -> None:
        self.weather = weather
        self.lost = 0
        self._chance = random.Random(seed)
        self._most = most
        self._under_way: deque[tuple[float, Any]] = deque()

    def send(self, now: float, packet: Any) -> None:
        """Send a packet, which may be lost."""
        late = self._chance.random() < self.weather.loss
        if late or len(self._under_way) >= self._most:
            self.lost += 1
            return
        jitter = self._chance.uniform(-1.0, 1.0) * self.weather.jitter
        due = now + max(0.0, self.weather.delay + jitter)
        if self._under_way:
            due = max(due, self._under_way[-1][0])
        self._under_way.append((due, packet))

    def arrived(self, now: float) -> list[Any]:
        """Return what has arrived by now."""
        packets = []
        while self._under_way and self._under_way[0][0] <= now:
            packets.append(self._under_way.popleft()[1])
        return packets

    @property
    def due(self) -> float | None:
        """When the next packet arrives."""
        return self._under_way[0][0] if self._under_way else None


class Carrier:
    """Carries packets along a way on the running loop, and hands them to `deliver`."""

    def __init__(self, way: Way, deliver: Callable[..., None]) -> None:
        self.way = way
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def send(self, *packet: Any) -> None:
        """Send a packet."""
        self.way.send(self._loop.time(), packet)
        self._carry()

    def close(self) -> None:
        """Carry nothing any more."""
        self.way.weather = Weather(loss=1.0)
        if self._timer is not None:
            self._timer.cancel()

    def _carry(self) -> None:
        for packet in self.way.arrived(self._loop.time()):
            self._deliver(*packet)
        if self._timer is not None:
            self._timer.cancel()
        due = self.way.due
        self._timer = None if due is None else self._loop.call_at(due, self._carry)


class Path:
    """Both directions of the path of a peer that has gathered its candidates."""

    def __init__(self, peer: RTCPeerConnection, weather: Weather, seed: int) -> None:
        self._out: list[Carrier] = []
        self._in: list[Carrier] = []
        for number, protocol in enumerate(_protocols(peer)):
            ways = (Way(weather, 2 * (seed + number)), Way(weather, 2 * (seed + number) + 1))
            self._out.append(Carrier(ways[0], protocol.transport.sendto))
            self._in.append(Carrier(ways[1], protocol.datagram_received))
            protocol.transport = _Slow(protocol.transport, self._out[-1])
            # asyncio looks the method up with every packet.
            protocol.datagram_received = self._in[-1].send

    @property
    def lost(self) -> int:
        """How many packets were lost."""
        return sum(carrier.way.lost for carrier in (*self._in, *self._out))

    def deafen(self) -> None:
        """Let nothing come in any more."""
        for carrier in self._in:
            carrier.close()

    def cut(self) -> None:
        """Let nothing through any more."""
        self.deafen()
        for carrier in self._out:
            carrier.close()


class _Slow:
    """A datagram transport that sends through a carrier; all else is the transport's own."""

    def __init__(self, transport: Any, carrier: Carrier) -> None:
        self._transport = transport
        self._carrier = carrier
        self.sendto = carrier.send

    def close(self) -> None:
        """Close the transport; what is on its way is lost."""
        self._carrier.close()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def _protocols(peer: RTCPeerConnection) -> list[Any]:
    transports = [transceiver.receiver.transport for transceiver in peer.getTransceivers()]
    if peer.sctp is not None:
        transports.append(peer.sctp.transport)
    connections = {transport.transport.iceGatherer._connection for transport in transports}
    return [protocol for connection in connections for protocol in connection._protocols]
