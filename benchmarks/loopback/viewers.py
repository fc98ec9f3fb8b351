"""Viewers made of aiortc: one that decodes and reads the clock, others that only count pictures."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import av
import numpy as np
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.vpx import vp8_depayload
from aiortc.rtp import RtpPacket

from benchmarks.loopback.clock import flagged, read, since
from reactor_actors.load.signalling import Front
from reactor_actors.transports.webrtc.ice import IceSettings, gathering

DEADLINE = 20.0


class Viewer:
    """One viewer. `decoding` viewers measure latency, the others leave the CPU to the server."""

    def __init__(self, *, decoding: bool) -> None:
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._pc = RTCPeerConnection(configuration)
        self._decoding = decoding
        self._receiver = self._pc.addTransceiver("video", "recvonly").receiver
        self._data = self._pc.createDataChannel("data")
        self._control = self._pc.createDataChannel("control")
        self._seen = asyncio.Event()
        self._flag = False
        self.arrivals: list[float] = []
        self.latencies: list[int] = []
        self.connect_seconds = 0.0
        self.first_picture_seconds = 0.0

    async def watch(self, url: str, *, plain: bool) -> None:
        """Connect and play; returns with the first picture."""
        began = time.perf_counter()
        self._take_packets()
        with gathering(self._pc, IceSettings(bind=("127.0.0.1",))):
            await self._pc.setLocalDescription(await self._pc.createOffer())
        offer = self._pc.localDescription.sdp
        async with aiohttp.ClientSession(url) as http:
            answer = await (_plain(http, offer) if plain else _negotiated(http, offer))
        await self._pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        async with asyncio.timeout(DEADLINE):
            while self._pc.connectionState != "connected" or self._control.readyState != "open":
                await asyncio.sleep(0.001)
            self.connect_seconds = time.perf_counter() - began
            if not plain:
                data = {"type": "notification", "event": "resume_track"}
                self._control.send(json.dumps({**data, "data": {"name": "main_video"}}))
            while not self.arrivals:
                await asyncio.sleep(0.001)
        self.first_picture_seconds = time.perf_counter() - began

    def forget(self) -> None:
        """Begin the measured time."""
        self.arrivals.clear()
        self.latencies.clear()

    async def steer(self, flag: bool, *, plain: bool) -> float:
        """Flip the flag; return the milliseconds until it shows in a decoded picture."""
        command = {"scope": "application", "data": {"type": "set_flag", "data": {"flag": flag}}}
        began = time.perf_counter()
        self._data.send(("on" if flag else "off") if plain else json.dumps(command))
        async with asyncio.timeout(DEADLINE):
            while self._flag is not flag:
                self._seen.clear()
                await self._seen.wait()
        return (time.perf_counter() - began) * 1e3

    async def keep_alive(self) -> None:
        """Say something now and then, as every client does."""
        while True:
            self._data.send('{"scope": "runtime", "data": {"type": "ping", "data": {}}}')
            await asyncio.sleep(1.0)

    async def vanish(self) -> None:
        """Be gone without a word: no more packets, no goodbye."""
        transport = self._receiver.transport
        await transport.transport.iceGatherer._connection.close()
        await self._pc.close()

    async def close(self) -> None:
        """Leave."""
        await self._pc.close()

    def _take_packets(self) -> None:
        """Take RTP as it comes: aiortc's own receiver holds a picture until the next one begins."""
        decoder = av.CodecContext.create("libvpx", "r") if self._decoding else None
        parts: list[bytes] = []

        async def take(packet: RtpPacket, arrival_time_ms: int) -> None:
            if decoder is not None:
                parts.append(vp8_depayload(packet.payload))
            if packet.marker:
                self.arrivals.append(time.perf_counter())
                if decoder is not None:
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


async def _plain(http: aiohttp.ClientSession, offer: str) -> str:
    async with http.post("/offer", json={"sdp": offer}) as response:
        return str((await response.json())["sdp"])


async def _negotiated(http: aiohttp.ClientSession, offer: str) -> str:
    front = Front(http, "")
    seat = await front.seat()
    track = {"mid": "0", "name": "main_video", "kind": "video", "direction": "recvonly"}
    return await front.answer(seat.session, offer, [track])
