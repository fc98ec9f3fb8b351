"""`PacketTrack`: one viewer's end of one track. Encoded packets go in, aiortc takes them out."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.codecs import h264, vpx
from av.packet import Packet

from reactor_actors.core.tally import Tally

RTP_PAYLOAD = 1200
"""Bytes per RTP payload: what VPNs and narrow paths still carry. aiortc's own value is 1300, and a
module constant is the only place to say so."""

# A packet that is sent again carries its first sequence number in two bytes more.
vpx.PACKET_MAX = h264.PACKET_MAX = RTP_PAYLOAD - 2

VIDEO_BOUND = 30
SOUND_BOUND = 50


class PacketTrack(MediaStreamTrack):
    """A viewer's bounded queue of packets. Belongs to one event loop.

    Paused, it holds nothing and the sender waits. A video queue that overflows is emptied and
    goes on with the next key frame, which `need_key` asks for; a sound queue loses its oldest.
    `taken_at` is the time stamp, in seconds, of the packet that was handed out last. `ways_out`
    counts how long packets took from when they were made to when all of each was sent, by `clock`.
    """

    def __init__(
        self,
        kind: str,
        need_key: Callable[[], None] = lambda: None,
        ways_out: Tally | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.kind = kind
        self._need_key = need_key
        self._video = kind == "video"
        self._packets: deque[tuple[Packet[Any], float | None]] = deque()
        self._ways_out = ways_out or Tally(())
        self._clock = clock
        self._on_its_way: float | None = None
        self._arrived = asyncio.Event()
        self._paused = True
        self._key_awaited = True
        self.skipped = 0
        self.taken_at: float | None = None

    @property
    def paused(self) -> bool:
        """Whether nothing is sent."""
        return self._paused

    def resume(self) -> None:
        """Send from now on; video begins with a key frame."""
        self._paused = False
        self._key_awaited = True

    def pause(self) -> None:
        """Send nothing more, and forget what waits."""
        self._paused = True
        self._clear()

    def show(
        self, packet: Packet[Any], *, keys_only: bool = False, made_at: float | None = None
    ) -> None:
        """Queue a packet for this viewer; with `keys_only`, unless it is no key frame.

        `made_at` is when it was made: from then on its way out is timed.
        """
        if self._paused:
            return
        if self._video and (self._key_awaited or keys_only):
            if not packet.is_keyframe:
                self.skipped += 1
                self._key_awaited = True
                if not keys_only:
                    self._need_key()
                return
            self._key_awaited = False
        if len(self._packets) >= (VIDEO_BOUND if self._video else SOUND_BOUND):
            self.skipped += 1
            if self._video:
                self._clear()
                self._key_awaited = True
                self._need_key()
                return
            self._packets.popleft()
        self._packets.append((packet, made_at))
        self._arrived.set()

    async def recv(self) -> Any:
        """Return the next packet. aiortc's sender is the only caller; it is cancelled to end."""
        # It comes back when it has handed all of the packet before to the socket.
        if self._on_its_way is not None:
            self._ways_out.count(self._clock() - self._on_its_way)
            self._on_its_way = None
        while not self._packets:
            self._arrived.clear()
            await self._arrived.wait()
        packet, self._on_its_way = self._packets.popleft()
        if packet.pts is not None and packet.time_base is not None:
            self.taken_at = float(packet.pts * packet.time_base)
        return packet

    def _clear(self) -> None:
        self._packets.clear()
        self._arrived.clear()
