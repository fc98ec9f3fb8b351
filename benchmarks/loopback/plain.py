"""The baseline: a server as aiortc's own examples suggest one, with one encoder per peer.

python -m benchmarks.loopback.plain PORT [--height 720] [--sound]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from fractions import Fraction
from typing import Any

import av
from aiohttp import web
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)

from benchmarks.loopback.clock import HEIGHT, Scenery
from benchmarks.loopback.tone import RATE, SAMPLES, tone
from reactor_actors.transports.webrtc.ice import gathering
from reactor_actors.transports.webrtc.settings import IceSettings


class Shared:
    """What all peers show."""

    def __init__(self, height: int) -> None:
        self.scenery = Scenery(height)
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


class ToneTrack(AudioStreamTrack):
    """Sounds whenever aiortc asks for it; the time is kept by this track, as aiortc's own do."""

    def __init__(self) -> None:
        super().__init__()
        self._samples = tone()[None]
        self._played = 0
        self._start_at = time.time()

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(self._start_at + self._played / RATE - time.time())
        frame = av.AudioFrame.from_ndarray(self._samples, format="s16", layout="mono")
        frame.pts, frame.sample_rate, frame.time_base = self._played, RATE, Fraction(1, RATE)
        self._played += SAMPLES
        return frame


async def serve(port: int, height: int, *, sound: bool) -> None:
    """Answer offers until the process is ended."""
    shared, peers = Shared(height), set()

    def track() -> MediaStreamTrack:
        return ToneTrack() if sound else SceneryTrack(shared)

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
            transceiver.sender.replaceTrack(track())
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--height", type=int, default=HEIGHT, help="of the pictures, in pixels")
    parser.add_argument("--sound", action="store_true", help="a tone, and no pictures")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.height, sound=arguments.sound))


if __name__ == "__main__":
    main()
