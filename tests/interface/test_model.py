import asyncio
import functools
import traceback

import pytest

from reactor_actors.core.errors import ModelError
from reactor_actors.engine.host import ModelHost
from reactor_actors.interface import (
    Audio,
    Input,
    InputBuffer,
    ModelMessage,
    Output,
    OutputBuffer,
    ReactorModel,
    ReactorPipeline,
    Video,
    connected,
)
from reactor_actors.interface.compile import program_of
from tests.interface.conftest import WriteModule
from tests.local import staged
from tests.pictures import picture


class Picture(Output):
    main_video: Video


class Progress(ModelMessage):
    step: int = 0


class Seen(Input):
    webcam: Video
    microphone: Audio


class Sketch(Input):
    drawing: Video
    webcam: Video


def check_handles(model: ReactorModel) -> None:
    assert isinstance(model.connected, asyncio.Event)
    assert not model.connected.is_set()
    assert isinstance(model.output_buffer, OutputBuffer)
    assert model.output is model.output_buffer
    for buffer in (model.viewer.webcam, model.viewer.microphone, model.sketch.drawing):
        assert isinstance(buffer, InputBuffer)
        assert (buffer.closed, buffer.available) == (False, 0)


class Handles(ReactorModel):
    viewer: Seen
    sketch: Sketch
    output: Picture

    def __init__(self) -> None:
        check_handles(self)

    def load(self, config):
        check_handles(self)
        self.loaded = True


async def test_handles_exist_in_the_constructor_and_in_load() -> None:
    assert (await staged(Handles)).model.loaded


def test_inputs_that_name_one_track_share_its_buffer() -> None:
    model = Handles()
    assert model.viewer.webcam is model.sketch.webcam
    assert model.viewer.webcam is not model.sketch.drawing
    assert Handles().viewer.webcam is not model.viewer.webcam


def test_a_constructor_that_forgets_its_parent_harms_nobody() -> None:
    class Mixin:
        def __init__(self) -> None:
            self.mixed = True

    class Forgetful(Mixin, ReactorModel):
        __slots__ = ("pipe",)

        def __init__(self) -> None:
            self.pipe = 1

    model = program_of(Forgetful).model
    assert isinstance(model.output, OutputBuffer)
    assert model.pipe == 1


def test_a_hook_may_have_the_name_of_the_flag() -> None:
    class Namesake(ReactorModel):
        @connected
        def connected(self): ...

    assert isinstance(Namesake().connected, asyncio.Event)


async def test_a_model_that_nobody_serves_says_so_at_emit() -> None:
    class Mine(ReactorModel):
        pass

    with pytest.raises(RuntimeError, match=r"a model that is being served.*PipelineExecutor"):
        await Mine().emit(Picture(main_video=picture(1)))


async def test_emit_from_another_loop_says_where_it_belongs() -> None:
    class Mine(ReactorModel):
        pass

    made = await staged(Mine)
    emit = functools.partial(made.model.emit, Picture(main_video=picture(1)))
    with pytest.raises(RuntimeError, match="run_coroutine_threadsafe"):
        await asyncio.to_thread(lambda: asyncio.run(emit()))
    assert made.clients.pushed == []


async def test_send_takes_messages_of_this_model_only() -> None:
    class Foreign(ModelMessage):
        text: str = ""

    class Mine(ReactorModel):
        pass

    made = await staged(Mine)
    await made.model.send(Progress(3))
    assert [(said.type, said.data, said.client) for said in made.said] == [
        ("progress", {"step": 3}, None)
    ]
    for odd in ({"type": "progress"}, "text", None, Picture(main_video=None), Progress):
        with pytest.raises(TypeError, match="only a ModelMessage can be sent; got"):
            await made.model.send(odd)
    with pytest.raises(TypeError, match=r"Foreign does not belong.*`messages = \(Foreign,\)`"):
        await made.model.send(Foreign())
    assert len(made.said) == 1


async def test_a_message_that_cannot_be_sent_is_raised_where_it_was_sent() -> None:
    class Mine(ReactorModel):
        async def report(self):
            await self.send(Progress(step=b"one"))

    made = await staged(Mine)
    with pytest.raises(TypeError, match=r"Progress\.step is a bytes") as caught:
        await made.model.report()
    own = [f for f in traceback.extract_tb(caught.value.__traceback__) if f.filename == __file__]
    assert own[-1].line == 'await self.send(Progress(step=b"one"))'


async def test_messages_of_a_model_without_a_clients_side_are_gone() -> None:
    class Mine(ReactorModel):
        pass

    await Mine().send(Progress(1))


# The rate, the bound and the latency.


async def test_the_defaults_are_30_pictures_a_second_and_4_that_wait() -> None:
    contract = await program_of(ReactorModel).load()
    assert (contract.fps, contract.pinned, contract.buffer_size) == (30.0, False, 4)
    assert not contract.fixed_latency


class Slow(ReactorModel):
    fps = 12


class SetInLoad(ReactorModel):
    def load(self, config):
        self.output_buffer.set_fps(50)


class AssignedInLoad(ReactorModel):
    def load(self, config):
        self.fps = 50
        self.buffer_size = 8
        self.latency = "fixed"


class Assigned(ReactorModel):
    def load(self, config):
        self.output.fps = 50.0


@pytest.mark.parametrize(
    ("cls", "fps"),
    [
        (Slow, 12.0),
        (type("Heir", (Slow,), {}), 12.0),
        (type("Heir", (type("Base", (ReactorPipeline,), {"fps": 7}),), {"inference": Slow}), 7.0),
        (SetInLoad, 50.0),
        (AssignedInLoad, 50.0),
        (Assigned, 50.0),
    ],
)
async def test_a_rate_of_the_authors_is_the_first_one_and_pinned(cls: type, fps: float) -> None:
    contract = await program_of(cls).load()
    assert (contract.fps, contract.pinned) == (fps, True)


async def test_a_bound_set_in_load_counts() -> None:
    contract = await program_of(AssignedInLoad).load()
    assert (contract.buffer_size, contract.fixed_latency) == (8, True)


@pytest.mark.parametrize("size", [0, -1, 2.5, True, "4"])
async def test_a_bound_that_is_none_is_refused_at_load(size: object) -> None:
    cls = type("Mine", (ReactorModel,), {"buffer_size": size})
    with pytest.raises(ValueError, match=r"Mine\.buffer_size must be a whole number above 0; got"):
        await program_of(cls).load()


async def test_a_bound_that_load_makes_none_is_refused_after_it() -> None:
    class Wrong(ReactorModel):
        def load(self, config):
            self.buffer_size = 0

    with pytest.raises(
        ValueError, match=r"Wrong\.buffer_size must be a whole number above 0; got 0"
    ):
        await program_of(Wrong).load()


async def test_a_class_that_declares_what_cannot_be_is_not_constructed() -> None:
    class Wrong(ReactorModel):
        buffer_size = 0

        def __init__(self):
            raise RuntimeError("constructed")

    with pytest.raises(ValueError, match="buffer_size"):
        program_of(Wrong)


async def test_a_latency_that_is_unknown_is_refused_at_load() -> None:
    cls = type("Mine", (ReactorModel,), {"latency": "low"})
    with pytest.raises(ValueError, match=r'Mine\.latency is "adaptive" or "fixed"; got \'low\''):
        await program_of(cls).load()


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), "30", None])
async def test_a_rate_that_is_none_is_refused_at_load(fps: object) -> None:
    cls = type("Mine", (ReactorModel,), {"fps": fps})
    with pytest.raises(ValueError, match="fps"):
        await program_of(cls).load()


# Loading that fails.


async def failure_of(cls: type) -> ModelError:
    host = ModelHost(lambda: program_of(cls))
    try:
        with pytest.raises(ModelError) as caught:
            await asyncio.wait_for(asyncio.wrap_future(host.load()), 10)
        return caught.value
    finally:
        assert await asyncio.to_thread(host.close)


FAILING = """
    import sys
    from reactor_actors.interface import *

    def open_checkpoint(path):
        raise FileNotFoundError(path)

    class Loading(ReactorModel):
        def load(self, config):
            try:
                open_checkpoint("weights.bin")
            except FileNotFoundError as error:
                raise RuntimeError("no weights") from error

    class Awaiting(ReactorModel):
        async def load(self, config):
            open_checkpoint("weights.bin")

    class Making(ReactorModel):
        def __init__(self):
            open_checkpoint("weights.bin")

    class Exiting(ReactorModel):
        def load(self, config):
            sys.exit("no accelerator")

    class Wanting(ReactorModel):
        def __init__(self, config):
            pass
"""


@pytest.mark.parametrize(
    ("cls", "text", "line"),
    [
        ("Loading", "RuntimeError: no weights", 'raise RuntimeError("no weights")'),
        ("Awaiting", "FileNotFoundError: weights.bin", "raise FileNotFoundError(path)"),
        ("Making", "FileNotFoundError: weights.bin", 'open_checkpoint("weights.bin")'),
        ("Exiting", "SystemExit: no accelerator", 'sys.exit("no accelerator")'),
    ],
)
async def test_a_failed_load_tells_the_authors_lines_and_none_of_ours(
    write_module: WriteModule, cls: str, text: str, line: str
) -> None:
    module = write_module("failing", FAILING)
    error = await failure_of(getattr(module, cls))
    assert str(error) == f"the model failed to load: {text}"
    assert line in error.detail
    assert "failing.py" in error.detail
    assert "reactor_actors" not in error.detail.replace("reactor_actors.interface import", "")
    assert "asyncio" not in error.detail


async def test_a_constructor_that_wants_arguments_is_a_failed_load(
    write_module: WriteModule,
) -> None:
    error = await failure_of(write_module("failing", FAILING).Wanting)
    assert "missing 1 required positional argument: 'config'" in str(error)


@pytest.mark.parametrize("name", ["connected", "output", "output_buffer"])
def test_a_handle_of_the_runtime_cannot_be_replaced(name: str) -> None:
    class Careless(ReactorModel):
        pass

    with pytest.raises(AttributeError, match=f"self.{name} belongs to the runtime"):
        setattr(Careless(), name, False)
