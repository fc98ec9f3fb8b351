"""A server on a real socket of this machine, with a model and a WebRTC side that are doubles.

async with serving() as site:
    assert (await site.post("/start_session")).status == 200
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from reactor_actors.core import events as ev
from reactor_actors.core.contract import Command, Contract, MessageType
from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.core.messages import SessionClosed
from reactor_actors.core.mode import Mode
from reactor_actors.transports.host import TransportHost
from reactor_actors.transports.http.record import Record
from reactor_actors.transports.http.server import HttpServer
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.lobby import Lobby
from reactor_actors.transports.room import LocalRoom, Room
from tests.actors.far import FarSide
from tests.fakes import FakeModel, FakePeer, FakeScreen, FakeSignalling

SECONDS = 5.0
RTC = "/sessions/local/transport/webrtc"
SDP = "v=0\r\n"

CONTRACT = Contract(
    "paint",
    description="Paints what it is told.",
    version="1.2.0",
    tracks=(
        Track("webcam", Kind.VIDEO, Direction.IN),
        Track("main_video", Kind.VIDEO, Direction.OUT),
    ),
    commands=(
        Command(
            "set_prompt",
            "Set prompt.",
            {
                "type": "object",
                "properties": {"prompt": {"type": "string"}},
                "required": ["prompt"],
                "additionalProperties": False,
            },
        ),
    ),
    messages=(
        MessageType(
            "prompt_set",
            "The prompt is set.",
            {"type": "object", "properties": {"prompt": {"type": "string"}}},
        ),
    ),
)


@dataclass(frozen=True)
class Reply:
    """An answer that has been read to its end."""

    status: int
    headers: Any
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def detail(self) -> str:
        return self.body["detail"]


class Site:
    """A running server, and a client that asks it."""

    def __init__(
        self,
        settings: HttpSettings,
        signalling: FakeSignalling | None = None,
        rooms: int = 1,
        mode: Mode = Mode.SHARED,
        elsewhere: tuple[str, ...] = (),
    ) -> None:
        self.record = Record()
        self.signalling = signalling or FakeSignalling()
        self.hosts = [self._host(str(number), settings) for number in range(rooms)]
        self.host = self.hosts[0]
        self.model = FakeModel()
        self.far = FarSide(*elsewhere, hear=self.hear, contract=CONTRACT, uploads=settings.uploads)
        near: list[Room] = [
            LocalRoom(str(n), host, self.signalling) for n, host in enumerate(self.hosts)
        ]
        self.lobby = Lobby(
            [*near, *self.far.branch.rooms],
            mode=mode,
            journal=self.record,
        )
        self.server = HttpServer(self.lobby, self.record, settings, model="paint", version="0.1.0")

    def _host(self, name: str, settings: HttpSettings) -> TransportHost:
        host = TransportHost(
            FakeScreen(), uploads=settings.uploads(), journal=lambda note: self.hear(name, note)
        )
        host.when_over(self.signalling.clear)
        return host

    def hear(self, name: str, note: ev.Note) -> None:
        """Take in what has happened at a replica."""
        self.record(note)
        self.lobby.hear(name, note)

    def load(self, contract: Contract = CONTRACT) -> None:
        """Let the model be loaded, at first or again."""
        for host in self.hosts:
            host.attach(self.model, contract)

    def wound_down(self) -> None:
        """Let the model say that the session is over."""
        self.host.receive(SessionClosed("local"))

    def join(self, client: str = "1002") -> FakePeer:
        """Let a client's connection come up."""
        peer = FakePeer(client)
        self.host.join(peer)
        return peer

    def shut_down(self) -> None:
        """Let the process be asked to end."""
        self.host.tell(ev.Shutdown())

    def url(self, path: str) -> URL:
        return URL(f"http://127.0.0.1:{self.server.port}{path}", encoded=True)

    async def ask(self, method: str, path: str, **options: Any) -> Reply:
        """Send one request and read its answer."""
        async with (
            aiohttp.ClientSession() as client,
            client.request(method, self.url(path), **options) as response,
        ):
            return Reply(response.status, response.headers, await response.text())

    async def get(self, path: str, **options: Any) -> Reply:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Reply:
        return await self.ask("POST", path, **options)

    async def put(self, path: str, **options: Any) -> Reply:
        return await self.ask("PUT", path, **options)

    async def raw(self, request: bytes) -> str:
        """Send bytes as they are, and return the head of the answer."""
        async with self.connected() as (reader, writer), asyncio.timeout(SECONDS):
            writer.write(request)
            return (await reader.readuntil(b"\r\n\r\n")).decode()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Open a connection, which is closed without a word at the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def started(self) -> None:
        """Start the session."""
        assert (await self.post("/start_session")).status == 200

    async def connection(self) -> int:
        """Make a connection in the running session."""
        return (await self.post(f"{RTC}/connections")).body["connection_id"]


@asynccontextmanager
async def serving(
    *,
    load: bool = True,
    signalling: FakeSignalling | None = None,
    rooms: int = 1,
    mode: Mode = Mode.SHARED,
    elsewhere: tuple[str, ...] = (),
    **chosen: Any,
) -> AsyncIterator[Site]:
    """Serve on a free port of 127.0.0.1; the models are loaded unless told not to.

    The rooms `elsewhere` are in another process, as far as the server can tell.
    """
    settings = HttpSettings(host="127.0.0.1", port=0, **chosen)
    site = Site(settings, signalling, rooms, mode, elsewhere)
    await site.server.start()
    try:
        if load:
            site.load()
        if elsewhere:
            site.far.keep()
            await site.far.loaded()
        yield site
    finally:
        await site.server.close()
        await site.lobby.close()
        await site.far.close()
        for host in site.hosts:
            await host.close()
