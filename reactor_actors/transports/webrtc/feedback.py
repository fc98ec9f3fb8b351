"""What viewers report about a track over RTCP: lost pictures, losses, and what they can receive.

aiortc hands reports to the sender and keeps them there. This file reaches in for them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiortc import RTCRtpSender
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)


class Listener(Protocol):
    """Who wants to hear a viewer's reports."""

    def picture_lost(self) -> None:
        """The viewer cannot go on without a key frame."""

    def estimated(self, bitrate: int) -> None:
        """The viewer can receive so many bits per second."""

    def lost(self, fraction: float) -> None:
        """So much of what was sent since the last report did not arrive."""


class Feedback:
    """What the viewer at the other end of one sender reports.

    `listener` hears it, and may change: a viewer that resumes again is another one to its stream.
    """

    def __init__(self, sender: RTCRtpSender) -> None:
        self.listener: Listener | None = None
        self._ssrc = sender._ssrc
        self._handle: Callable[[Any], Awaitable[None]] = sender._handle_rtcp_packet
        # The RTP router calls the method on the instance, so this instance alone is changed.
        sender._handle_rtcp_packet = self._overhear  # type: ignore[method-assign]

    async def _overhear(self, packet: Any) -> None:
        if self.listener is not None:
            _report(packet, self._ssrc, self.listener)
        await self._handle(packet)


def _report(packet: Any, ssrc: int, listener: Listener) -> None:
    if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
        for report in packet.reports:
            if report.ssrc == ssrc:
                listener.lost(report.fraction_lost / 256)
    elif isinstance(packet, RtcpPsfbPacket) and packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
        listener.picture_lost()
    elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
        try:
            bitrate, ssrcs = unpack_remb_fci(packet.fci)
        except ValueError:
            return  # some other application's feedback
        if ssrc in ssrcs:
            listener.estimated(bitrate)
