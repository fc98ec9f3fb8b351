from dataclasses import dataclass, field
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCRtpSender
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    pack_remb_fci,
)
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.transports.webrtc.feedback import Feedback
from tests.fakes import run_virtually


@dataclass
class Recorder:
    heard: list[Any] = field(default_factory=list)

    def picture_lost(self) -> None:
        self.heard.append("lost a picture")

    def estimated(self, bitrate: int) -> None:
        self.heard.append(bitrate)

    def lost(self, fraction: float) -> None:
        self.heard.append(fraction)


def a_sender() -> RTCRtpSender:
    return RTCPeerConnection().addTransceiver("video").sender


def report(ssrc: int, fraction: int) -> RtcpRrPacket:
    info = RtcpReceiverInfo(
        ssrc=ssrc, fraction_lost=fraction, packets_lost=0, highest_sequence=0, jitter=0, lsr=0,
        dlsr=0,
    )  # fmt: skip
    return RtcpRrPacket(ssrc=1, reports=[info])


def feedback(fmt: int, fci: bytes = b"") -> RtcpPsfbPacket:
    return RtcpPsfbPacket(fmt=fmt, ssrc=1, media_ssrc=2, fci=fci)


async def said(sender: RTCRtpSender, *packets: Any) -> None:
    """Have packets arrive, as the router of RTP hands them over."""
    for packet in packets:
        await sender._handle_rtcp_packet(packet)


async def test_reports_reach_the_listener() -> None:
    sender, listener = a_sender(), Recorder()
    Feedback(sender).listener = listener
    await said(
        sender,
        feedback(RTCP_PSFB_PLI),
        feedback(RTCP_PSFB_FIR),
        report(sender._ssrc, 64),
        feedback(RTCP_PSFB_APP, pack_remb_fci(1_000_000, [sender._ssrc])),
    )
    assert listener.heard[:3] == ["lost a picture", "lost a picture", 0.25]
    assert listener.heard[3] == pytest.approx(1_000_000, rel=0.01)


async def test_reports_about_others_and_other_packets_do_not() -> None:
    sender, listener = a_sender(), Recorder()
    Feedback(sender).listener = listener
    other = sender._ssrc ^ 1
    await said(
        sender,
        report(other, 64),
        feedback(RTCP_PSFB_APP, pack_remb_fci(1_000_000, [other])),
        feedback(RTCP_PSFB_APP, b"????"),
        RtcpByePacket(sources=[sender._ssrc]),
    )
    assert listener.heard == []


async def test_a_listener_that_replaces_another_hears_everything_once_and_the_old_one_nothing() -> (
    None
):
    sender, old, new = a_sender(), Recorder(), Recorder()
    sut = Feedback(sender)
    for listener in (old, new, None, old, new):
        sut.listener = listener
    await said(sender, feedback(RTCP_PSFB_PLI))
    assert (old.heard, new.heard) == ([], ["lost a picture"])


async def test_without_a_listener_reports_go_where_they_went() -> None:
    sender = a_sender()
    Feedback(sender)
    await said(sender, report(sender._ssrc, 1), feedback(RTCP_PSFB_PLI))
    stats = await sender.getStats()
    assert any(entry.type == "remote-inbound-rtp" for entry in stats.values())


@given(st.binary(max_size=40))
def test_no_feedback_of_an_application_is_an_error(fci: bytes) -> None:
    async def arrive() -> None:
        sender, listener = a_sender(), Recorder()
        Feedback(sender).listener = listener
        await said(sender, feedback(RTCP_PSFB_APP, fci))
        assert all(isinstance(item, int) for item in listener.heard)

    run_virtually(arrive())
