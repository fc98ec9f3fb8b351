"""A viewer made of aiortc, who can ask, upload, leave in several ways, and see the lamp."""

from __future__ import annotations

import asyncio
import itertools
import queue
import time
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import av
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription

from benchmarks.soak.model import lit_in, number_in
from benchmarks.soak.weather import Path, Weather
from reactor_actors.core.wire.envelopes import ServerData, parse
from reactor_actors.core.wire.structs import read
from reactor_actors.load import words
from reactor_actors.load.signalling import UNREACHABLE, Front, RefusedError, Seat
from reactor_actors.transports.webrtc.ending import shut
from reactor_actors.transports.webrtc.ice import configuration, gathering
from reactor_actors.transports.webrtc.settings import IceSettings

COME_SECONDS = 20.0
ANSWER_SECONDS = 6.0
CLOSE_SECONDS = 5.0
AGAIN_SECONDS = 0.1

_PRIVATE = "_RTCRtpReceiver__"

GONE = (RefusedError, UNREACHABLE, TimeoutError, ConnectionError)
"""What is raised to a viewer whose session, model or server is not there just now."""


class AnswerError(Exception):
    """A command was answered with an error, or its session ended before an answer came."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Viewer:
    """One viewer. `seen` hears of every picture, on the loop: the time it came, and its number.

    Only a `decoding` viewer knows numbers, and sees the lamp.
    """

    def __init__(
        self,
        url: str,
        seen: Callable[[float, int], None],
        *,
        weather: Weather | None = None,
        seed: int = 0,
        decoding: bool = False,
    ) -> None:
        self.lit: bool | None = None
        self.over = asyncio.Event()
        self.first = asyncio.Event()
        self._url = url
        self._seen = seen
        self._weather = weather
        self._seed = seed
        self._decoder: Any = av.CodecContext.create("libvpx", "r") if decoding else None
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._number = -1
        self._numbers = itertools.count(1)
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._peer: RTCPeerConnection | None = None
        self._path: Path | None = None
        self._seat: Seat | None = None

    async def come(self) -> None:
        """Join the session, or begin one, and see a picture. Raises one of `GONE`."""
        async with asyncio.timeout(COME_SECONDS), Front.open(self._url, None) as front:
            self._seat = seat = await front.seat()
            opened = await self._offer()
            assert self._peer is not None
            track = next(t for t in seat.tracks if t["name"] == "main_video")
            sdp = self._peer.localDescription.sdp
            answer = await front.answer(seat.session, sdp, [{**track, "mid": "0"}])
            await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            for event in opened:
                await self._unless_over(event)
            self._control.send(words.resume("main_video"))
            await self._unless_over(self.first)

    async def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Give a command and return what it is answered with.

        Raises `AnswerError` for an answer that is an error, and `TimeoutError` without any.
        """
        number = str(next(self._numbers))
        answer = self._answers[number] = self._loop.create_future()
        if self.over.is_set() or self._data.readyState != "open":
            raise AnswerError("session_ended")
        self._data.send(words.command(number, command, arguments))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return dict(await answer)
        finally:
            del self._answers[number]

    async def shows(self, lit: bool, seconds: float) -> None:
        """Wait until the lamp is as it should be. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while self.lit is not lit and not self.over.is_set():
                self._changed.clear()
                await self._changed.wait()

    async def upload(self, data: bytes) -> dict[str, Any]:
        """Upload a file; return the reference that names it in a command."""
        assert self._seat is not None
        told = {"name": "grass", "size": len(data), "mime_type": "application/octet-stream"}
        patience = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=patience) as http:
            at = f"{self._url}/sessions/{self._seat.session}/uploads"
            async with http.post(at, json=told) as made:
                if made.status != 201:
                    raise RefusedError(made.status, "no upload")
                place = await made.json()
            async with http.put(place["presigned_url"], data=data) as put:
                if put.status != 200:
                    raise RefusedError(put.status, "not uploaded")
        return {"upload_id": place["presigned_id"], **told}

    async def weigh(self, data: bytes) -> bool:
        """Upload a file; return whether it reached the model as it was."""
        told = await self.ask("weigh", file=await self.upload(data))
        return (told["size"], told["sum"]) == (len(data), zlib.crc32(data))

    async def stop(self) -> None:
        """End the session for everybody in it."""
        assert self._seat is not None
        async with aiohttp.ClientSession() as http:
            body = {"session_id": self._seat.session}
            async with http.post(f"{self._url}/stop_session", json=body) as response:
                response.raise_for_status()

    def deafen(self) -> None:
        """Read nothing that comes any more. Needs weather."""
        assert self._path is not None
        self._path.deafen()

    async def vanish(self) -> None:
        """Be gone without a word. Needs weather."""
        if self._path is not None:
            self._path.cut()
        await self.close()

    async def leave(self) -> None:
        """Leave as clients do: close, and end a session that nobody else is in."""
        await self.close()
        if self._seat is not None and self._seat.alone:
            async with Front.open(self._url, None) as front:
                await front.stop(self._seat)

    async def close(self) -> None:
        """Free what this holds, in whatever state it is."""
        self._end()
        if self._peer is not None:
            self._peer.remove_all_listeners()
            await shut(self._peer, CLOSE_SECONDS)

    async def _offer(self) -> list[asyncio.Event]:
        """Make an offer; return what is set when the channels are open."""
        settings = IceSettings(bind=("127.0.0.1",))
        self._peer = peer = RTCPeerConnection(configuration(settings))
        peer.on("connectionstatechange", self._moved)
        receiver = peer.addTransceiver("video", "recvonly").receiver
        setattr(receiver, f"{_PRIVATE}decoder_queue", _Pictures(self._picture))
        self._data, self._control = (peer.createDataChannel(n) for n in ("data", "control"))
        self._data.on("message", self._heard)
        self._control.on("message", self._noticed)
        opened = [asyncio.Event(), asyncio.Event()]
        for channel, event in zip((self._data, self._control), opened, strict=True):
            channel.on("open", event.set)
        with gathering(peer, settings):
            await peer.setLocalDescription(await peer.createOffer())
        if self._weather is not None:
            self._path = Path(peer, self._weather, self._seed)
        return opened

    async def _unless_over(self, event: asyncio.Event) -> None:
        """Wait for an event. Raises `ConnectionError` if the session is over before."""
        waits = [asyncio.ensure_future(e.wait()) for e in (event, self.over)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not event.is_set():
            raise ConnectionError("the session was over before it was joined")

    def _picture(self, data: bytes) -> None:
        self.first.set()
        if self._decoder is None:
            self._seen(time.monotonic(), 0)
            return
        try:
            frames = self._decoder.decode(av.Packet(data))
        except av.FFmpegError:  # something before it was lost; a key frame has been asked for
            return
        for frame in frames:
            plane = frame.planes[0]
            luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            self.lit = lit_in(luma)
            self._changed.set()
            # A server repeats the last picture of a model that has stopped. That is none.
            if (number := number_in(luma)) != self._number:
                self._number = number
                self._seen(time.monotonic(), number)

    def _heard(self, payload: Any) -> None:
        told = parse(ServerData, payload)
        answer = self._answers.get(told.request_id)
        if answer is None or answer.done():
            return
        if told.WhichOneof("payload") == "error":
            answer.set_exception(AnswerError(told.error.code))
        else:
            message = told.WhichOneof("payload") == "message"
            answer.set_result(read(told.message.data) if message else {})

    def _noticed(self, payload: Any) -> None:
        if words.end_in(payload) is not None:
            self._end()

    def _moved(self) -> None:
        if self._peer is not None and self._peer.connectionState in ("failed", "closed"):
            self._end()

    def _end(self) -> None:
        self.over.set()
        self._changed.set()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(AnswerError("session_ended"))


class _Pictures(queue.Queue[Any]):
    """What aiortc puts whole pictures into; its decoding thread gets nothing but the end."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        super().__init__()
        self._take = take

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if item is None:
            super().put(item, block, timeout)
        else:
            self._take(item[1].data)
