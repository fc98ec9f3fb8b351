"""One replica's life, with everything but Ray: real hosts, the real link, real peers' side."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reactor_actors.actors.logs import LogSettings
from reactor_actors.actors.meetings import Meetings
from reactor_actors.actors.model import ModelActor
from reactor_actors.actors.ports import Loaded, Replica
from reactor_actors.actors.scale import LinkKind
from reactor_actors.actors.supervise import NOWHERE, Supervisor
from reactor_actors.core.current import current_replica, current_session
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.restarts import Restarts
from reactor_actors.core.session import Limits, State
from reactor_actors.core.wire import inbound, outbound
from reactor_actors.links.meeting import Address
from reactor_actors.loader import ModelSource, find_model
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.server import TransportServer
from reactor_actors.transports.settings import ServerSettings, VenueSettings
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
        self.id = "thread"
        self.actor = ModelActor(source, LogSettings(logging.WARNING))

    async def load(self) -> Loaded:
        return await asyncio.to_thread(self.actor.load)

    async def run(self, address: Address) -> None:
        await asyncio.to_thread(self.actor.run, address)

    async def take(self, items: list[bytes], *arrays: object) -> None:
        await asyncio.to_thread(self.actor.take, items, *arrays)

    async def breathe(self) -> None:
        await asyncio.to_thread(self.actor.breathe)

    async def stack(self) -> str:
        return self.actor.stack()

    async def stop(self) -> None:
        self.actor.stop()

    def kill(self) -> None:
        self.actor.stop()


class Unloadable:
    """A replica whose process dies before it has loaded anything."""

    id = "unloadable"

    async def load(self) -> Loaded:
        raise ModelError("the model's process has died")

    async def run(self, address: Address) -> None:
        raise AssertionError("never loaded")

    async def take(self, items: list[bytes], *arrays: object) -> None:
        raise AssertionError("never loaded")

    async def breathe(self) -> None:
        raise AssertionError("never loaded")

    async def stack(self) -> str:
        raise AssertionError("never loaded")

    async def stop(self) -> None:
        pass

    def kill(self) -> None:
        pass


class Errors(logging.Handler):
    """What a logger told of errors; a model's actor sets up logging anew, so no fixture sees it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []
        self.warnings: list[str] = []
        self.whose: set[tuple[str | None, str | None]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR:
            self.warnings.append(record.getMessage())
            return
        self.told.append(record.getMessage())
        self.whose.add((current_replica(), current_session()))

    def with_words(self, words: str) -> list[str]:
        return [told for told in self.told if words in told]


@pytest.fixture
def errors() -> Iterator[Errors]:
    """What the supervisor tells of errors."""
    log, errors = logging.getLogger("reactor_actors.supervisor"), Errors()
    log.addHandler(errors)
    yield errors
    log.removeHandler(errors)


class Kept:
    """A supervised model, and its server."""

    def __init__(self, server: TransportServer, supervisor: Supervisor) -> None:
        self.server = server
        self.host = server.venues["0"].host
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
    spawn: Callable[[], Replica],
    delays: tuple[float, ...] = (0.01, 0.01, 0.01),
    patience: float = 0.0,
    grace: float = 30.0,
) -> AsyncIterator[Kept]:
    settings = ServerSettings(
        http=HttpSettings(host="127.0.0.1", port=0),
        venue=VenueSettings(session=Limits(grace=grace)),
    )
    server = TransportServer(settings, model="fragile", version="0")
    meetings = Meetings(LinkKind.RING, "", lambda: None)
    supervisor = Supervisor(
        server.venues["0"], spawn, meetings.open, patience=patience, restarts=Restarts(delays)
    )
    one = Kept(server, supervisor)
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


async def test_what_is_told_of_a_crash_names_the_replica_and_the_session_it_cut_into(
    tmp_path: Path, errors: Errors
) -> None:
    source = source_in(tmp_path)
    async with kept(lambda: Thread(source)) as one:
        await one.watched()
        one.set_level(-1)
        await eventually(lambda: one.notices() == ["modelRestarting", "modelRestarted"])
    assert errors.with_words("below zero")
    assert errors.whose == {("0", "local")}
    assert current_replica() is None


async def test_the_fourth_failure_gives_up_and_ends_the_session(
    tmp_path: Path, errors: Errors
) -> None:
    source = source_in(tmp_path, MODEL.replace("level: int = 7", "level: int = -1"))
    async with kept(lambda: Thread(source)) as one:
        await one.watched()
        assert await asyncio.wait_for(one.ended, SECONDS) is False
        assert one.notices().count("modelRestarting") == 3
        assert errors.warnings == [
            f"the model restarts in 0.01 s; restarts left after this one: {left}"
            for left in (2, 1, 0)
        ]
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


WRONG = """
from reactor_actors import VideoModel, VideoOut
from reactor_actors.interface import InputState, ReactorModel, ReactorPipeline

class Dials(InputState):
    level: int = 7

"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("(VideoModel):\n    async def start_session(self): ...", "is a plain function"),
        ("(ReactorModel):\n    state: Dials", "only a ReactorPipeline has one"),
        ("(ReactorPipeline):\n    def infer(self): yield None", r"has no inference\(\)"),
    ],
)
async def test_a_class_that_declares_what_cannot_be_is_final(
    tmp_path: Path, errors: Errors, body: str, said: str
) -> None:
    source = source_in(tmp_path, f"{WRONG}class Fragile{body}")
    async with kept(lambda: Thread(source), delays=(60.0,)) as one:
        with pytest.raises(SetupError, match=said) as caught:
            await asyncio.wait_for(one.ended, SECONDS)
        assert caught.value.message.startswith(f"{tmp_path}/fragile.py: Fragile ")
    assert errors.told == [caught.value.message]


async def test_a_constructor_that_raises_counts_against_the_budget(tmp_path: Path) -> None:
    text = "(ReactorModel):\n    def __init__(self): raise TypeError('no GPU')"
    source = source_in(tmp_path, f"{WRONG}class Fragile{text}")
    async with kept(lambda: Thread(source)) as one:
        assert await asyncio.wait_for(one.ended, SECONDS) is False


async def test_a_model_that_is_stopped_ends_cleanly(tmp_path: Path) -> None:
    source = source_in(tmp_path)
    async with kept(lambda: Thread(source)) as one:
        await one.watched()
        await one.server.wind_down()
        await one.supervisor.stop()
        assert await asyncio.wait_for(one.ended, SECONDS) is True


async def test_stopping_does_not_wait_for_the_next_attempt() -> None:
    async with kept(Unloadable, delays=(3600.0,)) as one:
        await eventually(lambda: one.host.model_news is not None)
        await one.supervisor.stop()
        assert await asyncio.wait_for(one.ended, SECONDS) is True


HANGING = MODEL.replace(
    "if self.state.level < 0:",
    """if self.state.level == 99:
                import time
                time.sleep(SECONDS)
            if self.state.level < 0:""",
)


async def test_a_model_that_holds_its_thread_for_too_long_is_replaced(
    tmp_path: Path, errors: Errors
) -> None:
    source = source_in(tmp_path, HANGING.replace("SECONDS", "1"))
    async with kept(lambda: Thread(source), patience=0.3) as one:
        await one.watched()
        one.set_level(99)
        await eventually(lambda: one.notices() == ["modelRestarting", "modelRestarted"])
        assert not one.peer.closed
    (message,) = errors.with_words("(--watchdog)")
    assert f'File "{tmp_path}/fragile.py"' in message
    assert "time.sleep(1)" in message
    await asleep_no_more()


async def asleep_no_more() -> None:
    """Wait for the model's threads: one that cannot be killed sleeps on for a while."""
    await eventually(lambda: all(thread.name != "model" for thread in threading.enumerate()))


class Asked(Thread):
    """A replica that answers as a test says when it is asked where author code is."""

    def __init__(self, source: ModelSource, answer: Callable[[], Awaitable[str]]) -> None:
        super().__init__(source)
        self.kills = 0
        self.stack = answer  # type: ignore[method-assign]

    def kill(self) -> None:
        self.kills += 1
        super().kill()


BUSY = "did not come back to the runtime within 0.2 s after its session had ended"


async def left_busy(one: Kept, replica: Thread) -> None:
    """End the session of a model while its thread sleeps."""
    await one.watched()
    one.set_level(99)
    await eventually(replica.actor.stack)
    one.host.stop()


async def test_a_model_that_is_busy_after_its_session_is_replaced_and_tells_where_it_was(
    tmp_path: Path, errors: Errors
) -> None:
    source, replicas = source_in(tmp_path, HANGING.replace("SECONDS", "1")), []
    async with kept(lambda: replicas.append(Thread(source)) or replicas[-1], grace=0.2) as one:
        await one.ready()
        await left_busy(one, replicas[0])
        await eventually(lambda: len(replicas) == 2)
        await one.ready()
    (message,) = errors.with_words(BUSY)
    assert "Author code was here:\n" in message
    assert f'File "{tmp_path}/fragile.py"' in message
    assert message.endswith("time.sleep(1)")
    await asleep_no_more()


async def says_nothing() -> str:
    return ""


async def dies_of_it() -> str:
    raise ModelError("the model's process has died")


@pytest.mark.parametrize("answer", [says_nothing, dies_of_it])
async def test_a_busy_model_that_cannot_say_where_it_is_is_replaced_all_the_same(
    tmp_path: Path, errors: Errors, answer: Callable[[], Awaitable[str]]
) -> None:
    replica = Asked(source_in(tmp_path, HANGING.replace("SECONDS", "1")), answer)
    async with kept(lambda: replica, grace=0.2) as one:
        await left_busy(one, replica)
        await eventually(lambda: replica.kills)
        assert one.host.state is State.CLOSING
    (message,) = errors.with_words(BUSY)
    assert message.endswith(f"Author code was {NOWHERE}")
    await asleep_no_more()


async def test_a_model_that_comes_back_while_it_is_asked_is_left_alone(
    tmp_path: Path, errors: Errors
) -> None:
    asked = asyncio.Event()

    async def comes_back() -> str:
        await one.ready()
        asked.set()
        return "where it was"

    replica = Asked(source_in(tmp_path, HANGING.replace("SECONDS", "0.6")), comes_back)
    async with kept(lambda: replica, grace=0.2) as one:
        await left_busy(one, replica)
        await asyncio.wait_for(asked.wait(), SECONDS)
        await one.watched()
        one.set_level(5)
        await eventually(lambda: outbound.Ack("set 5") in one.peer.told)
        assert replica.kills == 0
    assert errors.told == []


async def test_without_a_watchdog_a_long_turn_is_nobodys_fault(tmp_path: Path) -> None:
    source = source_in(tmp_path, HANGING.replace("SECONDS", "0.6"))
    async with kept(lambda: Thread(source)) as one:
        await one.watched()
        one.set_level(99)
        one.set_level(5)
        await eventually(lambda: outbound.Ack("set 5") in one.peer.told)
        assert one.notices() == []
