"""Closing an aiortc connection for certain: there are ways in which `close` never returns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender

log = logging.getLogger("reactor_actors.peer")


def report_to_the_end(end: RTCRtpReceiver | RTCRtpSender) -> None:
    """Have `stop` return although the reports of this end have failed.

    aiortc waits for a task that writes them. One report that cannot be written, which a client can
    bring about with its time stamps, and it would wait for ever.
    """
    run: Callable[[], Awaitable[None]] = end._run_rtcp

    async def reporting() -> None:
        try:
            await run()
        except Exception:
            # It ends the reports alone; nobody waits for this task to learn of it.
            log.warning("RTCP reports have ended", exc_info=True)
        finally:
            getattr(end, f"_{type(end).__name__}__rtcp_exited").set()

    end._run_rtcp = reporting  # type: ignore[method-assign]


async def shut(connection: RTCPeerConnection, seconds: float) -> None:
    """Close a connection; one that takes longer loses at least its sockets."""
    transceivers, sctp = connection.getTransceivers(), connection.sctp
    closing = asyncio.ensure_future(connection.close())
    await asyncio.wait([closing], timeout=seconds)
    if closing.done() and closing.exception() is None:
        return
    log.warning("closing a connection failed; its sockets are taken away from it")
    closing.cancel()
    transports = {t.receiver.transport for t in transceivers} | (
        {sctp.transport} if sctp else set()
    )
    for transport in transports:
        with suppress(Exception):
            await transport.stop()
            await transport.transport.stop()
