"""What a misbehaving client does below aiortc's interface, and what a tap on its wire shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiortc import RTCPeerConnection, RTCRtpTransceiver
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtpPacket,
    pack_remb_fci,
)


@dataclass(frozen=True)
class Rtp:
    """One RTP packet that arrived."""

    mid: str | None
    payload_type: int
    ssrc: int
    sequence: int
    timestamp: int
    size: int
    marker: bool


class Wire:
    """The transport of one client."""

    def __init__(self, pc: RTCPeerConnection) -> None:
        self._pc = pc
        self.packets: list[Rtp] = []

    @property
    def _transport(self) -> Any:
        transceivers = self._pc.getTransceivers()
        return transceivers[0].receiver.transport if transceivers else self._pc.sctp.transport

    def tap(self) -> None:
        """Note every RTP packet that arrives from now on."""
        router = self._transport._rtp_router
        route = router.route_rtp

        def noted(packet: Any) -> Any:
            self.packets.append(
                Rtp(
                    packet.extensions.mid,
                    packet.payload_type,
                    packet.ssrc,
                    packet.sequence_number,
                    packet.timestamp,
                    len(packet.payload),
                    bool(packet.marker),
                )
            )
            return route(packet)

        router.route_rtp = noted

    def source_of(self, transceiver: RTCRtpTransceiver) -> int:
        """The SSRC that arrives for a transceiver."""
        sources: dict[int, Any] = self._transport._rtp_router.ssrc_table
        return next(s for s, receiver in sources.items() if receiver is transceiver.receiver)

    async def lose_picture(self, transceiver: RTCRtpTransceiver) -> None:
        """Ask for a key frame."""
        await self._report(
            RtcpPsfbPacket(
                fmt=RTCP_PSFB_PLI, ssrc=self._own(), media_ssrc=self.source_of(transceiver)
            )
        )

    async def estimate(self, transceiver: RTCRtpTransceiver, bitrate: int) -> None:
        """Claim to receive so many bits per second."""
        fci = pack_remb_fci(bitrate, [self.source_of(transceiver)])
        await self._report(
            RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=self._own(), media_ssrc=0, fci=fci)
        )

    async def lose(self, transceiver: RTCRtpTransceiver, fraction: float) -> None:
        """Claim to have lost a share of the packets."""
        info = RtcpReceiverInfo(
            ssrc=self.source_of(transceiver),
            fraction_lost=int(fraction * 256),
            packets_lost=0,
            highest_sequence=0,
            jitter=0,
            lsr=0,
            dlsr=0,
        )
        await self._report(RtcpRrPacket(ssrc=self._own(), reports=[info]))

    async def ask_again(self, transceiver: RTCRtpTransceiver, sequences: list[int]) -> None:
        """Ask for packets to be sent again."""
        packet = RtcpRtpfbPacket(
            fmt=RTCP_RTPFB_NACK, ssrc=self._own(), media_ssrc=self.source_of(transceiver)
        )
        packet.lost = sequences
        await self._report(packet)

    async def say_goodbye(self, transceiver: RTCRtpTransceiver) -> None:
        """Say what a browser says when a track rests."""
        await self._report(RtcpByePacket(sources=[transceiver.sender._ssrc]))

    async def babble(self, transceiver: RTCRtpTransceiver, sources: int) -> None:
        """Send a packet from each of many sources."""
        payload_type = transceiver._codecs[0].payloadType
        for number in range(sources):
            packet = RtpPacket(payload_type=payload_type, sequence_number=number, timestamp=0)
            packet.ssrc, packet.payload = 1000 + number, b"\x10\x00\x00\x00"
            await self._transport._send_rtp(packet.serialize())

    async def send_raw(self, data: bytes) -> None:
        """Send a datagram that is nothing."""
        await self._transport.transport._send(data)

    def vanish(self) -> None:
        """Lose the network without a word."""
        for protocol in self._transport.transport._connection._protocols:
            protocol.transport.abort()

    def _own(self) -> int:
        return int(self._pc.getTransceivers()[0].sender._ssrc)

    async def _report(self, packet: Any) -> None:
        await self._transport._send_rtp(bytes(packet))
