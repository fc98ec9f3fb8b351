"""What a generation 1 model shows and sees, and how fast, from end to end."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from typing import Any

import numpy as np
import pytest

from reactor_actors.classic import AudioOut, VideoIn, VideoModel, VideoOut, get_ctx
from reactor_actors.classic.config import Config
from reactor_actors.core import messages as link
from reactor_actors.core.session import State
from reactor_actors.core.wire import outbound
from tests.classic.models import Painter, Waiter, attached
from tests.local import SECONDS, eventually, serving
from tests.pictures import number_of, numbers_in, picture


class Watcher(Waiter):
    """Sees what clients send."""

    cam = VideoIn()
    face = VideoIn()

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.bundles: list[Any] = []
        self.newest: list[Any] = []
        self.gate = threading.Event()
        self.gate.set()

    def on_media(self, bundle: Any) -> None:
        assert self.gate.wait(SECONDS)
        self.bundles.append([(d.info.name, number_of(d.data)) for d in bundle])
        self.newest.append(
            number_of(get_ctx().get_track(bundle.get_tracks()[0].info.name).latest())
        )
        if self.bundles[-1] == [("cam", 13)]:
            raise ValueError("unlucky")


async def test_every_frame_of_every_input_is_seen_and_latest_is_up_to_date() -> None:
    async with serving(Watcher) as local:
        anna = local.join("anna")
        await local.eventually(lambda: local.model.sessions)
        sent = [("cam", 1), ("face", 2), ("cam", 13), ("cam", 4)]
        for count, (track, number) in enumerate(sent):
            anna.show(track, picture(number))
            await local.eventually(lambda: len(local.model.newest) > count)  # noqa: B023
        assert local.model.bundles == [[each] for each in sent]
        assert local.model.newest == [number for _, number in sent]
        assert local.transport.state is State.STREAMING


async def test_inputs_are_empty_at_the_beginning_of_every_session() -> None:
    async with serving(Watcher) as local:
        for number in (1, 2):
            anna = local.join("anna")
            await local.eventually(lambda: len(local.model.sessions) == number)  # noqa: B023
            cam = get_ctx().get_track("cam")
            assert cam.latest() is None
            anna.show("cam", picture(5))
            await local.eventually(lambda: cam.latest() is not None)  # noqa: B023
            await local.stopped()
            assert cam.latest() is None
            local.transport.start(f"after {number}")


class Echo(VideoModel):
    """Shows what it sees, from `on_media`, after a while."""

    webcam = VideoIn()
    main_video = VideoOut()

    def __init__(self, config: Any) -> None:
        self.playing = threading.Event()
        self.seeing = threading.Event()
        self.end = threading.Event()

    def on_media(self, bundle: Any) -> None:
        self.seeing.set()
        self.end.wait(5)
        self.get_tracks()[1].emit(bundle.get_track("webcam").data)

    def start_session(self) -> None:
        self.playing.set()
        while not get_ctx().should_stop():
            time.sleep(0.002)


async def test_a_session_ends_after_the_frame_that_is_being_looked_at(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(Echo) as local:
        anna = local.join("anna")
        assert await asyncio.to_thread(local.model.playing.wait, 5)
        anna.show("webcam", picture(5))
        assert await asyncio.to_thread(local.model.seeing.wait, 5)
        local.transport.stop()
        assert local.transport.state is State.CLOSING
        local.model.end.set()
        await local.until(lambda: local.screen.forgotten or None)
    assert not [record for record in caplog.records if "on_media" in record.getMessage()]


async def test_a_model_that_is_served_has_its_tracks_at_hand() -> None:
    async with serving(Echo) as local:
        anna = local.join("anna")
        local.model.end.set()
        assert await asyncio.to_thread(local.model.playing.wait, 5)
        anna.show("webcam", picture(5))
        await local.shown(1)
        assert local.model.get_tracks()[0].latest() is not None


async def test_on_media_holds_up_neither_the_session_nor_commands() -> None:
    async with serving(Watcher) as local:
        anna = local.join("anna")
        await local.eventually(lambda: local.model.sessions)
        local.model.gate.clear()
        for number in range(10):
            anna.show("cam", picture(number))
        assert await anna.ask("set_number", number=1) == outbound.Ack("anna-1")
        local.model.gate.set()
        await local.eventually(lambda: len(local.model.bundles) == 10)


async def test_two_pictures_and_a_sound_that_are_emitted_apart_are_shown_together() -> None:
    class Eyes(Waiter):
        left = VideoOut()
        right = VideoOut()
        voice = AudioOut()
        emission_fps = 200

        def start_session(self) -> None:
            context = get_ctx()
            for number in range(20):
                context.get_track("left").emit(picture(number))
                context.get_track("voice").emit(np.full(240, number, np.int16))
                context.get_track("right").emit(picture(63 - number))
            super().start_session()

    async with serving(Eyes) as local:
        local.join("anna")
        await local.shown(20)
        ticks = local.screen.ticks
        assert numbers_in(ticks, "left") == list(range(20))
        assert numbers_in(ticks, "right") == [63 - number for number in range(20)]
        assert [int(tick.sound["voice"][0, 0]) for tick in ticks] == list(range(20))


async def test_buckets_that_are_named_are_shown_as_they_complete() -> None:
    class Eyes(Waiter):
        left = VideoOut()
        right = VideoOut()

        def start_session(self) -> None:
            left, right = get_ctx().get_track("left"), get_ctx().get_track("right")
            for number in (1, 2, 3):
                left.emit(picture(number), bucket=number)
            left.emit(picture(20), bucket=2)
            for number in (3, 2, 1):
                right.emit(picture(number), bucket=number)
            right.emit(picture(50), bucket=3)
            super().start_session()

    async with serving(Eyes) as local:
        local.join("anna")
        await local.shown(3)
        assert numbers_in(local.screen.ticks, "left") == [3, 20, 1]
        assert numbers_in(local.screen.ticks, "right") == [3, 2, 1]


async def test_nothing_emitted_is_black_of_the_usual_size() -> None:
    class Dark(Waiter):
        def start_session(self) -> None:
            get_ctx().get_track().emit()
            super().start_session()

    async with serving(Dark) as local:
        local.join("anna")
        (shown,) = await local.shown(1)
        assert shown.shape == (720, 1280, 3)
        assert not shown.any()


async def test_a_track_that_skips_its_emits_does_not_stall_the_others() -> None:
    class OneEyed(Painter):
        left = VideoOut(default=True)
        right = VideoOut()

    async with serving(OneEyed) as local:
        local.join("anna")
        await local.shown(30)
        assert all(list(tick.pictures) == ["left"] for tick in local.screen.ticks)


async def test_the_fifty_first_waiting_tick_waits_until_the_session_is_stopped() -> None:
    class Eager(Painter):
        emission_fps = 0.01
        latency = "fixed"

        def start_session(self) -> None:
            self.emitted = 0
            self.returned = False
            while not get_ctx().should_stop():
                get_ctx().get_track().emit(picture(3))
                self.emitted += 1
            self.returned = True

    async with serving(Eager) as local:
        local.join("anna")
        await local.shown(1)
        await local.eventually(lambda: local.model.emitted == 51)  # one is shown, 50 wait
        statistics = local.transport.statistics()
        assert statistics is not None
        assert (statistics.waiting, statistics.bound) == (50, 50)
        assert not local.model.returned
        await local.stopped()
        assert local.model.returned
        assert local.model.emitted == 52


async def test_a_batch_larger_than_the_bound_passes_and_a_stop_ends_it() -> None:
    class Huge(Painter):
        emission_fps = 1000

        def start_session(self) -> None:
            frames = np.zeros((200, 4, 6, 3), np.uint8)
            while not get_ctx().should_stop():
                get_ctx().get_track().emit(frames)

    async with serving(Huge) as local:
        local.join("anna")
        await local.shown(250)
        await local.stopped()
        assert local.transport.state is State.READY


class Stepping(Waiter):
    """Emits as often as it is told to, and says when it has."""

    emission_fps = None

    def start_session(self) -> None:
        context = get_ctx()
        for step in self.config.steps:
            match step:
                case "emit":
                    context.get_track().emit(picture(3))
                case "off":
                    context.disable_monitoring()
                case "on":
                    context.enable_monitoring()
        super().start_session()


@pytest.mark.parametrize(
    ("steps", "rates"),
    [
        ([], 1),
        (["emit"], 1),
        (["emit", "emit"], 2),
        (["emit", "emit", "emit"], 3),
        (["off", "emit", "emit", "emit"], 1),
        (["emit", "off", "emit", "on", "emit"], 2),
        (["emit", "off", "emit", "on", "emit", "emit"], 3),
    ],
)
async def test_a_rate_that_adapts_begins_at_sixteen_and_is_measured_unless_told_not_to(
    steps: list[str], rates: int
) -> None:
    async with attached(Stepping, {"steps": steps}) as (program, clients):
        for session in range(1, 3):
            await program.handle(link.SessionStarted("s"))
            await program.handle(link.ClientJoined("anna", 1.0))
            model: Any = program.model
            await eventually(lambda: len(model.sessions) == session)  # noqa: B023
            assert len(clients.rates) == rates
            assert clients.rates[0] == 16.0
            await program.handle(link.SessionStopped("s"))
            assert clients.posted == [link.SessionClosed("s")]
            clients.rates.clear()
            clients.posted.clear()


@pytest.mark.parametrize(
    ("body", "fps"),
    [
        ({"emission_fps": 60}, 60.0),
        ({"main": VideoOut(rate=40)}, 40.0),
        ({"emission_fps": 60, "main": VideoOut(rate=40)}, 60.0),
    ],
)
async def test_a_fixed_rate_stays_whatever_is_emitted(body: dict[str, Any], fps: float) -> None:
    steps = ["emit", "on", "emit", "off", "emit"]
    async with attached(type("Fixed", (Stepping,), body), {"steps": steps}) as (program, clients):
        contract = await program.load()
        assert (contract.fps, contract.pinned) == (fps, True)
        await program.handle(link.SessionStarted("s"))
        await program.handle(link.ClientJoined("anna", 1.0))
        model: Any = program.model
        await eventually(lambda: model.sessions)
        assert clients.rates == [fps]


async def test_the_time_between_two_sessions_is_none_that_the_model_worked_for() -> None:
    async with attached(Stepping, {"steps": ["emit", "emit"]}) as (program, clients):
        model: Any = program.model
        for session in (1, 2):
            await program.handle(link.SessionStarted("s"))
            await program.handle(link.ClientJoined("anna", 1.0))
            await eventually(lambda: len(model.sessions) == session)  # noqa: B023
            await program.handle(link.SessionStopped("s"))
        first, second = clients.pushed[:2], clients.pushed[2:]
        assert [batch.turn > 0.0 for batch in (*first, *second)] == [False, True, False, True]


async def test_the_rate_that_is_measured_is_multiplied_by_a_config_key() -> None:
    measured = []
    for factor in (1.0, 1e-9):
        config = {"steps": ["emit", "emit"], "fps_debuff_factor": np.float64(factor)}
        async with attached(Stepping, config) as (program, clients):
            await program.handle(link.SessionStarted("s"))
            await program.handle(link.ClientJoined("anna", 1.0))
            model: Any = program.model
            await eventually(lambda: model.sessions)  # noqa: B023
            assert clients.rates[0] == 16.0
            measured.append(clients.rates[1])
    assert measured[0] > 0.01
    assert measured[1] < 0.01


class Memory:
    """Stands for what a failing session had on its GPU."""


@pytest.mark.usefixtures("uncollected")
async def test_a_session_that_failed_keeps_no_memory_until_the_next() -> None:
    class Failing(VideoModel):
        held: list[weakref.ref[Memory]] = []  # noqa: RUF012 - shared with the test

        def start_session(self) -> None:
            memory = Memory()
            self.held.append(weakref.ref(memory))
            raise RuntimeError("out of memory")

    async with serving(Failing) as local:
        local.join("anna")
        await eventually(lambda: Failing.held and Failing.held[0]() is None)
