"""`reactor-sdk` 0.8.0 at the other end of a pipe, because two versions do not fit in one process.

Reads `{"id", "do", "with"}` from its standard input, a JSON object a line, and answers with
`{"id", "gives"}` or `{"id", "fails"}`; what the client tells by itself is `{"event", "what"}`.
"""

from __future__ import annotations

import asyncio
import base64
import fractions
import json
import sys
from collections import deque
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from reactor_sdk import Reactor

RATE = 48_000


def say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Wall(MediaStreamTrack):
    """A webcam that sees one colour."""

    kind = "video"

    def __init__(self, colour: list[int]) -> None:
        super().__init__()
        self._picture = np.empty((120, 160, 3), np.uint8)
        self._picture[:] = colour
        self._number = 0

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(1 / 15)
        frame = av.VideoFrame.from_ndarray(self._picture, format="rgb24")
        frame.pts, frame.time_base = self._number * 6000, fractions.Fraction(1, 90_000)
        self._number += 1
        return frame


class Tone(MediaStreamTrack):
    """A mic that hears one tone."""

    kind = "audio"

    def __init__(self, hertz: float) -> None:
        super().__init__()
        self._hertz = hertz
        self._sent = 0
        self._began: float | None = None

    async def recv(self) -> av.AudioFrame:
        now = asyncio.get_running_loop().time()
        self._began = self._began or now
        await asyncio.sleep(max(0.0, self._began + self._sent / RATE - now))
        moments = np.arange(self._sent, self._sent + 960) / RATE
        tone = (12_000 * np.sin(2 * np.pi * self._hertz * moments)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(tone.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, self._sent
        frame.time_base = fractions.Fraction(1, RATE)
        self._sent += 960
        return frame


class Driver:
    """One client, and the verbs that the pipe has for it."""

    def __init__(self) -> None:
        self.client = Reactor("test-card", local=True)
        self.picture: np.ndarray[Any, Any] | None = None
        self.sound: deque[np.ndarray[Any, Any]] = deque(maxlen=25)  # of 20 ms
        self.files: list[Any] = []
        self.listeners: set[asyncio.Task[None]] = set()
        on = self.client.on
        on("message", lambda message: say(event="message", what=message))
        on("runtime_message", lambda message: say(event="notice", what=message))
        on("status_changed", lambda status: say(event="status", what=status.value))
        on("error", lambda error: say(event="error", what=[error.code, error.message]))
        on("track_received", self.receive)
        self.client.set_frame_callback(self.show)

    def show(self, picture: np.ndarray[Any, Any]) -> None:
        self.picture = picture

    def receive(self, name: str, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            task = asyncio.ensure_future(self.listen(track))
            self.listeners.add(task)
            task.add_done_callback(self.listeners.discard)

    async def listen(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
            self.sound.append(samples[:, 0].copy())

    async def connect(self) -> None:
        await self.client.connect()

    async def reconnect(self) -> None:
        await self.client.disconnect(recoverable=True)
        self.picture = None
        self.sound.clear()
        await self.client.reconnect()

    async def leave(self) -> None:
        await self.client.disconnect()

    async def look(self) -> dict[str, Any] | None:
        if self.picture is None:
            return None
        data = base64.b64encode(self.picture.tobytes()).decode()
        return {"shape": self.picture.shape, "data": data}

    async def hear(self) -> str:
        samples = np.concatenate([*self.sound, np.zeros(0, np.int16)]).astype(np.int16)
        return base64.b64encode(samples.tobytes()).decode()

    async def send(self, command: str, data: dict[str, Any]) -> None:
        filed = {k: self.files[v["file"]] if is_file(v) else v for k, v in data.items()}
        await self.client.send_command(command, filed)

    async def capabilities(self) -> Any:
        return self.client.get_capabilities()

    async def film(self, colour: list[int]) -> None:
        await self.client.publish_track("webcam", Wall(colour))

    async def sing(self, hertz: float) -> None:
        await self.client.publish_track("mic", Tone(hertz))

    async def unpublish(self, track: str) -> None:
        await self.client.unpublish_track(track)

    async def upload(self, name: str, data: str, mime_type: str) -> int:
        content = base64.b64decode(data)
        self.files.append(await self.client.upload_file(content, name=name, mime_type=mime_type))
        return len(self.files) - 1

    async def pause(self, track: str) -> None:
        await self.client.pause_track(track)

    async def resume(self, track: str) -> None:
        await self.client.resume_track(track)


def is_file(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"file"}


async def answer(driver: Driver, line: dict[str, Any]) -> None:
    try:
        say(id=line["id"], gives=await getattr(driver, line["do"])(**line["with"]))
    except Exception as error:
        say(id=line["id"], fails=f"{type(error).__name__}: {error}")


async def main() -> None:
    driver = Driver()
    tasks = set()
    lines = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        task = asyncio.create_task(answer(driver, json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    asyncio.run(main())
