"""Models of generation 1 that tests share, and one in front of a recording clients' side."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from reactor_actors.classic import VideoModel, command, get_ctx
from reactor_actors.classic.config import Config
from reactor_actors.classic.program import ClassicProgram
from tests.fakes import FakeClients
from tests.pictures import picture


class Painter(VideoModel):
    """Shows one number until the session is over."""

    emission_fps = 200

    def __init__(self, config: Config) -> None:
        self.config = config
        self.number = 3
        self.sessions: list[int] = []
        self.contexts: list[Any] = []
        self.built_in = threading.get_ident()

    def start_session(self) -> None:
        context = get_ctx()
        self.sessions.append(threading.get_ident())
        self.contexts.append(context)
        while not context.should_stop():
            context.get_track().emit(picture(self.number))

    @command("set_number")
    def set_number(self, number: int) -> None:
        self.number = number


class Waiter(Painter):
    """Shows nothing and waits for the end of the session."""

    def start_session(self) -> None:
        self.sessions.append(threading.get_ident())
        self.contexts.append(get_ctx())
        while not get_ctx().should_stop():
            time.sleep(0.002)


@asynccontextmanager
async def attached(
    cls: type[VideoModel], config: dict[str, Any] | None = None
) -> AsyncIterator[tuple[ClassicProgram, FakeClients]]:
    """Load a model on the running loop, in front of a clients' side that records."""
    program, clients = ClassicProgram(cls, config), FakeClients()
    await program.load()
    program.attach(clients)
    try:
        yield program, clients
    finally:
        await program.release()
