"""The sessions of a generation 1 model: threads, beginnings and ends."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import threading
import time
from typing import Any

import pytest

from reactor_actors.classic import VideoIn, VideoModel, VideoOut, command, get_ctx, model
from reactor_actors.classic.config import Config
from reactor_actors.core import messages as link
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.session import Limits, State
from reactor_actors.core.wire import outbound
from tests.classic.models import Painter, Waiter, attached
from tests.local import SECONDS, Local, eventually, serving
from tests.pictures import number_of, picture


def ended(local: Local) -> list[Any]:
    """Return why sessions have ended so far."""
    return [note.facts["reason"] for note in local.notes if note.kind == "session_ended"]


async def over(local: Local, sessions: int = 1) -> str:
    """Wait for the end of that many sessions; return why the last one ended."""
    await local.eventually(lambda: len(ended(local)) >= sessions and local.host.session is None)
    assert local.transport.state is State.READY
    return str(ended(local)[-1])


async def test_a_model_shows_what_it_emits_and_does_what_it_is_told() -> None:
    async with serving(Painter) as local:
        anna = local.join("anna")
        assert number_of((await local.shown(3))[-1]) == 3
        assert await anna.ask("set_number", number=40) == outbound.Ack("anna-1")
        await local.until(lambda: True if number_of(local.screen.newest()) == 40 else None)


async def test_the_constructor_gets_a_config_with_attributes() -> None:
    async with serving(Painter, {"model": {"width": 64}}) as local:
        assert local.model.config.model.width == 64
        assert local.model.config["model"]["width"] == 64
    async with serving(Painter) as local:
        assert local.model.config == {}


async def test_a_constructor_that_fails_is_a_failed_load() -> None:
    class Broken(Waiter):
        def __init__(self, config: Config) -> None:
            raise config["error"]

    for error in (ValueError("no weights"), SystemExit("no weights"), StopIteration("no weights")):
        with pytest.raises(ModelError, match=r"the model failed to load: .") as caught:
            async with serving(Broken, {"error": error}):
                pass
        assert "no weights" in caught.value.detail
        assert "in __init__" in caught.value.detail


async def test_there_is_no_context_before_the_first_session() -> None:
    class Early(Waiter):
        def __init__(self, config: Config) -> None:
            super().__init__(config)
            with pytest.raises(RuntimeError, match="works once a session has begun"):
                get_ctx()
            with pytest.raises(RuntimeError, match=r"'main_video' outside a session"):
                self.main_video.emit()  # type: ignore[attr-defined]
            assert self.main_video.latest() is None  # type: ignore[attr-defined]

    async with serving(Early, session=False) as local:
        with pytest.raises(RuntimeError, match="works once a session has begun"):
            get_ctx()
        local.transport.start("s")
        assert await local.eventually(lambda: contexts_of_process())


def contexts_of_process() -> bool:
    try:
        return get_ctx() is not None
    except RuntimeError:
        return False


async def test_a_session_begins_with_its_first_client_and_once() -> None:
    async with serving(Waiter) as local:
        await local.eventually(contexts_of_process)
        assert local.model.sessions == []
        anna = local.join("anna")
        await local.eventually(lambda: local.model.sessions)
        local.join("bert")
        anna.leave()
        local.join("cleo")
        assert await local.join("dora").ask("set_number", number=1) == outbound.Ack("dora-1")
        assert len(local.model.sessions) == 1


async def test_a_session_goes_on_while_its_clients_are_away() -> None:
    async with serving(Painter) as local:
        local.join("anna").leave()
        await local.eventually(lambda: local.model.contexts)
        context = local.model.contexts[0]
        await local.eventually(lambda: local.transport.state is State.ORPHANED)
        await local.shown(len(local.screen.ticks) + 5)
        assert not context.should_stop()
        assert not context.is_media_configured
        anna = local.join("anna")
        await anna.ask("set_number", number=9)
        assert context.is_media_configured
        await local.stopped()
        assert context.should_stop()
        assert not context.is_media_configured
        assert len(local.model.sessions) == 1


async def test_the_constructor_and_every_session_share_a_thread_and_commands_have_another() -> None:
    class Curious(Waiter):
        @command("where")
        def where(self) -> int:
            return threading.get_ident()

        @command("where_async")
        async def where_async(self) -> int:
            return threading.get_ident()

    async with serving(Curious) as local:
        found = set()
        for number in range(3):
            anna = local.join("anna")
            for name in ("where", "where_async"):
                answer = await anna.ask(name)
                assert isinstance(answer, outbound.Reply)
                found.add(answer.data["result"])
            await local.eventually(lambda: len(local.model.sessions) == number + 1)  # noqa: B023
            await local.stopped()
            local.transport.start(f"s{number}")
        assert set(local.model.sessions) == {local.model.built_in}
        assert found.isdisjoint({local.model.built_in, threading.get_ident()})
        assert len(found) == 1


async def test_commands_are_answered_while_the_session_holds_its_thread() -> None:
    async with serving(Waiter) as local:
        anna = local.join("anna")
        await local.eventually(lambda: local.model.sessions)
        assert await anna.ask("set_number", number=5) == outbound.Ack("anna-1")


async def test_a_session_that_returns_is_over_and_the_next_one_works() -> None:
    class Short(Painter):
        def start_session(self) -> None:
            self.sessions.append(1)
            get_ctx().get_track().emit(picture(3))

    async with serving(Short) as local:
        anna = local.join("anna")
        assert await over(local) == "stopped"
        assert anna.told[-1] == outbound.SessionEnded("stopped")
        assert anna.peer.closed
        local.transport.start("next")
        local.join("bert")
        assert await over(local, 2) == "stopped"
        assert local.model.sessions == [1, 1]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("as asked"),
        SystemExit("as asked"),
        StopIteration("as asked"),
        KeyboardInterrupt("as asked"),
        asyncio.CancelledError("as asked"),
        GeneratorExit("as asked"),
    ],
)
async def test_a_session_that_raises_is_over_with_an_error_and_the_next_one_works(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(Painter):
        def start_session(self) -> None:
            self.sessions.append(1)
            if len(self.sessions) == 1:
                raise error
            super().start_session()

    caplog.set_level(logging.ERROR)
    async with serving(Failing) as local:
        local.join("anna")
        assert await over(local) == "error"
        local.transport.start("next")
        local.join("bert")
        assert number_of((await local.shown(2))[-1]) == 3
        assert not local.ended.done()
    assert caplog.text.count("start_session() failed; the session ends") == 1
    assert f"{type(error).__name__}: as asked" in caplog.text
    assert "in start_session" in caplog.text


async def test_a_context_of_a_session_that_is_over_stays_stopped_until_the_next_one() -> None:
    async with serving(Waiter) as local:
        local.join("anna")
        await local.eventually(lambda: local.model.contexts)
        first = get_ctx()
        assert first is local.model.contexts[0]
        await local.stopped()
        assert get_ctx() is first
        assert first.should_stop()
        local.transport.start("next")
        await local.eventually(lambda: get_ctx() is not first)
        assert not get_ctx().should_stop()
        assert not get_ctx().is_media_configured
        assert first.should_stop()


async def test_threads_of_the_models_own_find_the_context_and_may_emit() -> None:
    class Threaded(Painter):
        def start_session(self) -> None:
            threads = [threading.Thread(target=self.paint, args=(n,)) for n in (10, 20, 30)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        def paint(self, number: int) -> None:
            while not get_ctx().should_stop():
                get_ctx().get_track("main_video").emit(picture(number))

    async with serving(Threaded) as local:
        local.join("anna")
        shown = await local.shown(60)
        assert {number_of(rgb) for rgb in shown} == {10, 20, 30}


async def test_a_thread_that_outlives_its_session_is_told_so_and_harms_nobody() -> None:
    class Leaking(Painter):
        def start_session(self) -> None:
            if not self.contexts:
                threading.Thread(target=self.go_on).start()
            super().start_session()

        def go_on(self) -> None:
            self.refused = 0
            self.left = threading.Event()
            while not self.left.is_set():
                try:
                    self.main_video.emit(picture(50))  # type: ignore[attr-defined]
                except RuntimeError:
                    self.refused += 1
                    time.sleep(0.001)

    async with serving(Leaking) as local:
        local.join("anna")
        await local.shown(5)
        await local.stopped()
        await local.eventually(lambda: local.model.refused)
        local.model.left.set()
        shown = len(local.screen.ticks)
        local.transport.start("next")
        local.join("bert")
        later = (await local.shown(shown + 10))[-5:]
        assert {number_of(rgb) for rgb in later} == {3}


async def test_a_session_may_run_an_event_loop_of_its_own() -> None:
    class Looped(Painter):
        def start_session(self) -> None:
            asyncio.run(self.paint())

        async def paint(self) -> None:
            context = get_ctx()
            while not context.should_stop():
                context.get_track().emit(picture(12))
                await asyncio.sleep(0)

    async with serving(Looped) as local:
        local.join("anna")
        assert number_of((await local.shown(5))[-1]) == 12


async def test_a_lock_that_a_session_holds_to_its_end_holds_up_no_end() -> None:
    class Locking(Waiter):
        lock = threading.Lock()

        def start_session(self) -> None:
            with self.lock:
                super().start_session()

        @command("wait")
        def wait(self) -> None:
            self.waiting = True
            with self.lock:
                self.number = 99

    async with serving(Locking, limits=Limits(grace=0)) as local:
        anna = local.join("anna")
        await local.eventually(lambda: local.model.sessions)
        request, behind = anna.send("wait"), anna.send("set_number", number=1)
        await local.eventually(lambda: getattr(local.model, "waiting", False))
        await local.stopped()
        assert local.transport.state is State.READY
        for sent in (request, behind):
            failure = await anna.answer_to(sent)
            assert isinstance(failure, outbound.Failure)
            assert failure.code == "session_ended"
        assert local.model.number == 99  # what was running has ended; what waited was not begun


async def test_a_lock_that_a_session_holds_while_it_emits_holds_up_no_picture() -> None:
    class Locking(Painter):
        lock = threading.Lock()

        def start_session(self) -> None:
            context = get_ctx()
            while not context.should_stop():
                with self.lock:
                    context.get_track().emit(picture(self.number))
                time.sleep(0.001)  # a lock is not fair

        @command("set_number")
        def set_number(self, number: int) -> None:
            with self.lock:
                self.number = number

    async with serving(Locking) as local:
        anna = local.join("anna")
        await local.shown(2)
        anna.send("set_number", number=40)
        await local.until(lambda: True if number_of(local.screen.newest()) == 40 else None)


@pytest.mark.parametrize("mute", [True, False])
async def test_a_deaf_session_is_replaced_after_the_grace(mute: bool) -> None:
    """`mute`: it waits in silence; else it goes on emitting."""
    gate = threading.Event()

    class Deaf(Painter):
        def start_session(self) -> None:
            self.sessions.append(1)
            while not gate.is_set():
                if mute:
                    gate.wait(SECONDS)
                else:
                    get_ctx().get_track().emit(picture(3))
                    time.sleep(0.001)

    replaced = asyncio.Event()
    try:
        async with serving(Deaf, limits=Limits(grace=0.1)) as local:
            local.transport.when_stuck(lambda *_: replaced.set())
            local.join("anna")
            await local.eventually(lambda: local.model.sessions)
            local.transport.stop()
            await asyncio.wait_for(replaced.wait(), SECONDS)
            assert local.transport.state is State.CLOSING
            assert [n.facts for n in local.notes if n.kind == "error"] == [
                {"message": "the model is still busy"}
            ]
            gate.set()
            await local.eventually(lambda: local.transport.state is State.READY)
    finally:
        gate.set()


async def test_a_handler_that_never_ends_counts_as_busy_too() -> None:
    gate = threading.Event()

    class Stuck(Waiter):
        @command("hang")
        def hang(self) -> None:
            self.hanging = True
            gate.wait(SECONDS)

    replaced = asyncio.Event()
    try:
        async with serving(Stuck, limits=Limits(grace=0.1)) as local:
            local.transport.when_stuck(lambda *_: replaced.set())
            local.join("anna").send("hang")
            await local.eventually(lambda: getattr(local.model, "hanging", False))
            local.transport.stop()
            await asyncio.wait_for(replaced.wait(), SECONDS)
            gate.set()
            await local.eventually(lambda: local.transport.state is State.READY)
    finally:
        gate.set()


async def test_the_host_closes_although_a_session_is_deaf(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = threading.Event()

    class Deaf(Painter):
        def start_session(self) -> None:
            self.sessions.append(1)
            gate.wait(SECONDS)

    try:
        async with serving(Deaf) as local:
            local.join("anna")
            await local.eventually(lambda: local.model.sessions)
        assert not gate.is_set()
    finally:
        gate.set()
    await eventually(lambda: not [t for t in threading.enumerate() if t.name == "model-session"])
    assert "exception" not in caplog.text


async def test_a_session_in_the_middle_of_an_emit_ends_with_the_host() -> None:
    class Slow(Painter):
        emission_fps = 0.5
        latency = "fixed"

        def start_session(self) -> None:
            self.returned = False
            super().start_session()
            self.returned = True

    async with serving(Slow) as local:
        local.join("anna")
        await local.eventually(lambda: (s := local.transport.statistics()) and s.waiting == 50)
        model_ = local.model
    assert model_.returned


async def test_a_session_has_a_moment_to_clean_up_when_the_host_ends() -> None:
    class Careful(Waiter):
        cleaned = False

        def start_session(self) -> None:
            super().start_session()
            time.sleep(0.8)
            self.cleaned = True

    async with serving(Careful) as local:
        local.join("anna")
        await local.eventually(lambda: local.model.sessions)
        model_ = local.model
    assert model_.cleaned


async def test_a_model_may_be_made_of_many_parents_and_call_none_of_them() -> None:
    class Numbered:
        def __init__(self, *args: Any, **options: Any) -> None:
            self.number = 21

    class Framed:
        side = VideoIn()

        @command("set_number")
        def set_number(self, number: int = 5) -> int:
            self.number = number
            return self.number

    @model(name="many-parents")
    class Child(Framed, Numbered, VideoModel):
        main = VideoOut(default=True)

        def __init__(self, config: Config) -> None:
            Numbered.__init__(self)

        def start_session(self) -> None:
            while not get_ctx().should_stop():
                self.main.emit(picture(self.number))

    async with serving(Child) as local:
        assert local.contract.name == "many-parents"
        assert [track.name for track in local.contract.tracks] == ["side", "main"]
        anna = local.join("anna")
        assert number_of((await local.shown(2))[-1]) == 21
        await anna.ask("set_number")
        await local.until(lambda: True if number_of(local.screen.newest()) == 5 else None)


async def test_a_dataclass_has_its_tracks_too() -> None:
    @dataclasses.dataclass
    class Data(VideoModel):
        config: Any
        main: VideoOut = VideoOut(default=True)  # noqa: RUF009 - what stands there is a declaration
        side: VideoOut = VideoOut()  # noqa: RUF009
        number: int = 8

        def start_session(self) -> None:
            self.side = self.main
            while not get_ctx().should_stop():
                self.main.emit(picture(self.number))
                get_ctx().get_track("side").emit(picture(self.number))

    async with serving(Data, {"a": 1}) as local:
        assert local.model.config.a == 1
        local.join("anna")
        assert number_of((await local.shown(2))[-1]) == 8


async def test_a_constructor_of_any_shape_gets_the_config() -> None:
    class Built(Waiter):
        def __new__(cls, config: Config, *rest: Any) -> Built:
            made = super().__new__(cls)
            made.early = config.a
            return made

        def __init__(self, config: Config, *, more: int = 3) -> None:
            super().__init__(config)
            self.more = more

    async with serving(Built, {"a": 1}) as local:
        assert (local.model.early, local.model.more) == (1, 3)


async def test_a_constructor_without_a_config_is_told_so() -> None:
    class Bare(Waiter):
        def __init__(self) -> None:
            pass

    with pytest.raises(ModelError, match=r"takes 1 positional argument but 2 were given"):
        async with serving(Bare):
            pass


async def test_a_model_that_is_never_served_leaves_no_thread() -> None:
    async with serving(Waiter, session=False):
        assert {t.name for t in threading.enumerate()} >= {"model-session", "model-commands"}
    await eventually(lambda: not [t for t in threading.enumerate() if t.name.startswith("model")])


@pytest.mark.parametrize("factor", [0, -1, "2", True, float("nan"), None])
async def test_a_factor_that_is_no_number_above_zero_is_refused(factor: Any) -> None:
    with pytest.raises(SetupError, match="config key 'fps_debuff_factor' is a number above 0; got"):
        async with serving(Painter, {"fps_debuff_factor": factor}):
            pass


async def test_a_session_that_has_returned_is_not_begun_again_by_who_joins_late() -> None:
    class Short(Waiter):
        def start_session(self) -> None:
            self.sessions.append(1)

    async with attached(Short) as (program, clients):
        await program.handle(link.SessionStarted("s"))
        await program.handle(link.ClientJoined("anna", 1.0))
        await eventually(lambda: clients.posted)
        await program.handle(link.ClientJoined("bert", 2.0))
        await program.handle(link.SessionStopped("s"))
        model: Any = program.model
        assert model.sessions == [1]
        assert clients.posted == [link.SessionOver("s", "stopped"), link.SessionClosed("s")]


async def test_a_session_that_is_stopped_before_anybody_came_is_never_begun() -> None:
    async with attached(Waiter) as (program, clients):
        await program.handle(link.SessionStarted("s"))
        await program.handle(link.SessionStopped("s"))
        model: Any = program.model
        assert model.sessions == []
        assert clients.posted == [link.SessionClosed("s")]


async def test_a_restarted_model_takes_part_in_the_session_for_everybody_present() -> None:
    async with attached(Waiter) as (program, _):
        await program.handle(link.SessionStarted("s"))
        for client in ("anna", "bert"):
            await program.handle(link.ClientJoined(client, 1.0))
        model: Any = program.model
        await eventually(lambda: model.sessions)
        assert len(model.sessions) == 1
        assert get_ctx().is_media_configured
