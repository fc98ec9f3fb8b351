"""The baseline: a server as aiortc's own examples suggest one, with one encoder per peer.

python -m benchmarks.loopback.plain PORT
"""

from __future__ import annotations

import asyncio
import sys
import time
from fractions import Fraction
from typing import Any

import av
from aiohttp import web
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)

from benchmarks.loopback.clock import Scenery
from reactor_actors.transports.webrtc.ice import IceSettings, gathering


class Shared:
    """What all peers show."""

    def __init__(self) -> None:
        self.scenery = Scenery()
        self.flag = False


class SceneryTrack(VideoStreamTrack):
    """Draws a picture whenever aiortc asks for one, which is 30 times a second."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._shared = shared
        self._number = 0
        self._start = time.time()

    async def recv(self) -> av.VideoFrame:
        pts, base = await self.next_timestamp()
        picture = self._shared.scenery.draw(self._number, self._shared.flag)
        self._number += 1
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = pts, Fraction(base)
        return frame


async def serve(port: int) -> None:
    """Answer offers until the process is ended."""
    shared, peers = Shared(), set()

    async def offered(request: web.Request) -> web.Response:
        body = await request.json()
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        peer = RTCPeerConnection(configuration)
        peers.add(peer)

        @peer.on("datachannel")
        def opened(channel: Any) -> None:
            channel.on("message", lambda text: setattr(shared, "flag", text == "on"))

        @peer.on("connectionstatechange")
        async def changed() -> None:
            if peer.connectionState in ("failed", "closed"):
                await peer.close()
                peers.discard(peer)

        await peer.setRemoteDescription(RTCSessionDescription(body["sdp"], "offer"))
        for transceiver in peer.getTransceivers():
            transceiver.sender.replaceTrack(SceneryTrack(shared))
            transceiver.direction = "sendonly"
        with gathering(peer, IceSettings(bind=("127.0.0.1",))):
            await peer.setLocalDescription(await peer.createAnswer())
        return web.json_response({"sdp": peer.localDescription.sdp})

    app = web.Application()
    app.router.add_post("/offer", offered)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
