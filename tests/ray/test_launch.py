"""`launch`, and what a program does with its deployment: real processes, on Ray."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray

from reactor_actors import Deployment, FrameBatch, launch
from reactor_actors.core.errors import BusyError, ClientError, ModelError, PeerGone, SetupError
from reactor_actors.interface import (
    BufferClosed,
    Input,
    InputState,
    ModelMessage,
    Output,
    ReactorModel,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
)

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
SECONDS = 60.0


class Screen(Output):
    main_video: Video


class Camera(Input):
    webcam: Video


class Dials(InputState):
    level: int = 100


class Told(ModelMessage):
    text: str
    pid: int


class Shades(ReactorPipeline):
    """One grey, as set; with a camera frame every now and then, its grey."""

    input: Camera
    state: Dials
    camera: Camera
    fps = 30

    def load(self, config: dict[str, Any]) -> None:
        self.size = config["size"]

    def inference(self) -> Any:
        while True:
            yield Screen(main_video=np.full((*self.size, 3), self.state.level, np.uint8))

    @event(name="read_file")
    async def read_file(self, file: UploadedFile) -> Told:
        return Told(text=file.data.decode(), pid=os.getpid())

    @event(name="count_spared")
    async def count_spared(self) -> Told:
        return Told(text=str(gc.get_freeze_count()), pid=os.getpid())

    @event(name="fail")
    async def fail(self) -> None:
        raise RuntimeError("as asked")


class Mirror(ReactorModel):
    camera: Camera

    async def run(self) -> None:
        while True:
            try:
                [frame] = await self.camera.webcam.read()
            except BufferClosed:
                await self.connected.wait()
                await asyncio.sleep(0.01)
                continue
            await self.emit(Screen(main_video=np.asarray(frame)))


class Broken(ReactorPipeline):
    def load(self, config: dict[str, Any]) -> None:
        raise ValueError("the weights are missing")

    def inference(self) -> Any:
        yield Screen(main_video=np.zeros((4, 4, 3), np.uint8))


class Eye:
    """A subscriber: what it saw, and how slow it is."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._seen: list[tuple[Any, ...]] = []

    def on_frames(self, batch: FrameBatch) -> None:
        time.sleep(self._seconds)
        video = batch.video["main_video"]
        level = int(batch.rgb("main_video").mean().round())
        self._seen.append((batch.numbers, level, batch.dropped, video.flags.owndata))

    def seen(self) -> list[tuple[Any, ...]]:
        return self._seen


def until(attempt: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if value := attempt():
            return value
        time.sleep(0.02)
    raise AssertionError("it never came")


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    with launch(Shades, config={"size": (48, 64)}) as launched:
        yield launched
    assert not ray.is_initialized()


def test_it_is_served_and_says_how_it_stands(deployment: Deployment) -> None:
    status = deployment.status()
    assert (status.model, status.state, status.url) == ("shades", "available", deployment.url)
    assert deployment.url.startswith("http://127.0.0.1:")


def test_the_collector_does_not_search_what_came_with_the_process(deployment: Deployment) -> None:
    """All modules are there before, and a full search of what is new stops no picture."""

    def searched(actor: Any) -> tuple[int, int]:
        return gc.get_freeze_count(), len(gc.get_objects())

    spared, left = ray.get(deployment.transport.__ray_call__.remote(searched))
    assert spared > 10 * left
    with deployment.connect() as connection:
        told = connection.ask("count_spared")
        assert told is not None
        assert int(told.data["text"]) > 20_000


def test_the_threads_of_a_process_share_what_they_free(deployment: Deployment) -> None:
    def told(actor: Any) -> str | None:
        return os.environ.get("MALLOC_ARENA_MAX")

    assert ray.get(deployment.transport.__ray_call__.remote(told)) == "2"
    assert "MALLOC_ARENA_MAX" not in os.environ


def test_a_program_steers_the_model_and_sees_what_it_does(deployment: Deployment) -> None:
    with deployment.connect() as connection:
        assert connection.session == "local"
        assert set(connection.commands) == {"set_level", "read_file", "count_spared", "fail"}
        assert connection.frame().shape == (48, 64, 3)
        assert connection.ask("set_level", level=200) is None
        until(lambda: abs(int(connection.frame()[0, 0, 0]) - 200) <= 3)
        connection.send("set_level", level=20)
        until(lambda: abs(int(connection.frame()[0, 0, 0]) - 20) <= 3)
        file = connection.upload("a.txt", b"written", "text/plain")
        reply = connection.ask("read_file", file=file)
        assert reply is not None
        assert reply.data["text"] == "written"
        assert reply.data["pid"] != os.getpid()
        assert deployment.status().viewers == 1
        with pytest.raises(ClientError) as refused:
            connection.ask("set_level", level="high")
        assert refused.value.code == "invalid_command"
    assert deployment.status().viewers == 0
    with pytest.raises(PeerGone, match="closed"):
        connection.ask("set_level", level=1)


def test_every_frame_comes_in_the_model_s_own_time(deployment: Deployment) -> None:
    with deployment.connect() as connection, connection.frames(bound=64) as frames:
        next(frames)
        began = time.monotonic()
        for _ in range(30):
            next(frames)
        assert 0.6 < time.monotonic() - began < 3.0
        assert frames.dropped == 0


async def test_everything_has_a_twin_for_programs_with_an_event_loop(
    deployment: Deployment,
) -> None:
    assert (await deployment.astatus()).model == "shades"
    eye = ray.remote(Eye).options(num_cpus=0).remote()
    async with (
        await deployment.aconnect() as anna,
        await deployment.aconnect() as ben,
        await deployment.asubscribe(eye) as subscription,
    ):
        assert (await deployment.astatus()).viewers == 2
        await anna.ask("set_level", level=60)
        async with ben.frames() as frames:
            async for frame in frames:
                if abs(int(frame[0, 0, 0]) - 60) <= 3:
                    break
        while not (await subscription.adelivery()).delivered:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
    assert (await subscription.adelivery()).over == "closed"
    ray.kill(eye)


def test_a_subscriber_sees_the_pixels_and_a_slow_one_slows_nobody(deployment: Deployment) -> None:
    quick, slow = (ray.remote(Eye).options(num_cpus=0).remote(pause) for pause in (0.0, 0.5))
    ray.get([eye.seen.remote() for eye in (quick, slow)])
    with deployment.connect() as connection:
        connection.ask("set_level", level=150)
        until(lambda: abs(int(connection.frame()[0, 0, 0]) - 150) <= 3)
        with deployment.subscribe(quick, bound=30) as all_of_it:
            with deployment.subscribe(slow, bound=2) as some:
                until(lambda: some.dropped > 20)
                fps = deployment.status().replicas[0].fps
            until(lambda: all_of_it.delivered >= 60)
        assert fps > 24
        assert all_of_it.dropped == 0
    seen = ray.get(quick.seen.remote())
    assert [after[0][0] - before[0][-1] - 1 for before, after in pairwise(seen)] == [
        dropped for _, _, dropped, _ in seen[1:]
    ]
    assert {level for _, level, _, _ in seen} <= {149, 150, 151}
    assert not any(owned for *_, owned in seen)  # views of shared memory: nothing was copied
    late = ray.get(slow.seen.remote())
    assert all(len(batch) <= 2 for batch, *_ in late)
    assert any(dropped for _, _, dropped, _ in late)
    for eye in (quick, slow):
        ray.kill(eye)


def test_a_subscriber_that_dies_is_dropped(deployment: Deployment) -> None:
    eye = ray.remote(Eye).options(num_cpus=0).remote()
    with deployment.connect(), deployment.subscribe(eye) as subscription:
        until(lambda: subscription.delivered)
        ray.kill(eye)
        until(lambda: subscription.delivery().over == "its process has died")


def test_a_callable_gets_the_batches_on_a_thread_of_its_own(deployment: Deployment) -> None:
    seen: list[tuple[int, str]] = []

    def look(batch: FrameBatch) -> None:
        seen.append((len(batch), threading.current_thread().name))
        raise ValueError("a subscriber's own mistake")

    with deployment.connect(), deployment.subscribe(look):
        until(lambda: len(seen) > 2)
    assert {name for _, name in seen} == {"subscription"}
    assert not [t for t in threading.enumerate() if t.name in ("subscription", "connection")]


def test_what_cannot_be_subscribed_is_refused(deployment: Deployment) -> None:
    eye = ray.remote(Eye).options(num_cpus=0).remote()
    with pytest.raises(SetupError, match="no method 'elsewhere'"):
        deployment.subscribe(eye, method="elsewhere")
    with pytest.raises(SetupError, match="expected an actor or a callable"):
        deployment.subscribe(7)
    with pytest.raises(SetupError, match="expected some of main_video"):
        deployment.subscribe(print, tracks=["webcam"])


def test_another_actor_can_use_it(deployment: Deployment) -> None:
    class Robot:
        def steer(self, entrance: Any) -> int:
            with entrance.connect() as connection:
                connection.ask("set_level", level=80)
                until(lambda: abs(int(connection.frame()[0, 0, 0]) - 80) <= 3)
                return int(entrance.status().viewers)

    robot = ray.remote(Robot).options(num_cpus=0).remote()
    assert ray.get(robot.steer.remote(deployment), timeout=SECONDS) == 1
    ray.kill(robot)


def test_a_crash_of_the_model_is_told_and_the_connection_goes_on(deployment: Deployment) -> None:
    with deployment.connect() as connection:
        file = connection.upload("a.txt", b"x", "text/plain")
        reply = connection.ask("read_file", file=file)
        assert reply is not None
        os.kill(reply.data["pid"], signal.SIGKILL)
        assert connection.message(timeout=SECONDS).type == "modelRestarting"
        assert connection.message(timeout=SECONDS).type == "modelRestarted"
        assert connection.ask("set_level", level=10) is None
        connection.frame(timeout=SECONDS)


def test_a_transport_that_dies_is_told_and_comes_back(deployment: Deployment) -> None:
    connection = deployment.connect()
    url = deployment.url
    ray.kill(deployment.transport)
    assert list(connection.messages(timeout=SECONDS)) == []
    with pytest.raises(PeerGone, match="the transport's process is gone"):
        connection.frame()
    connection.close()

    def back() -> bool:
        try:
            return deployment.status().state == "available"
        except PeerGone:
            return False

    until(back)
    assert deployment.url == url
    with deployment.connect() as again:
        assert again.frame(timeout=SECONDS).shape == (48, 64, 3)


@pytest.fixture
def cluster(deployment: Deployment) -> Deployment:
    """A program that has joined Ray already: later deployments leave it alone."""
    return deployment


def test_each_has_a_replica_in_exclusive_mode_and_feeds_its_own_model(cluster: Deployment) -> None:
    with launch(Mirror, replicas=2) as mirrors:
        anna, ben = mirrors.connect(), mirrors.connect()
        assert {anna.replica, ben.replica} == {"0", "1"}
        for connection, level in ((anna, 50), (ben, 180)):

            def mirrored(connection: Any = connection, level: int = level) -> bool:
                connection.feed("webcam", np.full((32, 32, 3), level, np.uint8))
                try:
                    frame = connection.frame(timeout=0.2)
                except TimeoutError:
                    return False
                return abs(int(frame[0, 0, 0]) - level) <= 3

            until(mirrored)
        with pytest.raises(BusyError, match="place 1 of 1"):
            mirrors.connect(timeout=0.0)
        ben.close()
        with mirrors.connect() as cleo:
            assert cleo.replica == ben.replica
        asyncio.run(mirrors.astop())
    assert anna.closed
    assert list(anna.messages()) == []
    assert list(anna.frames()) == []
    assert ray.is_initialized()
    with pytest.raises(SetupError, match="has been stopped"):
        mirrors.connect()


def test_a_model_that_cannot_be_loaded_raises_with_its_author_s_traceback(
    cluster: Deployment, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="the weights are missing") as failed:
        launch(Broken)
    assert "test_launch.py" in failed.value.detail
    (tmp_path / "torn.py").write_text("import a_module_that_is_missing")
    (tmp_path / "reactor.yaml").write_text("model: torn:Model")
    with pytest.raises(SetupError, match="importing 'torn' failed") as missing:
        launch(tmp_path)
    assert "torn.py" in missing.value.detail
    with pytest.raises(SetupError, match="expected a class, 'module:Class'"):
        launch(7)  # type: ignore[arg-type]


SCRIPT = """
import threading
import numpy as np
from reactor_actors import InputState, Output, ReactorPipeline, Video, launch

class Screen(Output):
    main_video: Video

class Dials(InputState):
    level: int = 90

class Shades(ReactorPipeline):
    state: Dials
    def inference(self):
        while True:
            yield Screen(main_video=np.full((32, 32, 3), self.state.level, np.uint8))

with launch(Shades) as deployment, deployment.connect() as connection:
    print(connection.frame()[0, 0, 0])
    connection.ask("set_level", level=200)
    while abs(int(connection.frame()[0, 0, 0]) - 200) > 3:
        pass
print(sorted(t.name for t in threading.enumerate()))
deployment = launch(Shades)
connection = deployment.connect()
print(connection.frame()[0, 0, 0])
"""


def test_a_script_serves_its_own_class_and_leaves_nothing_behind(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    before = set(os.listdir("/dev/shm"))
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["90", "['MainThread']", "90", ""], done.stderr
    assert "Error" not in done.stderr, done.stderr
    assert time.monotonic() - began < 120
    until(lambda: set(os.listdir("/dev/shm")) <= before)
