"""Send the packets of a picture at once: one header for all of them, one system call.

aiortc makes each packet from nothing and sends it by itself, which costs a server of many viewers
more than everything else. Linux cuts one long buffer into datagrams of one length, of which the
last may be shorter, and a picture's packets are just that. This file reaches into aiortc and aioice
for what lies between an encoded picture and its socket.
"""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from aiortc import RTCRtpSender, clock
from aiortc.rtp import RtpPacket

UDP_SEGMENT = 103
"""The length of a datagram, as an option of a socket and beside a message. `socket` lacks it."""

LONGEST = 60_000
"""Bytes handed over at once: what one UDP datagram may hold, less headers and some."""

MOST = 64
"""Datagrams handed over at once: what every kernel that can do this takes."""

REMEMBERED = 128
"""Packets that can be sent again. aiortc looks for them modulo this number."""

MARKER = 0x80
_PRIVATE = "_RTCRtpSender__"
_START = struct.Struct("!BBH")


class Datagrams:
    """Makes and sends the packets of one sender, which is aiortc's in everything else.

    What cannot be handed over at once, be it that the system knows no such call or that a relay is
    in between, leaves packet by packet.
    """

    def __init__(self, sender: RTCRtpSender) -> None:
        self._sender = sender
        # The first half of all numbers: decryption may fail where they begin anew at once.
        self._number = random.randrange(1 << 15)
        self._origin = random.randrange(1 << 32)
        self._kept: dict[int, bytes] = {}
        self._known: tuple[Any, socket.socket | None] = (None, None)
        self._encoded: Callable[[Any], Awaitable[Any]] = sender._next_encoded_frame
        self._repeat: Callable[[int], Awaitable[None]] = sender._retransmit
        sender._next_encoded_frame = self._next  # type: ignore[method-assign]
        sender._retransmit = self._retransmit  # type: ignore[method-assign]

    async def _next(self, codec: Any) -> None:
        """Send what comes next, and leave nothing to send."""
        frame = await self._encoded(codec)
        if frame is not None:
            stamp = (self._origin + frame.timestamp) & 0xFFFFFFFF
            self._send(self._packed(frame.payloads, codec.payloadType, stamp))

    def _packed(self, payloads: Sequence[bytes], payload_type: int, stamp: int) -> list[bytes]:
        """Return the packets of one picture, and count them for the sender's reports."""
        sender, now = self._sender, clock.current_ntp_time()
        model = RtpPacket(payload_type=payload_type, timestamp=stamp, ssrc=sender._ssrc)
        model.extensions.abs_send_time = now >> 14 & 0xFFFFFF
        model.extensions.mid = self._private("mid")
        header = model.serialize(self._private("rtp_header_extensions_map"))
        first, rest, packets = header[0], header[_START.size :], []
        for left in range(len(payloads) - 1, -1, -1):
            kind = payload_type if left else payload_type | MARKER
            packet = _START.pack(first, kind, self._number) + rest + payloads[-1 - left]
            self._kept[self._number % REMEMBERED] = packet
            self._number = (self._number + 1) & 0xFFFF
            packets.append(packet)
        self._note("ntp_timestamp", now)
        self._note("rtp_timestamp", stamp)
        self._note("octet_count", self._private("octet_count") + sum(map(len, payloads)))
        self._note("packet_count", self._private("packet_count") + len(payloads))
        return packets

    def _send(self, packets: list[bytes]) -> None:
        transport = self._sender.transport
        pair = transport.transport._connection._nominated.get(1)
        if pair is None or transport.state != "connected":
            raise ConnectionError("not connected")
        endpoint = pair.protocol.transport
        if self._known[0] is not endpoint:
            self._known = endpoint, segmenting(endpoint)
        protect = transport._tx_srtp.protect
        send(endpoint, self._known[1], [protect(p) for p in packets], pair.remote_addr)

    async def _retransmit(self, sequence_number: int) -> None:
        """Have aiortc send a packet again, which it looks for among its own."""
        place = sequence_number % REMEMBERED
        if packet := self._kept.get(place):
            extensions = self._private("rtp_header_extensions_map")
            self._private("rtp_history")[place] = RtpPacket.parse(packet, extensions)
            await self._repeat(sequence_number)

    def _private(self, name: str) -> Any:
        return getattr(self._sender, _PRIVATE + name)

    def _note(self, name: str, value: int) -> None:
        setattr(self._sender, _PRIVATE + name, value)


def segmenting(endpoint: Any) -> socket.socket | None:
    """Return the socket behind an endpoint, if it can cut a buffer into datagrams."""
    # What asyncio tells of its socket lacks the call that is needed.
    found = getattr(endpoint.get_extra_info("socket"), "_sock", None)
    if not isinstance(found, socket.socket):
        return None
    try:
        found.getsockopt(socket.IPPROTO_UDP, UDP_SEGMENT)
    except OSError:  # a system without it might send the buffer as one datagram
        return None
    return found


def send(
    endpoint: Any, cutting: socket.socket | None, packets: Sequence[bytes], address: Any
) -> None:
    """Send packets, in order, in as few calls as `cutting` can do with."""
    for batch in batches(packets):
        if cutting is None or len(batch) == 1 or endpoint.get_write_buffer_size():
            _one_by_one(endpoint, batch, address)
            continue
        length = (socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("@H", len(batch[0])))
        try:
            cutting.sendmsg(batch, [length], 0, address)
        except OSError:
            # The kernel's buffer is full, or the way there cannot: asyncio waits, or says so.
            _one_by_one(endpoint, batch, address)


def batches(packets: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield packets that can go at once: of one length, but for the last, which may be shorter."""
    start, total = 0, 0
    for index, packet in enumerate(packets):
        first, size = len(packets[start]), len(packet)
        if index > start and (
            size > first
            or len(packets[index - 1]) < first
            or total + size > LONGEST
            or index - start == MOST
        ):
            yield packets[start:index]
            start, total = index, 0
        total += size
    if packets:
        yield packets[start:]


def _one_by_one(endpoint: Any, packets: Sequence[bytes], address: Any) -> None:
    for packet in packets:
        endpoint.sendto(packet, address)
