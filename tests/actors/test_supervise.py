"""One replica's life, with everything but Ray: real hosts, the real link, real peers' side."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reactor_actors.actors.logs import LogSettings
from reactor_actors.actors.model import ModelActor
from reactor_actors.actors.supervise import Replica, Supervisor
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.restarts import Restarts
from reactor_actors.core.session import State
from reactor_actors.core.wire import inbound, outbound
from reactor_actors.links.meeting import Address
from reactor_actors.loader import ModelSource, find_model
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.server import ServerSettings, TransportServer
from tests.fakes import FakePeer
from tests.local import SECONDS, eventually

MODEL = """
import numpy as np
from reactor_actors.interface import InputState, Output, ReactorPipeline, Video, event

class Picture(Output):
    main_video: Video

class Dials(InputState):
    level: int = 7

class Fragile(ReactorPipeline):
    state: Dials
    fps = 100

    def inference(self):
        while True:
            if self.state.level < 0:
                raise RuntimeError("below zero")
            yield Picture(main_video=np.full((2, 2, 3), self.state.level, np.uint8))
"""


class Thread:
    """A replica without a process of its own: the actor's plain class, called in threads."""

    def __init__(self, source: ModelSource) -> None:
        self._actor = ModelActor(source, LogSettings(level=logging.WARNING))

    async def load(self) -> Contract:
        return await asyncio.to_thread(self._actor.load)

    async def run(self, address: Address) -> None:
        await asyncio.to_thread(self._actor.run, address)

    async def stop(self) -> None:
        self._actor.stop()

    def kill(self) -> None:
        self._actor.stop()


class Unloadable:
    """A replica whose process dies before it has loaded anything."""

    async def load(self) -> Contract:
        raise ModelError("the model's process has died")

    async def run(self, address: Address) -> None:
        raise AssertionError("never loaded")

    async def stop(self) -> None:
        pass

    def kill(self) -> None:
        pass


class Kept:
    """A supervised model, and its server."""

    def __init__(self, server: TransportServer, supervisor: Supervisor) -> None:
        self.server = server
        self.host = server.host
        self.supervisor = supervisor
        self.ended = asyncio.ensure_future(supervisor.keep())
        self.peer = FakePeer("1002")

    async def ready(self) -> None:
        await eventually(lambda: self.host.state is State.READY)

    async def watched(self) -> None:
        await self.ready()
        self.host.start("local")
        self.host.join(self.peer)

    def notices(self) -> list[str]:
        return [m.type for m in self.peer.told if isinstance(m, outbound.RuntimeNotice)]

    def set_level(self, level: int) -> None:
        command = inbound.Command(f"set {level}", "set_level", {"level": level})
        self.host.hear(self.peer.client, command)


@asynccontextmanager
async def kept(
    spawn: Callable[[], Replica], delays: tuple[float, ...] = (0.01, 0.01, 0.01)
) -> AsyncIterator[Kept]:
    settings = ServerSettings(http=HttpSettings(host="127.0.0.1", port=0))
    server = TransportServer(settings, model="fragile", version="0")
    one = Kept(server, Supervisor(server, spawn, restarts=Restarts(delays)))
    try:
        yield one
    finally:
        await server.wind_down()
        await one.supervisor.stop()
        await asyncio.wait([one.ended], timeout=SECONDS)
        if one.ended.done():
            one.ended.exception()
        await server.close()


def source_in(folder: Path, text: str = MODEL) -> ModelSource:
    (folder / "fragile.py").write_text(text)
    (folder / "reactor.yaml").write_text("model: fragile:Fragile")
    return find_model(folder, environ={})


async def test_viewers_outlive_a_crash_and_see_the_model_that_comes_back(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    async with kept(lambda: Thread(source)) as one:
        await one.watched()
        one.set_level(-1)
        await eventually(lambda: one.notices() == ["modelRestarting", "modelRestarted"])
        one.set_level(9)
        await eventually(lambda: outbound.Ack("set 9") in one.peer.told)
        assert one.host.state is State.STREAMING
        assert not one.peer.closed


async def test_the_fourth_failure_gives_up_and_ends_the_session(tmp_path: Path) -> None:
    source = source_in(tmp_path, MODEL.replace("level: int = 7", "level: int = -1"))
    async with kept(lambda: Thread(source)) as one:
        await one.watched()
        assert await asyncio.wait_for(one.ended, SECONDS) is False
        assert one.notices().count("modelRestarting") == 3
        assert outbound.SessionEnded("error") in one.peer.told
        assert one.host.state is State.TERMINATED


async def test_a_process_that_dies_while_it_loads_counts_as_a_failure() -> None:
    async with kept(Unloadable) as one:
        assert await asyncio.wait_for(one.ended, SECONDS) is False
        assert one.host.state is State.TERMINATED


async def test_a_declaration_that_no_restart_can_mend_is_final(tmp_path: Path) -> None:
    source = source_in(tmp_path, "raise ImportError('no such luck')")
    async with kept(lambda: Thread(source), delays=(60.0,)) as one:
        with pytest.raises(SetupError, match="no such luck"):
            await asyncio.wait_for(one.ended, SECONDS)


async def test_a_model_that_is_stopped_ends_cleanly(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    async with kept(lambda: Thread(source)) as one:
        await one.watched()
        await one.server.wind_down()
        await one.supervisor.stop()
        assert await asyncio.wait_for(one.ended, SECONDS) is True


async def test_stopping_does_not_wait_for_the_next_attempt() -> None:
    async with kept(Unloadable, delays=(3600.0,)) as one:
        await eventually(lambda: one.server.host.model_news is not None)
        await one.supervisor.stop()
        assert await asyncio.wait_for(one.ended, SECONDS) is True
