"""`reactor-sdk` 1.x, in this process: protobuf framing, per-connection routes."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from reactor_sdk import Reactor, ReactorError

from tests.clients.sight import Colour, Heard, hear, until
from tests.clients.viewer import Message, RefusedError, Viewer

T = TypeVar("T")
RATE = 48_000


class PythonViewer(Viewer):
    """The client, its newest picture and its last seconds of sound."""

    speaks = "v1"

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__()
        self.client = Reactor("test-card", local=True, api_url=url, **options)
        self.client.on("message", self.messages.append)
        self.client.on("runtime_message", self.notices.append)
        self.client.on("error", self.errors.append)
        self.client.on("status_changed", self.statuses.append)
        self.pictures = 0
        self.blocks = 0
        self._picture: tuple[bytes, int, int] | None = None
        self._sound: deque[tuple[bytes, int, int, float]] = deque(maxlen=50)  # of 10 ms
        self._publishing: dict[str, asyncio.Task[None]] = {}
        self.client.track("main_video").on_raw_frame(self._show)
        self.client.track("main_audio").on_raw_frame(self._play)

    def _show(self, pixels: bytes, width: int, height: int, *facts: Any) -> None:
        self._picture = (pixels, width, height)
        self.pictures += 1

    def _play(self, samples: bytes, count: int, rate: int, channels: int) -> None:
        self._sound.append((samples, rate, channels, time.monotonic()))
        self.blocks += 1

    @property
    def ready(self) -> bool:
        return self.client.status == "ready"

    async def connect(self, **options: Any) -> None:
        await self.client.connect(**options)
        await until(lambda: self.ready, "ready")

    async def reconnect(self) -> None:
        await self._publish_nothing()
        await self.client.reconnect()
        self._picture = None
        self._sound.clear()
        await until(lambda: self.ready, "ready again")

    async def leave(self) -> None:
        await self._publish_nothing()
        await self.client.disconnect()

    async def close(self) -> None:
        await self._publish_nothing()
        if self.client.status != "disconnected":
            with suppress(ReactorError):
                await self.client.disconnect()
        await asyncio.to_thread(self.client.close)

    async def picture(self) -> NDArray[np.uint8] | None:
        if self._picture is None:
            return None
        pixels, width, height = self._picture
        return np.frombuffer(pixels, np.uint8).reshape(height, width, 4)[..., 2::-1]

    async def sound(self) -> Heard:
        # Silence is not handed over at all.
        blocks = [block for block in self._sound if time.monotonic() - block[3] < 0.6]
        if len(blocks) < 30:
            return Heard(0.0, 0.0)
        rate, channels = blocks[-1][1], blocks[-1][2]
        samples = np.concatenate([np.frombuffer(block[0], np.int16) for block in blocks])
        return hear(samples.reshape(-1, channels)[:, 0] / 32768, rate)

    async def send(self, command: str, **data: Any) -> Message | None:
        return await refusing(self.client.send_command(command, data))

    async def capabilities(self) -> dict[str, Any]:
        tracks = self.client.tracks
        return {
            "tracks": [
                {"name": t.name, "kind": t.kind.value, "direction": t.direction.value}
                for t in tracks
                if t.kind and t.direction
            ]
        }

    async def film(self, colour: Colour) -> None:
        track = await refusing(self.client.track("webcam").publish())
        picture = np.empty((120, 160, 3), np.uint8)
        picture[:] = colour

        async def go_on() -> None:
            while True:
                track.push_frame(picture)
                await asyncio.sleep(1 / 15)

        self._keep("webcam", go_on())

    async def sing(self, hertz: float) -> None:
        track = await refusing(self.client.track("mic").publish())
        share = RATE // 50

        async def go_on() -> None:
            clock = asyncio.get_running_loop().time
            began, sent = clock(), 0
            while True:
                while sent / RATE < clock() - began + 0.04:
                    moments = np.arange(sent, sent + share) / RATE
                    tone = 12_000 * np.sin(2 * np.pi * hertz * moments)
                    track.push_frame(tone.astype(np.int16), sample_rate=RATE)
                    sent += share
                await asyncio.sleep(0.01)

        self._keep("mic", go_on())

    async def unpublish(self, track: str) -> None:
        await self._stop(track)
        self.client.track(track).unpublish()

    async def upload(self, name: str, data: bytes, mime_type: str) -> Any:
        return await self.client.upload_file(data, name=name, mime_type=mime_type)

    async def pause(self, track: str) -> None:
        await self.client.track(track).pause()

    async def resume(self, track: str) -> None:
        await self.client.track(track).resume()

    def _keep(self, track: str, work: Any) -> None:
        self._publishing[track] = asyncio.create_task(work)

    async def _stop(self, track: str) -> None:
        task = self._publishing.pop(track, None)
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError, ReactorError):
                await task

    async def _publish_nothing(self) -> None:
        for track in list(self._publishing):
            await self._stop(track)


async def refusing(call: Awaitable[T]) -> T:
    """Turn an error with a code into `RefusedError`."""
    try:
        return await call
    except ReactorError as error:
        raise RefusedError(error.code, error.message) from error
