import asyncio
import logging

import pytest
from aiortc import RTCPeerConnection

from reactor_actors.transports.webrtc.ending import report_to_the_end, shut


async def test_a_connection_is_closed() -> None:
    pc = RTCPeerConnection()
    pc.addTransceiver("video")
    await shut(pc, 5.0)
    assert pc.connectionState == "closed"


async def test_closing_twice_does_nothing_more() -> None:
    pc = RTCPeerConnection()
    await shut(pc, 5.0)
    await shut(pc, 5.0)


class Stuck(RTCPeerConnection):
    """Closing it never ends."""

    async def close(self) -> None:
        await asyncio.get_running_loop().create_future()


class Broken(RTCPeerConnection):
    """Closing it fails."""

    async def close(self) -> None:
        raise AttributeError("no transport")


@pytest.mark.parametrize("kind", [Stuck, Broken])
async def test_what_cannot_be_closed_loses_its_sockets(
    kind: type[RTCPeerConnection], caplog: pytest.LogCaptureFixture
) -> None:
    pc = kind()
    pc.createDataChannel("data")
    await pc.setLocalDescription(await pc.createOffer())
    with caplog.at_level(logging.WARNING):
        await shut(pc, 0.05)
    assert "sockets" in caplog.text
    assert pc.sctp.transport.transport.state == "closed"


async def test_an_end_whose_reports_fail_can_still_be_stopped() -> None:
    receiver = RTCPeerConnection().addTransceiver("audio").receiver

    async def failing() -> None:
        raise ValueError("too many to count")

    receiver._run_rtcp = failing  # type: ignore[method-assign]
    report_to_the_end(receiver)
    await receiver._run_rtcp()
    assert receiver._RTCRtpReceiver__rtcp_exited.is_set()
