import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.transports.webrtc.datagrams import LONGEST, MOST, batches, segmenting, send

PICTURE = [bytes([n]) * 1200 for n in range(20)] + [b"last" * 10]


class Arrivals(asyncio.DatagramProtocol):
    """Notes every datagram."""

    def __init__(self) -> None:
        self.datagrams: list[bytes] = []
        self.changed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.datagrams.append(data)
        self.changed.set()

    async def so_many(self, count: int) -> list[bytes]:
        async with asyncio.timeout(10):
            while len(self.datagrams) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.datagrams


class Relay:
    """An endpoint without a socket of its own, as one behind TURN is."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Any]] = []

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def sendto(self, data: bytes, address: Any) -> None:
        self.sent.append((data, address))


@asynccontextmanager
async def wire() -> AsyncIterator[tuple[Any, Arrivals, Any]]:
    """Two ends on the loopback: where to send, what has arrived, and at which address."""
    loop = asyncio.get_running_loop()
    near, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
    )
    far, arrivals = await loop.create_datagram_endpoint(Arrivals, local_addr=("127.0.0.1", 0))
    try:
        yield near, arrivals, far.get_extra_info("sockname")
    finally:
        near.close()
        far.close()


@given(st.lists(st.integers(1, 4)), st.integers(1, 30_000))
def test_batches_keep_every_packet_in_order_and_what_a_kernel_takes(
    sizes: Sequence[int], scale: int
) -> None:
    packets = [bytes([n % 256]) * (size * scale // 4 + 1) for n, size in enumerate(sizes)]
    found = list(batches(packets))
    assert [packet for batch in found for packet in batch] == packets
    for batch in found:
        assert len(batch) <= MOST
        assert sum(map(len, batch)) <= LONGEST or len(batch) == 1
        assert {len(packet) for packet in batch[:-1]} <= {len(batch[0])}
        assert len(batch[-1]) <= len(batch[0])


def test_a_picture_is_one_batch_and_two_pictures_are_two() -> None:
    assert list(batches(PICTURE)) == [PICTURE]
    assert list(batches(PICTURE + PICTURE)) == [PICTURE, PICTURE]
    assert list(batches([])) == []


async def test_a_picture_arrives_as_the_packets_it_was_sent_as() -> None:
    async with wire() as (near, arrivals, address):
        send(near, segmenting(near), PICTURE, address)
        assert await arrivals.so_many(len(PICTURE)) == PICTURE


async def test_what_does_not_fit_into_a_datagram_of_the_network_still_arrives() -> None:
    large = [bytes([n]) * 20_000 for n in range(3)]
    async with wire() as (near, arrivals, address):
        cutting = segmenting(near)
        too_many = [b"?" * 40_000, b"!" * 40_000]  # cut by nobody: more than a datagram holds
        send(near, cutting, large + too_many, address)
        assert await arrivals.so_many(5) == large + too_many


async def test_where_the_system_refuses_the_call_packets_leave_one_by_one() -> None:
    async with wire() as (near, arrivals, address):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as refuses:
            send(near, refuses, PICTURE, address)
        assert await arrivals.so_many(len(PICTURE)) == PICTURE


async def test_behind_a_relay_packets_leave_one_by_one() -> None:
    relay = Relay()
    send(relay, segmenting(relay), PICTURE, ("127.0.0.1", 9))
    assert relay.sent == [(packet, ("127.0.0.1", 9)) for packet in PICTURE]


async def test_a_socket_that_knows_no_datagrams_cuts_nothing() -> None:
    loop = asyncio.get_running_loop()
    one, other = socket.socketpair()
    with other:
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=one)
        assert segmenting(transport) is None
        transport.close()
