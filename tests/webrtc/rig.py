"""A real WebRTC loopback: our connections on one side, plain aiortc clients on the other.

The clients misbehave on request. What aiortc keeps to itself is reached for in `Wire` alone.
"""

from __future__ import annotations

import asyncio
import itertools
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

from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.core.ports import FLAT, Offer
from reactor_actors.core.wire.envelopes import ServerControl, ServerData, parse
from reactor_actors.transports.webrtc.connections import Connections
from reactor_actors.transports.webrtc.ice import gathering
from reactor_actors.transports.webrtc.settings import ConnectionLimits, IceSettings, PeerSettings
from reactor_actors.transports.webrtc.streams import Streams
from tests.core.wire import handmade as pb
from tests.local import Local, serving
from tests.webrtc.wire import Wire

LOOPBACK = IceSettings(bind=("127.0.0.1",))
SECONDS = 20.0


class Client:
    """A client made of aiortc: offers, receives, says and hears. `v1` speaks protobuf."""

    def __init__(self, stage: Stage, *, flat: bool = False, v1: bool = False) -> None:
        self._stage = stage
        self._flat = flat
        self._v1 = v1
        self._numbers = itertools.count(1)
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self.pc = RTCPeerConnection(configuration)
        self.wire = Wire(self.pc)
        self.data: Any = None
        self.control: Any = None
        self.heard: list[Any] = []
        self.controls: list[Any] = []
        self.raw: list[str | bytes] = []
        self.pictures: dict[str, list[np.ndarray[Any, Any]]] = {}
        self.sounds: dict[str, list[np.ndarray[Any, Any]]] = {}
        self.stamps: dict[str, list[int]] = {}
        self.named: dict[str, RTCRtpTransceiver] = {}
        self.changed = asyncio.Event()
        self.number = 0
        self.answer = ""
        self._tasks: list[asyncio.Task[None]] = []

    def _hear(self, heard: list[Any], kind: Any, payload: str | bytes) -> None:
        self.raw.append(payload)
        heard.append(json.loads(payload) if isinstance(payload, str) else parse(kind, payload))
        self.changed.set()

    async def offer(
        self,
        publish: dict[str, MediaStreamTrack] | None = None,
        tracks: tuple[Track, ...] | None = None,
        *,
        labels: tuple[str, ...] | None = None,
    ) -> Offer:
        """Make an offer with all candidates; `tracks` puts the m-lines in another order."""
        for track in self._stage.local.contract.tracks if tracks is None else tracks:
            source = (publish or {}).get(track.name)
            inward = track.direction is Direction.IN
            transceiver = self.pc.addTransceiver(
                source or track.kind.value, "sendonly" if inward else "recvonly"
            )
            self.named[track.name] = transceiver
            if not inward:
                seen = self.pictures if track.kind is Kind.VIDEO else self.sounds
                seen[track.name] = []
                self.stamps[track.name] = []
        self.pc.on("track", self._received)
        # aiortc bundles channels with media only when the media are there first.
        for label in ("data",) if self._flat else ("data", "control") if labels is None else labels:
            self.open(label)
        with gathering(self.pc, LOOPBACK):
            await self.pc.setLocalDescription(await self.pc.createOffer())
        names = {str(t.mid): name for name, t in self.named.items()}
        return Offer(self.pc.localDescription.sdp, names)

    def open(self, label: str) -> None:
        """Open a channel; any but `control` is where data goes from now on."""
        channel = self.pc.createDataChannel(label)
        if label == "control":
            self.control = channel
            channel.on("message", lambda m: self._hear(self.controls, ServerControl, m))
        else:
            self.data = channel
            channel.on("message", lambda m: self._hear(self.heard, ServerData, m))

    async def signal(self, offer: Offer, number: int | None = None) -> str:
        """Have an offer answered, on a fresh id or on one of its own."""
        connections = self._stage.connections
        self.number = connections.open(FLAT if self._flat else None) if number is None else number
        connections.offer(self.number, offer)
        answer = await connections.answer(self.number, SECONDS)
        assert answer is not None
        return answer

    async def accept(self, answer: str) -> None:
        self.answer = answer
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def up(self) -> None:
        """Wait until everything is connected and open."""
        await self.until(lambda: self.pc.connectionState == "connected")
        channels = [c for c in (self.data, self.control) if c is not None]
        await self.until(lambda: all(c.readyState == "open" for c in channels))

    async def connect(
        self, publish: dict[str, MediaStreamTrack] | None = None, number: int | None = None
    ) -> None:
        await self.accept(await self.signal(await self.offer(publish), number))
        await self.up()

    def _received(self, track: MediaStreamTrack) -> None:
        for name, transceiver in self.named.items():
            if transceiver.receiver.track is track:
                self._tasks.append(asyncio.ensure_future(self._watch(name, track)))

    async def _watch(self, name: str, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame: Any = await track.recv()
            except MediaStreamError:
                return
            self.stamps[name].append(frame.pts)
            if track.kind == "video":
                self.pictures[name].append(frame.to_ndarray(format="rgb24"))
            else:
                self.sounds[name].append(frame.to_ndarray().reshape(-1, 2).T)
            self.changed.set()

    def notify(self, event: str, track: str) -> None:
        """Say `resume_track`, `pause_track` or `unpublish_track`."""
        if self._v1:
            field = {"pause_track": 16, "resume_track": 17, "unpublish_track": 18}[event]
            self.control.send(pb.notification(pb.block(field, pb.block(1, track))))
        else:
            note = {"type": "notification", "event": event, "data": {"name": track}}
            self.control.send(json.dumps(note))

    def resume(self, track: str) -> None:
        self.notify("resume_track", track)

    def pause(self, track: str) -> None:
        self.notify("pause_track", track)

    async def publish(self, track: str) -> dict[str, Any]:
        """Claim an input track, in v0; return the response."""
        request = f"ctrl_{next(self._numbers)}"
        asked = {"type": "request", "method": "publish_track", "request_id": request}
        self.control.send(json.dumps({**asked, "data": {"name": track}}))
        return await self.until(
            lambda: next((m for m in self.controls if m.get("request_id") == request), None)
        )

    def command(self, name: str, **args: Any) -> None:
        self.runtime(name, args, scope="application")

    def runtime(self, name: str, data: Any = None, scope: str = "runtime") -> None:
        self.data.send(json.dumps({"scope": scope, "data": {"type": name, "data": data or {}}}))

    def told(self, name: str) -> list[dict[str, Any]]:
        """The data of every v0 message of that name so far."""
        return [m["data"]["data"] for m in self.heard if m["data"]["type"] == name]

    def sees(self, track: str, level: float, tolerance: float = 4.0) -> bool:
        """Whether the newest picture has about this mean."""
        pictures = self.pictures.get(track)
        return bool(pictures) and abs(float(pictures[-1].mean()) - level) < tolerance

    async def shows(self, track: str, level: float) -> None:
        """Wait until it sees about this level."""
        await self.until(lambda: self.sees(track, level))

    async def more(self, track: str, count: int = 5) -> None:
        """Wait for so many further pictures or pieces of sound."""
        before = len(self.stamps[track])
        await self.until(lambda: len(self.stamps[track]) >= before + count)

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
    """A served model with real peers. `faults` is what the event loop complained about."""

    def __init__(self, local: Local, streams: Streams, connections: Connections) -> None:
        self.local = local
        self.streams = streams
        self.connections = connections
        self.faults: list[dict[str, Any]] = []
        self._clients: list[Client] = []

    @property
    def model(self) -> Any:
        return self.local.model

    @property
    def notes(self) -> list[str]:
        return [note.kind for note in self.local.notes]

    def newcomer(self, *, flat: bool = False, v1: bool = False) -> Client:
        """Return a client that has not offered yet."""
        client = Client(self, flat=flat, v1=v1)
        self._clients.append(client)
        return client

    async def client(
        self,
        *resumed: str,
        flat: bool = False,
        v1: bool = False,
        publish: dict[str, MediaStreamTrack] | None = None,
        number: int | None = None,
    ) -> Client:
        """Connect a client, and have it resume some outputs."""
        client = self.newcomer(flat=flat, v1=v1)
        await client.connect(publish, number)
        for track in resumed:
            client.resume(track)
        return client

    async def until(self, attempt: Any) -> Any:
        return await self.local.eventually(attempt)

    async def meanwhile(self, attempt: Any, doing: Any) -> None:
        """Do something again and again until a condition holds."""
        async with asyncio.timeout(SECONDS):
            while not attempt():
                doing()
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        await asyncio.gather(*(client.close() for client in self._clients))


@asynccontextmanager
async def staging(
    model: type,
    *,
    settings: PeerSettings | None = None,
    limits: ConnectionLimits | None = None,
    **serve: Any,
) -> AsyncIterator[Stage]:
    """Serve a model to real peers on the loopback; what goes wrong unseen fails the test."""
    # aiortc shows a picture when the next one begins to arrive.
    loop, streams = asyncio.get_running_loop(), Streams(repeat=0.1)
    faults: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: faults.append(context))
    async with serving(model, screen=streams, **serve) as local:
        streams.declare(local.contract.tracks, local.contract.fps)
        settings = settings or PeerSettings(ice=LOOPBACK)
        connections = Connections(local.transport, streams, settings, limits)
        stage = Stage(local, streams, connections)
        stage.faults = faults
        try:
            yield stage
        finally:
            await stage.close()
            await connections.close()
            await streams.close()
    assert not faults, faults
