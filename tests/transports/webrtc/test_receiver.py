"""The bounds are put into aiortc's receiver, so its parts are looked at here."""

from typing import Any

from aiortc import RTCPeerConnection, RTCRtpReceiver
from aiortc.rtp import RtcpByePacket, RtpPacket

from reactor_actors.transports.webrtc.receiver import BACKLOG, SOURCES, guard


class Guarded:
    """A guarded receiver, and how often it was overrun."""

    def __init__(self) -> None:
        self.overruns = 0
        self.receiver: RTCRtpReceiver = RTCPeerConnection().addTransceiver("video").receiver
        guard(self.receiver, self.overrun)

    def overrun(self) -> None:
        self.overruns += 1

    async def hear(self, ssrc: int) -> None:
        packet = RtpPacket(payload_type=120, sequence_number=1, timestamp=1)
        packet.ssrc = ssrc
        await self.receiver._handle_rtp_packet(packet, arrival_time_ms=1)

    @property
    def sources(self) -> int:
        return len(self.receiver.getSynchronizationSources())

    @property
    def backlog(self) -> Any:
        return self.receiver._RTCRtpReceiver__decoder_queue

    @property
    def wants_key(self) -> bool:
        return bool(self.receiver._RTCRtpReceiver__decoder_error.is_set())


async def test_packets_of_a_few_sources_pass_and_one_source_too_many_is_told_of() -> None:
    guarded = Guarded()
    for _ in range(3):
        for ssrc in range(SOURCES):
            await guarded.hear(ssrc)
    assert (guarded.sources, guarded.overruns) == (SOURCES, 0)
    await guarded.hear(SOURCES)
    assert (guarded.sources, guarded.overruns) == (SOURCES, 1)


async def test_a_goodbye_is_not_believed() -> None:
    guarded = Guarded()
    await guarded.receiver._handle_rtcp_packet(RtcpByePacket(sources=[1]))


async def test_what_waits_for_the_decoder_is_bounded_and_a_loss_asks_for_a_key_frame() -> None:
    guarded = Guarded()
    for number in range(BACKLOG):
        guarded.backlog.put(number)
    assert not guarded.wants_key
    guarded.backlog.put("one too many")
    assert guarded.wants_key
    assert guarded.backlog.qsize() == 0


async def test_the_end_passes_everything_that_waits() -> None:
    guarded = Guarded()
    for number in range(BACKLOG):
        guarded.backlog.put(number)
    guarded.backlog.put(None)
    assert guarded.backlog.get_nowait() is None
    assert not guarded.wants_key
