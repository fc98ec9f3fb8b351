"""A real WebRTC loopback: our connections on one side, a plain aiortc client on the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import numpy as np
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from reactor_actors.core.media import Direction
from reactor_actors.core.ports import Offer
from reactor_actors.transports.webrtc.connections import FLAT, ConnectionLimits, Connections
from reactor_actors.transports.webrtc.ice import IceSettings, gathering
from reactor_actors.transports.webrtc.peer import PeerSettings
from reactor_actors.transports.webrtc.streams import Streams
from tests.local import Local, serving

LOOPBACK = IceSettings(bind=("127.0.0.1",))
SECONDS = 10.0


class Client:
    """A client made of aiortc: offers, receives, says and hears v0."""

    def __init__(self, stage: Stage, *, flat: bool = False) -> None:
        self._stage = stage
        self._flat = flat
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self.pc = RTCPeerConnection(configuration)
        self.data: Any = None
        self.control: Any = None
        self.heard: list[dict[str, Any]] = []
        self.controls: list[dict[str, Any]] = []
        self.pictures: dict[str, list[np.ndarray]] = {}
        self.changed = asyncio.Event()
        self.number = 0
        self._tasks: list[asyncio.Task[None]] = []

    def _hear(self, heard: list[dict[str, Any]], text: str) -> None:
        heard.append(json.loads(text))
        self.changed.set()

    async def connect(self, publish: dict[str, MediaStreamTrack] | None = None) -> None:
        tracks = self._stage.local.contract.tracks
        named: list[tuple[RTCRtpTransceiver, str]] = []
        for track in tracks:
            if track.direction is Direction.IN:
                source = (publish or {}).get(track.name)
                transceiver = self.pc.addTransceiver(source or track.kind.value, "sendonly")
            else:
                transceiver = self.pc.addTransceiver(track.kind.value, "recvonly")
            named.append((transceiver, track.name))
        # aiortc bundles channels with media only when the media are there first.
        self.data = self.pc.createDataChannel("data")
        self.data.on("message", lambda text: self._hear(self.heard, text))
        if not self._flat:
            self.control = self.pc.createDataChannel("control")
            self.control.on("message", lambda text: self._hear(self.controls, text))

        @self.pc.on("track")
        def received(track: MediaStreamTrack) -> None:
            for transceiver, name in named:
                if transceiver.receiver.track is track:
                    self.pictures.setdefault(name, [])
                    self._tasks.append(asyncio.ensure_future(self._watch(name, track)))

        with gathering(self.pc, LOOPBACK):
            await self.pc.setLocalDescription(await self.pc.createOffer())
        names = {str(t.mid): name for t, name in named}
        connections = self._stage.connections
        self.number = connections.open(FLAT if self._flat else None)
        connections.offer(self.number, Offer(self.pc.localDescription.sdp, names))
        answer = await connections.answer(self.number, SECONDS)
        assert answer is not None
        self.answer = answer
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await self.until(lambda: self.pc.connectionState == "connected")
        channels = [c for c in (self.data, self.control) if c is not None]
        await self.until(lambda: all(c.readyState == "open" for c in channels))

    async def _watch(self, name: str, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            self.pictures[name].append(
                frame.to_ndarray(format="rgb24") if track.kind == "video" else frame.to_ndarray()
            )
            self.changed.set()

    def resume(self, track: str) -> None:
        self.control.send(
            json.dumps({"type": "notification", "event": "resume_track", "data": {"name": track}})
        )

    def command(self, name: str, **args: Any) -> None:
        self.data.send(json.dumps({"scope": "application", "data": {"type": name, "data": args}}))

    def sees(self, track: str, level: float, tolerance: float = 4.0) -> bool:
        """Whether the newest picture has about this mean."""
        pictures = self.pictures.get(track)
        return bool(pictures) and abs(float(pictures[-1].mean()) - level) < tolerance

    async def until(self, attempt: Any) -> Any:
        async with asyncio.timeout(SECONDS):
            while not (value := attempt()):
                self.changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), 0.02)
        return value

    async def close(self) -> None:
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Stage:
    """A served model with real peers."""

    def __init__(self, local: Local, streams: Streams, connections: Connections) -> None:
        self.local = local
        self.streams = streams
        self.connections = connections
        self._clients: list[Client] = []

    async def client(
        self,
        *resumed: str,
        flat: bool = False,
        publish: dict[str, MediaStreamTrack] | None = None,
    ) -> Client:
        """Connect a client, and have it resume some outputs."""
        client = Client(self, flat=flat)
        self._clients.append(client)
        await client.connect(publish)
        for track in resumed:
            client.resume(track)
        return client

    async def close(self) -> None:
        for client in self._clients:
            await client.close()


@asynccontextmanager
async def staging(
    model: type,
    *,
    settings: PeerSettings | None = None,
    limits: ConnectionLimits | None = None,
    **serve: Any,
) -> AsyncIterator[Stage]:
    """Serve a model to real peers on the loopback."""
    streams = Streams()
    async with serving(model, screen=streams, **serve) as local:
        settings = settings or PeerSettings(ice=LOOPBACK)
        connections = Connections(local.transport, streams, settings, limits)
        stage = Stage(local, streams, connections)
        try:
            yield stage
        finally:
            await stage.close()
            await connections.close()
            await streams.close()
