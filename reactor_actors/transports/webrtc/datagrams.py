"""Make the packets of a picture from one header, and send them straight to the socket.

aiortc makes each packet from nothing, and passes it down through four layers: for a server of many
viewers that costs more than everything else. This file reaches into aiortc and aioice for what lies
between an encoded picture and its socket.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiortc import RTCRtpSender, clock
from aiortc.rtp import RtpPacket

REMEMBERED = 128
"""Packets that can be sent again. aiortc looks for them modulo this number."""

MARKER = 0x80
_PRIVATE = "_RTCRtpSender__"
_START = struct.Struct("!BBH")


class Datagrams:
    """Makes and sends the packets of one sender, which is aiortc's in everything else."""

    def __init__(self, sender: RTCRtpSender) -> None:
        self._sender = sender
        # The first half of all numbers: decryption may fail where they begin anew at once.
        self._number = random.randrange(1 << 15)
        self._origin = random.randrange(1 << 32)
        self._kept: dict[int, bytes] = {}
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
        endpoint, protect = pair.protocol.transport, transport._tx_srtp.protect
        for packet in packets:
            endpoint.sendto(protect(packet), pair.remote_addr)

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
