"""Viewers made of aiortc: one that decodes and reads the clock, others that only count.

Who only counts looks at the head of a packet, which is not encrypted, and at nothing else: many
viewers on the server's own machine must leave the processor to the server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import av
import numpy as np
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.vpx import vp8_depayload
from aiortc.rtp import RtpPacket

from benchmarks.loopback.clock import flagged, read, since
from benchmarks.loopback.dialects import Dialect, Ours
from reactor_actors.transports.webrtc.ending import shut
from reactor_actors.transports.webrtc.ice import gathering
from reactor_actors.transports.webrtc.settings import IceSettings

DEADLINE, CLOSING = 20.0, 3.0
GREETING = 5.0


class Viewer:
    """One viewer, or listener. `decoding` viewers measure latency, the others only the rate.

    Attributes:
        data: The data channel.
        arrivals: When each picture, or packet of sound, was there.
        latencies: Milliseconds from drawing to decoded, of each picture that was decoded.
        octets: How much of media has come.
    """

    def __init__(
        self, *, decoding: bool, dialect: type[Dialect] = Ours, kind: str = "video"
    ) -> None:
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._pc = RTCPeerConnection(configuration)
        self._dialect, self._kind = dialect, kind
        self._decoding = decoding
        self._receiver = self._pc.addTransceiver(kind, "recvonly").receiver
        self._control = self._pc.createDataChannel("control")
        self._changed, self._seen = asyncio.Event(), asyncio.Event()
        self._control.on("open", self._changed.set)
        self._pc.on("connectionstatechange", self._changed.set)
        self._flag = False
        self._http: aiohttp.ClientSession | None = None
        self._greeting: asyncio.Task[None] | None = None
        self.data: Any = self._pc.createDataChannel("data")
        self.arrivals: list[float] = []
        self.latencies: list[int] = []
        self.octets = 0
        self.connect_seconds = 0.0
        self.first_picture_seconds = 0.0

    async def watch(self, url: str) -> None:
        """Connect and play; returns with the first picture."""
        began = time.perf_counter()
        if self._decoding:
            self._decode_packets()
        else:
            self._count_packets()
        with gathering(self._pc, IceSettings(bind=("127.0.0.1",))):
            await self._pc.setLocalDescription(await self._pc.createOffer())
        self._http = aiohttp.ClientSession(url)
        self._server = self._dialect(self._http, self._kind)
        async with asyncio.timeout(DEADLINE):
            answer = await self._server.answer(self._pc.localDescription.sdp)
            await self._pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await self._until(lambda: self._pc.connectionState == "connected")
            await self._until(lambda: self._control.readyState == "open")
            self.connect_seconds = time.perf_counter() - began
            self._server.play(self._control)
            await self._until(lambda: bool(self.arrivals))
        self.first_picture_seconds = time.perf_counter() - began
        self._greeting = asyncio.create_task(self.keep_alive())

    def forget(self) -> None:
        """Begin the measured time."""
        self.arrivals.clear()
        self.latencies.clear()
        self.octets = 0

    def longest_gap(self) -> float:
        """Return the longest time without a picture, in milliseconds."""
        pairs = zip(self.arrivals, self.arrivals[1:], strict=False)
        return 1e3 * max((later - sooner for sooner, later in pairs), default=0.0)

    async def steer(self, flag: bool) -> float:
        """Flip the flag; return the milliseconds until it shows in a decoded picture."""
        began = time.perf_counter()
        await self._server.steer(self.data, flag)
        async with asyncio.timeout(DEADLINE):
            while self._flag is not flag:
                self._seen.clear()
                await self._seen.wait()
        return (time.perf_counter() - began) * 1e3

    async def keep_alive(self) -> None:
        """Say something now and then, as every client does."""
        while True:
            self._server.greet(self._control)
            await asyncio.sleep(GREETING)

    async def vanish(self) -> None:
        """Be gone without a word: no more packets, no goodbye."""
        transport = self._receiver.transport
        await transport.transport.iceGatherer._connection.close()
        await self.close()

    async def close(self) -> None:
        """Leave."""
        if self._greeting is not None:
            self._greeting.cancel()
        await shut(self._pc, CLOSING)
        if self._http is not None:
            await self._http.close()

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            if self._pc.connectionState in ("failed", "closed"):
                raise ConnectionError(f"the connection has {self._pc.connectionState}")
            self._changed.clear()
            await self._changed.wait()

    def _arrived(self) -> None:
        self.arrivals.append(time.perf_counter())
        self._changed.set()

    def _count_packets(self) -> None:
        """Take packets off the wire before they are decrypted."""
        transport = self._receiver.transport.transport
        receive = transport._recv

        async def rest() -> bytes:
            while True:
                data = await receive()
                if not is_rtp(data):
                    return bytes(data)
                self.octets += len(data)
                if self._kind == "audio" or data[1] & 0x80:  # the marker ends a picture
                    self._arrived()

        transport._recv = rest

    def _decode_packets(self) -> None:
        """Take RTP as it comes: aiortc's own receiver holds a picture until the next one begins."""
        decoder = av.CodecContext.create("libvpx", "r")
        parts: list[bytes] = []

        async def take(packet: RtpPacket, arrival_time_ms: int) -> None:
            self.octets += len(packet.payload)
            parts.append(vp8_depayload(packet.payload))
            if packet.marker:
                self._arrived()
                self._read(decoder.decode(av.Packet(b"".join(parts))))
                parts.clear()

        self._receiver._handle_rtp_packet = take  # type: ignore[method-assign]

    def _read(self, frames: list[Any]) -> None:
        for frame in frames:
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:, : plane.width]
            self.latencies.append(since(read(luma)))
            self._flag = flagged(luma)
            self._seen.set()


def is_rtp(data: bytes) -> bool:
    """Tell media from DTLS, and from RTCP, whose second byte is 192 to 223 (RFC 5761)."""
    return 128 <= data[0] <= 191 and not 192 <= data[1] <= 223
