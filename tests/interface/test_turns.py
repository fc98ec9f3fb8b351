import asyncio
import threading
import traceback
import weakref
from typing import Any

import numpy as np
import pytest

from reactor_actors.core.session import State
from reactor_actors.core.wire.outbound import Ack
from reactor_actors.interface import (
    BufferClosed,
    Idle,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    PipelineExecutor,
    ReactorPipeline,
    Video,
    connected,
    disconnected,
    event,
    session_ended,
    session_started,
)
from reactor_actors.interface.compile import program_of
from reactor_actors.interface.turns import IDLE_SECONDS
from tests.interface.conftest import WriteModule
from tests.local import serving, staged
from tests.pictures import number_of, numbers_in, picture, pictures


class Picture(Output):
    main_video: Video


class Seen(Input):
    webcam: Video


class Sent(ModelMessage):
    what: Any = None


class Level(InputState):
    level: int = InputField(default=1, ge=0, le=60)
    mood: str = "calm"
    _turns: int = 0


class Counting(ReactorPipeline):
    """Notes what its generator counts; one that begins anew would count from 0 again."""

    state: Level
    fps = 500

    def load(self, config):
        self.numbers: list[int] = []

    def inference(self):
        number = 0
        while True:
            self.numbers.append(number)
            yield Picture(main_video=picture(number % 60))
            number += 1

    @event(name="ping")
    def ping(self): ...


# When the generator advances.


class Gated(ReactorPipeline):
    def load(self, config):
        self.order: list[str] = []

    @session_started
    def began(self):
        self.order.append("began")

    @connected
    async def came(self, client):
        self.order.append(f"came {client.id}")
        await asyncio.sleep(0)
        self.order.append(f"welcomed {client.id}")

    @event(name="ping")
    def ping(self): ...

    def inference(self):
        self.order.append("first turn")
        while True:
            yield Idle


async def test_the_generator_first_advances_after_the_first_client_was_welcomed() -> None:
    async with serving(Gated) as local:
        await local.eventually(lambda: local.model.order == ["began"])
        await local.join().ask("ping")
        await local.eventually(lambda: len(local.model.order) == 4)
        assert local.model.order == ["began", "came anna", "welcomed anna", "first turn"]


async def test_the_generator_is_made_as_the_session_begins() -> None:
    class Making(ReactorPipeline):
        def load(self, config):
            self.order: list[str] = []

        @session_started
        def began(self):
            self.order.append("began")

        def inference(self):
            self.order.append(f"made {self.state is not None}")
            return self.turns()

        def turns(self):
            yield Idle

    made = await staged(Making)
    await made.begin("anna")
    assert made.model.order == ["made True", "began"]


async def test_the_generator_is_suspended_while_nobody_is_there_and_goes_on_afterwards() -> None:
    async with serving(Counting) as local:
        anna = local.join("anna")
        await local.shown(3)
        anna.leave()
        assert local.transport.state is State.ORPHANED
        await local.join("bert").ask("ping")
        before = len(local.model.numbers)
        await local.eventually(lambda: len(local.model.numbers) > before + 5)
        numbers = list(local.model.numbers)
        assert numbers == list(range(len(numbers)))


class Waiting(ReactorPipeline):
    fps = 0.001
    turns = 0

    def inference(self):
        while True:
            self.turns += 1
            yield Picture(main_video=picture(self.turns))

    @disconnected
    def left(self):
        self.at_leave = self.turns

    @event(name="go")
    def go(self):
        self.output.set_fps(500)


async def test_what_waits_for_playout_is_gone_with_the_last_client() -> None:
    async with serving(Waiting) as local:
        anna = local.join("anna")
        await local.shown(1)
        anna.leave()
        await local.join("bert").ask("go")
        await local.shown(4)
        after = local.model.at_leave + 1
        assert numbers_in(local.screen.ticks)[:4] == [1, after, after + 1, after + 2]
        assert local.screen.blanks == 0


async def test_no_turn_is_taken_without_a_client() -> None:
    class Noting(ReactorPipeline):
        turns = 0

        def load(self, config):
            self.gone = threading.Event()

        @disconnected
        def left(self):
            self.at_leave = self.turns
            self.gone.set()

        @event(name="ping")
        def ping(self): ...

        @connected
        def came(self):
            self.at_return = self.turns

        def inference(self):
            while True:
                self.turns += 1
                yield Idle

    async with serving(Noting) as local:
        anna = local.join("anna")
        await local.eventually(lambda: local.model.turns > 2)
        anna.leave()
        await asyncio.to_thread(local.model.gone.wait, 10)
        await local.join("bert").ask("ping")
        assert local.model.at_return == local.model.at_leave


async def test_state_survives_an_empty_room_is_shared_and_ends_with_the_session() -> None:
    async with serving(Counting) as local:
        anna = local.join("anna")
        assert isinstance(await anna.ask("set_level", level=7), Ack)
        first = local.model.state
        anna.leave()
        bert, carl = local.join("bert"), local.join("carl")
        await bert.ask("set_mood", mood="wild")
        await carl.ask("ping")
        assert local.model.state is first
        assert (first.level, first.mood) == (7, "wild")
        await local.stopped()
        assert local.model.state is None
        local.transport.start("next")
        await local.join().ask("ping")
        assert local.model.state is not first
        assert (local.model.state.level, local.model.state.mood) == (1, "calm")


async def test_a_setter_assigns_acknowledges_and_resets_without_an_argument() -> None:
    async with serving(Counting) as local:
        anna = local.join()
        assert await anna.ask("set_level", level=9.0) == Ack("anna-1")
        assert (local.model.state.level, type(local.model.state.level)) == (9, int)
        for level in (61, -1, 2.5, True, "2"):
            assert (await anna.ask("set_level", level=level)).code == "invalid_command"
        assert (await anna.ask("set__turns", _turns=1)).code == "invalid_command"
        assert local.model.state.level == 9
        assert isinstance(await anna.ask("set_level"), Ack)
        assert local.model.state.level == 1


async def test_an_own_setter_is_called_instead() -> None:
    class Own(ReactorPipeline):
        state: Level

        @event(name="set_level")
        async def set_it(self, level: int, client):
            self.state.level = 10 * level
            return Sent(client.id)

        def inference(self):
            yield Idle

    async with serving(Own) as local:
        anna = local.join()
        answer = await anna.ask("set_level", level=3)
        assert (answer.type, answer.data) == ("sent", {"what": "anna"})
        assert local.model.state.level == 30


async def test_a_pipeline_without_a_declared_state_has_an_empty_one() -> None:
    async with serving(Gated) as local:
        await local.join().ask("ping")
        assert isinstance(local.model.state, InputState)


class Lacking(InputState):
    _model: Any

    def __post_init__(self) -> None:
        self.ready = True


class Checking(InputState):
    size: int = 0

    def __post_init__(self) -> None:
        if self.size == 0:
            raise ValueError("no size")


@pytest.mark.parametrize(
    ("state", "said"), [(Lacking, "'_model'"), (Checking, "no size")], ids=["lacking", "checking"]
)
def test_a_state_that_cannot_be_made_is_found_at_load(state: type, said: str) -> None:
    cls = type("Mine", (ReactorPipeline,), {"__annotations__": {"state": state}})
    with pytest.raises((TypeError, ValueError), match=said):
        program_of(cls)


# What may be yielded.


class Yielding(ReactorPipeline):
    output: Picture

    def load(self, config):
        self.made = config["make"]

    def inference(self):
        yield self.made()
        self.went_on = True


@pytest.mark.parametrize("nothing", [Idle, None])
def test_idle_and_none_emit_nothing(nothing: Any) -> None:
    with PipelineExecutor(Yielding, {"make": lambda: nothing}) as executor:
        executor.connect()
        assert next(executor).output is Idle


def test_idling_is_a_pause_of_five_milliseconds() -> None:
    assert IDLE_SECONDS == 0.005


async def test_a_generator_that_idles_keeps_the_last_picture_and_lets_handlers_run() -> None:
    class Once(ReactorPipeline):
        idled = 0

        def inference(self):
            yield Picture(main_video=picture(5))
            while True:
                self.idled += 1
                yield Idle

        @event(name="ping")
        def ping(self): ...

    async with serving(Once) as local:
        anna = local.join()
        await local.eventually(lambda: local.model.idled > 3)
        await anna.ask("ping")
        assert numbers_in(local.screen.ticks) == [5]
        assert local.screen.blanks == 0


def test_a_bare_array_is_the_only_track() -> None:
    with PipelineExecutor(Yielding, {"make": lambda: pictures([1, 2])}) as executor:
        executor.connect()
        output = next(executor).output
        assert isinstance(output, Picture)
        assert output.main_video.shape == (2, 4, 6, 3)


def test_a_bare_array_of_a_model_with_two_tracks_is_refused() -> None:
    class Pair(Output):
        left: Video
        right: Video

    class Two(Yielding):
        output = Pair

    with PipelineExecutor(Two, {"make": lambda: picture(1)}) as executor:
        executor.connect()
        with pytest.raises(TypeError, match="a bare array can be yielded only by a model with one"):
            next(executor)


class Grey:
    shape = (4, 6)
    dtype = "uint8"


@pytest.mark.parametrize(
    ("made", "kind", "said"),
    [
        (lambda: Picture(main_video=np.zeros((4, 6, 3))), TypeError, r"'main_video'.*float64.*255"),
        (lambda: Picture(main_video=picture(1)[..., 0]), ValueError, r"'main_video'.*\(4, 6\)"),
        (lambda: np.zeros((4, 6, 3)), TypeError, "'main_video'.*float64"),
        (lambda: "text", TypeError, "yields an Output, Idle or an array; got str"),
        (lambda: (picture(1), picture(2)), TypeError, "got tuple"),
        (lambda: Picture, TypeError, "got type"),
        (Grey, TypeError, "'main_video'.*got .*Grey"),
    ],
)
def test_what_cannot_be_emitted_is_raised_at_the_authors_own_yield(
    made: Any, kind: type[Exception], said: str
) -> None:
    with PipelineExecutor(Yielding, {"make": made}) as executor:
        executor.connect()
        with pytest.raises(kind, match=said) as caught:
            next(executor)
    frames = traceback.extract_tb(caught.value.__traceback__)
    own = [frame for frame in frames if frame.filename == __file__]
    assert (own[-1].name, own[-1].line) == ("inference", "yield self.made()")


BROKEN = """
    import numpy as np
    from reactor_actors.interface import *

    class Picture(Output):
        main_video: Video

    class Float(ReactorPipeline):
        def inference(self):
            while True:
                yield Picture(main_video=np.zeros((4, 6, 3)))

    class AsyncFloat(ReactorPipeline):
        async def inference(self):
            while True:
                yield Picture(main_video=np.zeros((4, 6, 3)))

    class Raising(ReactorPipeline):
        def inference(self):
            yield Picture(main_video=None)
            self.no_such_thing

    class Returning(ReactorPipeline):
        def inference(self):
            return Picture(main_video=None)

    class Coroutine(ReactorPipeline):
        async def inference(self):
            return Picture(main_video=None)

    class Stopping(ReactorPipeline):
        def inference(self):
            raise StopIteration
            yield

    BLACK = np.zeros((4, 6, 3), np.uint8)

    class Finally(ReactorPipeline):
        def inference(self):
            try:
                while True:
                    yield BLACK
            finally:
                raise RuntimeError("while cleaning up")

    class YieldsAtTheEnd(ReactorPipeline):
        def inference(self):
            try:
                while True:
                    yield BLACK
            finally:
                yield Idle

    class CatchesTheEnd(ReactorPipeline):
        async def inference(self):
            try:
                while True:
                    yield BLACK
            except GeneratorExit:
                yield BLACK
"""


@pytest.mark.parametrize(
    ("cls", "text", "line"),
    [
        ("Float", "TypeError: video track 'main_video'", "yield Picture(main_video=np.zeros("),
        ("AsyncFloat", "TypeError: video track 'main_video'", "yield Picture(main_video=np.zer"),
        ("Raising", "AttributeError: 'Raising' object", "self.no_such_thing"),
        ("Returning", "TypeError: inference() must be a generator", ""),
        ("Coroutine", "TypeError: inference() must be a generator", ""),
        ("Stopping", "RuntimeError: generator raised StopIteration", "raise StopIteration"),
    ],
)
async def test_a_turn_that_raises_ends_the_model_with_the_authors_traceback(
    write_module: WriteModule, cls: str, text: str, line: str
) -> None:
    module = write_module("broken", BROKEN)
    async with serving(getattr(module, cls)) as local:
        local.join()
        error = await local.crashed()
    assert str(error).startswith(f"the model has stopped: {text}")
    assert line in error.detail
    if line:
        assert "reactor_actors/" not in error.detail


@pytest.mark.parametrize(
    ("cls", "text"),
    [
        ("Finally", "RuntimeError: while cleaning up"),
        ("YieldsAtTheEnd", "RuntimeError: generator ignored GeneratorExit"),
        ("CatchesTheEnd", "RuntimeError: async generator ignored GeneratorExit"),
    ],
)
async def test_a_generator_that_does_not_close_cleanly_ends_the_model(
    write_module: WriteModule, cls: str, text: str
) -> None:
    module = write_module("broken", BROKEN)
    async with serving(getattr(module, cls)) as local:
        local.join()
        await local.shown(1)
        local.transport.stop()
        error = await local.crashed()
    assert text in str(error)


class Swallowing(ReactorPipeline):
    refused = 0

    def inference(self):
        while True:
            try:
                yield Picture(main_video="never a picture")
            except TypeError:
                self.refused += 1

    @event(name="ping")
    def ping(self): ...


async def test_a_generator_that_swallows_every_refusal_blocks_nobody() -> None:
    async with serving(Swallowing) as local:
        anna = local.join()
        await local.eventually(lambda: local.model.refused > 4)
        assert isinstance(await anna.ask("ping"), Ack)
        await local.stopped()
        assert local.screen.ticks == []


async def test_a_generator_may_mend_what_was_refused() -> None:
    class Mending(ReactorPipeline):
        def inference(self):
            try:
                yield Picture(main_video=picture(3)[..., :1])
            except ValueError:
                yield Picture(main_video=picture(3))
            while True:
                yield Idle

    async with serving(Mending) as local:
        local.join()
        assert number_of((await local.shown(1))[0]) == 3


# Sync, async, and assigned.


class Assigning(ReactorPipeline):
    def load(self, config):
        self.inference = {"sync": self.sync, "async": self.asynchronous, "free": free}[
            config["which"]
        ]

    def inference(self):
        yield Picture(main_video=picture(1))

    def sync(self):
        yield Picture(main_video=picture(2))

    async def asynchronous(self):
        await asyncio.sleep(0)
        yield Picture(main_video=picture(3))

    @event(name="which")
    def which(self): ...


def free():
    yield Picture(main_video=picture(4))


@pytest.mark.parametrize(("which", "number"), [("sync", 2), ("async", 3), ("free", 4)])
async def test_an_inference_assigned_in_load_replaces_that_of_the_class(
    which: str, number: int
) -> None:
    async with serving(Assigning, {"which": which}) as local:
        local.join()
        assert number_of((await local.shown(1))[0]) == number


async def test_an_inference_assigned_in_load_is_enough() -> None:
    class Assigned(ReactorPipeline):
        def load(self, config):
            self.inference = free

    assert (await staged(Assigned)).model.inference is free


async def test_a_pipeline_without_inference_is_refused_at_load() -> None:
    class Empty(ReactorPipeline):
        pass

    with pytest.raises(TypeError, match=r"Empty has no inference\(\): write a generator"):
        await program_of(Empty).load()


# The end of a generator.


async def test_a_generator_that_returns_is_followed_by_a_new_one_on_the_same_state() -> None:
    class Short(ReactorPipeline):
        state: Level
        fps = 500

        def inference(self):
            for _ in range(2):
                self.state._turns += 1
                yield Picture(main_video=picture(self.state._turns % 60))

    async with serving(Short) as local:
        local.join()
        await local.shown(7)
        assert numbers_in(local.screen.ticks)[:7] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_the_generator_is_closed_at_the_end_while_the_state_is_there(
    asynchronous: bool,
) -> None:
    class Closing(ReactorPipeline):
        state: Level

        def load(self, config):
            self.order: list[str] = []
            self.inference = self.later if asynchronous else self.now

        def now(self):
            try:
                while True:
                    yield Picture(main_video=picture(1))
            finally:
                self.order.append(f"closed at level {self.state.level}")

        async def later(self):
            try:
                while True:
                    yield Picture(main_video=picture(1))
            finally:
                await asyncio.sleep(0)
                self.order.append(f"closed at level {self.state.level}")

        @disconnected
        def left(self):
            self.order.append("left")

        @session_ended
        def ended(self):
            self.order.append(f"ended at level {self.state.level}")

    async with serving(Closing) as local:
        anna = local.join()
        await local.shown(1)
        await anna.ask("set_level", level=8)
        await local.stopped()
        assert local.model.order == ["left", "closed at level 8", "ended at level 8"]
        assert local.model.state is None


# Waiting for input.


class Reading(ReactorPipeline):
    state: Level
    viewer: Seen
    catches = False
    reads = 0

    def load(self, config):
        self.order: list[str] = []

    @connected
    def came(self):
        webcam = self.viewer.webcam
        self.order.append(f"came {webcam.closed} {webcam.available} {webcam.total_received}")

    @disconnected
    def left(self):
        self.order.append("left")

    @event(name="ping")
    def ping(self): ...

    async def inference(self):
        self.order.append("made")
        while True:
            self.reads += 1
            try:
                [frame] = await self.viewer.webcam.read()
            except BufferClosed:
                self.order.append(f"woken {self.connected.is_set()}")
                if not self.catches:
                    raise
                yield Idle
            else:
                yield Picture(main_video=frame)


class ReadingOn(Reading):
    catches = True


async def test_a_read_of_a_client_who_left_wakes_before_the_hook_and_nothing_crashes() -> None:
    async with serving(Reading) as local:
        anna = local.join("anna")
        await local.eventually(lambda: "made" in local.model.order)
        anna.show("webcam", picture(9, 8, 8))
        assert number_of((await local.shown(1))[0]) == 9
        await local.eventually(lambda: local.model.reads == 2)
        anna.leave()
        await local.eventually(lambda: "left" in local.model.order)
        anna.show("webcam", picture(1, 8, 8))  # nobody is there: dropped
        bert = local.join("bert")
        bert_is_in = ["came False 0 0", "made", "woken False", "left", "came False 0 0", "made"]
        await local.eventually(lambda: local.model.order == bert_is_in)
        bert.show("webcam", picture(5, 8, 8))
        await local.shown(2)
        assert numbers_in(local.screen.ticks) == [9, 5]
        await local.stopped()
        webcam = local.model.viewer.webcam
        assert (webcam.closed, webcam.available, webcam.total_received) == (False, 0, 0)


async def test_a_generator_that_catches_the_closed_buffer_is_kept() -> None:
    async with serving(ReadingOn) as local:
        anna = local.join("anna")
        await local.eventually(lambda: local.model.reads == 1)
        anna.leave()
        await local.eventually(lambda: "left" in local.model.order)
        assert local.model.order == ["came False 0 0", "made", "woken False", "left"]
        bert = local.join("bert")
        await bert.ask("ping")
        bert.show("webcam", picture(5, 8, 8))
        await local.shown(1)
        assert local.model.order.count("made") == 1


async def test_a_session_that_ends_wakes_a_read_too() -> None:
    async with serving(Reading) as local:
        local.join()
        await local.eventually(lambda: local.model.reads == 1)
        await local.stopped()
        assert local.model.order[-2:] == ["woken False", "left"]
        assert not local.ended.done()


# Turns and handlers.


class Busy(ReactorPipeline):
    state: Level
    viewer: Seen

    def load(self, config):
        self.order: list[str] = []
        self.began = threading.Event()
        self.gate = threading.Event()

    def inference(self):
        self.order.append(f"turn at {self.state.level}")
        self.began.set()
        self.gate.wait(20)
        frames = self.viewer.webcam.try_read()
        self.order.append(f"saw {number_of(frames[0]) if frames else None} at {self.state.level}")
        yield Picture(main_video=picture(1))
        self.order.append(f"next turn at {self.state.level}")
        while True:
            yield Idle

    @event(name="mark")
    async def mark(self, mark: int):
        await asyncio.sleep(0)
        self.order.append(f"mark {mark}")


async def test_during_a_turn_frames_arrive_commands_queue_and_nobody_else_waits() -> None:
    async with serving(Busy) as local:
        anna = local.join()
        assert await asyncio.to_thread(local.model.began.wait, 10)
        set_level = anna.send("set_level", level=5)
        marks = [anna.send("mark", mark=number) for number in range(3)]
        anna.show("webcam", picture(4, 8, 8))
        # What needs no model is answered at once: a refusal, for one.
        assert (await anna.ask("set_level", level=99)).code == "invalid_command"
        assert local.transport.state is State.STREAMING
        assert not [m for m in anna.told if isinstance(m, Ack)]
        local.model.gate.set()
        for request in (set_level, *marks):
            assert isinstance(await anna.answer_to(request), Ack)
        await local.eventually(lambda: "next turn at 5" in local.model.order)
        assert local.model.order == [
            "turn at 1",
            "saw 4 at 1",
            "mark 0",
            "mark 1",
            "mark 2",
            "next turn at 5",
        ]


class Emitting(ReactorPipeline):
    fps = 500

    def inference(self):
        while True:
            yield Idle

    @event(name="show")
    async def show(self, number: int):
        await self.emit(Picture(main_video=pictures(range(number))))
        return Sent("shown")

    @event(name="flush")
    async def flush(self):
        self.output_buffer.flush()


async def test_a_handler_of_a_pipeline_may_emit_and_flush() -> None:
    async with serving(Emitting) as local:
        anna = local.join()
        assert (await anna.ask("show", number=12)).data == {"what": "shown"}
        await local.shown(12)
        assert numbers_in(local.screen.ticks) == list(range(12))
        await anna.ask("flush")
        await local.until(lambda: local.screen.blanks or None)


# The measured rate.


class Measured(ReactorPipeline):
    batch = 5

    def load(self, config):
        if "fps" in config:
            self.output.set_fps(config["fps"])

    async def inference(self):
        while True:
            await asyncio.sleep(0.02)
            yield Picture(main_video=pictures(range(self.batch)))


class Pinned(Measured):
    fps = 240


class HeirOfPinned(Pinned):
    pass


async def rates_of(model: type, config: dict[str, Any] | None = None) -> tuple[list[float], float]:
    """The rates set during some turns of a pipeline, and the one in force."""
    made = await staged(model, config)
    await made.begin("anna")

    async def settled() -> None:
        if len(made.clients.pushed) >= 5:
            raise StopAsyncIteration

    with pytest.raises(RuntimeError):
        await run_until_stopped(made.program, settled)
    return made.clients.rates, made.model.output.fps


async def run_until_stopped(program: Any, settled: Any) -> None:
    try:
        await program.run(settled)
    except StopAsyncIteration as error:
        raise RuntimeError("stopped") from error


async def test_a_pipeline_measures_its_turns() -> None:
    rates, fps = await rates_of(Measured)
    assert len(rates) == 5
    assert rates[-1] == fps
    # Five pictures in a turn of at least a 50th of a second; timers may be a little early.
    assert all(0 < rate <= 5 / 0.015 for rate in rates)


@pytest.mark.parametrize(
    ("model", "config", "fps"), [(Pinned, {}, 240), (HeirOfPinned, {}, 240), (Measured, {}, None)]
)
async def test_a_pinned_rate_is_not_measured(
    model: type, config: dict[str, Any], fps: float | None
) -> None:
    if fps is None:
        config, fps = {"fps": 48}, 48
    rates, current = await rates_of(model, config)
    assert current == fps
    assert set(rates) <= {fps}


async def test_waiting_in_emit_is_no_compute_time() -> None:
    class SelfEmitting(ReactorPipeline):
        async def inference(self):
            while True:
                await self.emit(Picture(main_video=picture(1)))
                yield Picture(main_video=picture(2))

    made = await staged(SelfEmitting)
    await made.begin("anna")
    made.clients.room = 0
    loop = asyncio.get_running_loop()
    began = loop.time()
    loop.call_later(0.25, made.clients.open, 10)
    turn = await made.program.advance()
    # However long it all took, a quarter of a second of it was spent in emit.
    assert 0 < turn.seconds <= loop.time() - began - 0.2


# What is kept of what was yielded.


class Frugal(ReactorPipeline):
    """Keeps nothing of its pictures, and looks whether anybody else does."""

    fps = 500
    dtype: type = np.uint8

    def load(self, config):
        self.yielded: list[weakref.ref[np.ndarray]] = []
        self.kept: list[int] = []

    def made(self) -> Picture:
        frame = np.zeros((16, 16, 3), self.dtype)
        self.yielded.append(weakref.ref(frame))
        return Picture(main_video=frame)

    def inference(self):
        while True:
            self.kept.append(sum(frame() is not None for frame in self.yielded))
            try:
                yield self.made()
            except TypeError:
                continue


@pytest.mark.usefixtures("uncollected")
async def test_a_turn_begins_with_nothing_kept_of_the_one_before() -> None:
    async with serving(Frugal) as local:
        local.join("anna")
        await local.shown(5)
        assert local.model.kept[:5] == [0] * 5


@pytest.mark.usefixtures("uncollected")
async def test_a_generator_that_is_refused_for_ever_keeps_no_more_than_its_last_words() -> None:
    class Stubborn(Frugal):
        dtype = np.float32

    made = await staged(Stubborn)
    await made.begin("anna")
    for _ in range(20):
        assert await made.program.advance() is None  # type: ignore[attr-defined]
    assert len(made.model.yielded) == 40
    assert max(made.model.kept) <= 2
