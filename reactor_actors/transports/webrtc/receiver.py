"""Bounds for what a client sends, which aiortc's receiver lacks.

aiortc decodes in one thread per receiver, from a queue without a bound, and joins that thread on
the event loop: a client that sends more than can be decoded would fill the memory, and its end
would stop every other client until the last picture is decoded.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.rtp import RtcpByePacket

SOURCES = 16
"""RTP sources of one track. A report about more than 31 cannot even be written."""

BACKLOG = 30
"""Encoded pictures or packets of sound that wait for the decoder."""

_PRIVATE = "_RTCRtpReceiver__"


def guard(receiver: RTCRtpReceiver, overrun: Callable[[], None]) -> None:
    """Bound what a receiver keeps; call before media flows.

    `overrun` is called when the client sends from more sources than any real one does, which costs
    memory for each. A goodbye is not believed: browsers say it when a track rests, and aiortc would
    never decode again.
    """
    handle_rtp: Callable[..., Awaitable[None]] = receiver._handle_rtp_packet
    handle_rtcp: Callable[[Any], Awaitable[None]] = receiver._handle_rtcp_packet
    sources: set[int] = set()

    async def take(packet: Any, arrival_time_ms: int) -> None:
        if packet.ssrc not in sources:
            if len(sources) >= SOURCES:
                overrun()
                return
            sources.add(packet.ssrc)
        await handle_rtp(packet, arrival_time_ms=arrival_time_ms)

    async def hear(packet: Any) -> None:
        if not isinstance(packet, RtcpByePacket):
            await handle_rtcp(packet)

    receiver._handle_rtp_packet = take  # type: ignore[method-assign]
    receiver._handle_rtcp_packet = hear  # type: ignore[method-assign]
    failed: threading.Event = getattr(receiver, f"{_PRIVATE}decoder_error")
    setattr(receiver, f"{_PRIVATE}decoder_queue", _Backlog(failed))


class _Backlog(queue.Queue[Any]):
    """What waits for the decoder. Too much of it, or the end, and all of it is dropped.

    After a loss the decoder is said to have failed: aiortc asks for a key frame then.
    """

    def __init__(self, failed: threading.Event) -> None:
        super().__init__()
        self._failed = failed

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        with self.mutex:
            overrun = self._qsize() >= BACKLOG
            if overrun or item is None:
                self.queue.clear()
        if overrun and item is not None:
            self._failed.set()
            return
        super().put(item, block, timeout)
