"""Both hosts joined in one process: a real model thread, a real session, clients made by hand.

async with serving(MyModel) as local:
    anna = local.join("anna")
    assert await anna.ask("set_brightness", brightness=0.5) == Ack(...)
    await local.shown(10)
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import numpy as np
import pytest

from reactor_actors.core import events as ev
from reactor_actors.core import messages as link
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError
from reactor_actors.core.media import Pixels
from reactor_actors.core.pixels import to_i420, to_rgb
from reactor_actors.core.ports import Feed
from reactor_actors.core.session import Limits, State
from reactor_actors.core.wire import inbound, outbound
from reactor_actors.engine.host import ModelHost
from reactor_actors.interface.compile import program_of as compile_model
from reactor_actors.interface.program import ModelProgram
from reactor_actors.links.direct import DirectLink
from reactor_actors.loader import program_of
from reactor_actors.transports.host import TransportHost
from tests.fakes import FakeClients, FakePeer, FakeScreen

T = TypeVar("T")
SECONDS = 15.0


class LocalClient:
    """One client: says things, and remembers what it is told."""

    def __init__(self, local: Local, name: str) -> None:
        self._local = local
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()
        self.peer = FakePeer(name, on_tell=lambda message: self._changed.set())

    @property
    def name(self) -> str:
        return self.peer.client

    @property
    def told(self) -> list[outbound.Outbound]:
        return self.peer.told

    @property
    def messages(self) -> list[tuple[str, dict[str, Any]]]:
        """Application messages so far: broadcasts, those for it alone, and replies."""
        kinds = (outbound.Message, outbound.Reply)
        return [(m.type, dict(m.data)) for m in self.told if isinstance(m, kinds)]

    def say(self, said: inbound.Inbound) -> None:
        self._local.transport.hear(self.name, said)

    def send(self, command: str, **args: Any) -> str:
        """Send a command without waiting; return its request id."""
        request = f"{self.name}-{next(self._numbers)}"
        self.say(inbound.Command(request, command, args))
        return request

    async def ask(self, command: str, **args: Any) -> outbound.Outbound:
        """Send a command and return its one answer."""
        return await self.answer_to(self.send(command, **args))

    async def answer_to(self, request: str) -> outbound.Outbound:
        def answer() -> outbound.Outbound | None:
            answers = [m for m in self.told if getattr(m, "request", None) == request]
            assert len(answers) < 2, f"more than one answer: {answers}"
            return answers[0] if answers else None

        return await self.until(answer)

    async def heard(self, message: str) -> dict[str, Any]:
        """Wait for an application message of that type; return the data of the newest."""
        return await self.until(
            lambda: next((data for name, data in reversed(self.messages) if name == message), None)
        )

    async def until(self, attempt: Callable[[], T | None]) -> T:
        return await _until(attempt, self._changed)

    def leave(self) -> None:
        self._local.transport.leave(self.name)

    def upload(self, name: str, data: bytes, mime_type: str = "text/plain") -> dict[str, Any]:
        """Store a file and return the reference to it."""
        uploads = self._local.transport.uploads
        upload_id = uploads.open(name, mime_type, len(data))
        uploads.fill(upload_id, data)
        return {"upload_id": upload_id, "name": name, "mime_type": mime_type, "size": len(data)}

    def show(self, track: str, picture: Pixels, pts: float | None = None) -> None:
        """Send one picture into an input track."""
        height, width = picture.shape[:2]
        self._local.transport.feed(Feed(track, to_i420(picture), pts, height, width))

    def play(self, track: str, samples: np.ndarray[Any, Any]) -> None:
        """Send sound into an input track."""
        self._local.transport.feed(Feed(track, samples))


class Local:
    """One model being served to clients in this process."""

    def __init__(self, host: ModelHost, transport: TransportHost, screen: FakeScreen) -> None:
        self.host = host
        self.transport = transport
        self.screen = screen
        self.notes: list[ev.Note] = []
        self.model: Any  # the author's instance, which lives on another thread
        self.contract: Contract
        self.ended: Future[None]

    def join(self, name: str = "anna") -> LocalClient:
        client = LocalClient(self, name)
        self.transport.join(client.peer)
        return client

    async def shown(self, count: int) -> list[Pixels]:
        """Wait until that many ticks have been shown; return all their first pictures, as RGB."""
        await self.until(lambda: True if len(self.screen.ticks) >= count else None)
        pictures = [next(iter(t.pictures.values())) for t in self.screen.ticks if t.pictures]
        return [to_rgb(picture) for picture in pictures]

    async def until(self, attempt: Callable[[], T | None]) -> T:
        return await _until(attempt, self.screen.changed)

    async def eventually(self, attempt: Callable[[], T | None]) -> T:
        """Wait for something on the model's thread that neither shows nor tells anything."""
        return await eventually(attempt)

    async def crashed(self) -> ModelError:
        """Wait until the model has ended by itself; return why."""
        with pytest.raises(ModelError) as caught:
            await asyncio.wait_for(asyncio.wrap_future(self.ended), SECONDS)
        return caught.value

    async def stopped(self, reason: str = "stopped") -> None:
        """End the session and wait until it is wound down."""
        self.transport.stop(reason)
        ends = self.screen.forgotten
        if self.transport.state is State.CLOSING:
            await self.until(lambda: True if self.screen.forgotten > ends else None)


@asynccontextmanager
async def serving(
    model: type,
    config: dict[str, Any] | None = None,
    *,
    limits: Limits | None = None,
    session: bool = True,
    screen: Any = None,
    **facts: str,
) -> AsyncIterator[Local]:
    """Load a model on a thread of its own and serve it; a session is started unless told not to."""
    built: list[Any] = []

    def build() -> Any:
        program = program_of(model, config, facts)
        built.append(program)
        return program

    host = ModelHost(build)
    screen = screen or FakeScreen()
    notes: list[ev.Note] = []
    transport = TransportHost(screen, replica="0", limits=limits, journal=notes.append)
    local = Local(host, transport, screen)
    local.notes = notes
    try:
        local.contract = await asyncio.wait_for(asyncio.wrap_future(host.load()), SECONDS)
        direct = DirectLink(local.contract, host, transport, asyncio.get_running_loop())
        transport.attach(direct, local.contract)
        local.model = built[0].model
        local.ended = host.serve(direct)
        if session:
            transport.start("local")
        yield local
    finally:
        host.stop()
        if hasattr(local, "ended"):
            await asyncio.wait([asyncio.wrap_future(local.ended)], timeout=SECONDS)
            if local.ended.done():
                local.ended.exception()
        closed = await asyncio.to_thread(host.close)
        await transport.close()
        assert closed, "the model thread did not end"


async def eventually(attempt: Callable[[], T | None]) -> T:
    """Return the first value of `attempt()` that is neither None nor False, asking repeatedly."""
    async with asyncio.timeout(SECONDS):
        while not (value := attempt()):  # noqa: ASYNC110 - another thread brings it about
            await asyncio.sleep(0.002)
    return value


class Staged:
    """One program without threads, a session or pacing: what it pushes and posts is recorded.

    Belongs to the running loop; every call returns when the model has dealt with it.
    """

    def __init__(self, program: ModelProgram) -> None:
        self.program = program
        self.model: Any = program.model
        self.clients = FakeClients()
        self._numbers = itertools.count(1)

    async def begin(self, *clients: str) -> None:
        """Start a session, with these clients."""
        await self.program.handle(link.SessionStarted("staged"))
        for client in clients:
            await self.program.handle(link.ClientJoined(client, 1.0))

    async def ask(self, name: str, client: str = "anna", /, **payload: Any) -> link.Answered:
        """Run a command that has passed the gate; return its answer."""
        number = next(self._numbers)
        await self.program.handle(link.CommandRequested(number, client, name, payload))
        answer = self.clients.posted[-1]
        assert isinstance(answer, link.Answered)
        assert answer.number == number
        return answer

    async def end(self) -> None:
        """End the session."""
        await self.program.handle(link.SessionStopped("staged"))

    @property
    def said(self) -> list[link.Said]:
        """What the model has said so far."""
        return [message for message in self.clients.posted if isinstance(message, link.Said)]


async def staged(model: type, config: dict[str, Any] | None = None) -> Staged:
    """Construct and load a model on the running loop."""
    made = Staged(compile_model(model, config))
    await made.program.load()
    made.program.attach(made.clients)
    return made


async def _until(attempt: Callable[[], T | None], changed: asyncio.Event) -> T:
    async with asyncio.timeout(SECONDS):
        while True:
            changed.clear()
            if (value := attempt()) is not None:
                return value
            await changed.wait()
