"""What the RTP time stamps of a sender mean: when the picture that carries one was shown.

Sender reports cannot tell: aiortc puts into them when a packet left, which is later by the time
of encoding. Nor does a browser pass them on: Chromium 156 gives neither `captureTime` nor
`estimatedPlayoutTimestamp` for these streams, with or without sound. This file reads aiortc's
counter.
"""

from __future__ import annotations

import asyncio
import time

from aiortc import RTCRtpSender

from reactor_actors.core.wire.outbound import Mark
from reactor_actors.transports.webrtc.outbound import PacketTrack


def mark_of(sender: RTCRtpSender, track: PacketTrack) -> Mark | None:
    """Return what the newest packet of a track that was sent says; None before the first.

    Belongs to the loop on which the packets' time stamps were made.
    """
    if track.taken_at is None:
        return None
    # A picture is taken and put on its way without a wait in between, so both are of one picture.
    rtp: int = sender._RTCRtpSender__rtp_timestamp  # type: ignore[attr-defined]
    age = asyncio.get_running_loop().time() - track.taken_at
    return Mark(rtp, time.time() - age)
