"""`reactor-sdk` 0.8.0, in a process of its own: JSON framing, per-connection routes."""

from __future__ import annotations

import asyncio
import base64
import errno
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from tests.clients.sight import Colour, Heard, hear, until
from tests.clients.viewer import Message, Viewer

PORT = 8080  # it knows no other one
RATE = 48_000
SECONDS = 30.0
DRIVER = Path(__file__).with_name("driver_08.py")


class Python08Viewer(Viewer):
    """The client behind its pipe."""

    speaks = "v0"

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        super().__init__()
        self._process = process
        self._numbers = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            told = json.loads(line)
            match told:
                case {"id": int(number), "gives": gives}:
                    self._pending.pop(number).set_result(gives)
                case {"id": int(number), "fails": fails}:
                    self._pending.pop(number).set_exception(AssertionError(fails))
                case {"event": "message", "what": message}:
                    self.messages.append(message)
                case {"event": "notice", "what": notice}:
                    self.notices.append(notice)
                case {"event": "status", "what": status}:
                    self.statuses.append(status)
                case {"event": "error", "what": error}:
                    self.errors.append(error)
        for future in self._pending.values():
            future.set_exception(AssertionError("the client's process has ended"))

    async def _do(self, verb: str, **arguments: Any) -> Any:
        number = next(self._numbers)
        self._pending[number] = future = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        line = {"id": number, "do": verb, "with": arguments}
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        await self._process.stdin.drain()
        async with asyncio.timeout(SECONDS):
            return await future

    async def connect(self) -> None:
        await self._do("connect")
        await until(lambda: self.statuses[-1:] == ["ready"], "ready")

    async def reconnect(self) -> None:
        await self._do("reconnect")
        await until(lambda: self.statuses[-1:] == ["ready"], "ready again")

    async def leave(self) -> None:
        await self._do("leave")

    async def close(self) -> None:
        assert self._process.stdin is not None
        if self._process.returncode is None and self.statuses[-1:] not in ([], ["disconnected"]):
            with suppress(AssertionError, TimeoutError):
                await self.leave()
        self._process.stdin.close()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the client's process stand still, without a word to the server."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    async def picture(self) -> NDArray[np.uint8] | None:
        if (shown := await self._do("look")) is None:
            return None
        pixels = np.frombuffer(base64.b64decode(shown["data"]), np.uint8)
        return pixels.reshape(shown["shape"])

    async def sound(self) -> Heard:
        samples = np.frombuffer(base64.b64decode(await self._do("hear")), np.int16)
        return hear(samples / 32768, RATE)

    async def send(self, command: str, **data: Any) -> Message | None:
        await self._do("send", command=command, data=data)
        return None

    async def capabilities(self) -> dict[str, Any]:
        return await self._do("capabilities")

    async def film(self, colour: Colour) -> None:
        await self._do("film", colour=list(colour))

    async def sing(self, hertz: float) -> None:
        await self._do("sing", hertz=hertz)

    async def unpublish(self, track: str) -> None:
        await self._do("unpublish", track=track)

    async def upload(self, name: str, data: bytes, mime_type: str) -> Any:
        content = base64.b64encode(data).decode()
        return {"file": await self._do("upload", name=name, data=content, mime_type=mime_type)}

    async def pause(self, track: str) -> None:
        await self._do("pause", track=track)

    async def resume(self, track: str) -> None:
        await self._do("resume", track=track)


@asynccontextmanager
async def python_08_viewer(url: str, site: Path) -> AsyncIterator[Python08Viewer]:
    """Start the client; `site` is the folder its package lies in."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(DRIVER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(site)},
        limit=2**24,
    )
    viewer = Python08Viewer(process)
    try:
        async with reachable_on(PORT, url):
            try:
                yield viewer
            finally:
                await viewer.close()
    finally:
        if process.returncode is None:
            process.kill()


@asynccontextmanager
async def reachable_on(port: int, url: str) -> AsyncIterator[None]:
    """Let the server at `url` be reached on another port of this machine."""
    address = urlsplit(url)
    busy: set[asyncio.Task[None]] = set()

    async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        with suppress(ConnectionError):
            sink.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        busy.add(task)
        there = await asyncio.open_connection(address.hostname, address.port)
        try:
            await asyncio.gather(carry(reader, there[1]), carry(there[0], writer))
        finally:
            there[1].close()
            writer.close()
            busy.discard(task)

    async def listening() -> asyncio.Server | None:
        try:
            return await asyncio.start_server(relay, "127.0.0.1", port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return None

    server = await until(listening, f"port {port}, which this client needs, is free", 60)
    try:
        yield
    finally:
        server.close()
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        await server.wait_closed()
