import asyncio
import threading
from typing import Any

import numpy as np
import pytest

from reactor_actors.interface import (
    ClientInfo,
    CommandError,
    Idle,
    Input,
    InputField,
    InputFrame,
    InputState,
    ModelMessage,
    Output,
    PipelineExecutor,
    ReactorModel,
    ReactorPipeline,
    UploadedFile,
    Video,
    connected,
    disconnected,
    event,
    session_ended,
    session_started,
)
from tests.pictures import number_of, picture, pictures


class Picture(Output):
    main_video: Video


class Seen(Input):
    webcam: Video


class Said(ModelMessage):
    what: Any = None


class Level(InputState):
    level: int = InputField(default=1, ge=0, le=9)
    name: str = InputField(default="-", min_length=1, max_length=4)
    tags: list[str] = InputField(default=("a",), max_length=2)
    mood: str = InputField(default="calm", choices=["calm", "wild"])
    reference: UploadedFile


class Full(ReactorPipeline):
    state: Level
    viewer: Seen

    def load(self, config):
        self.config = config
        self.order: list[str] = []
        self.thread = threading.get_ident()

    @session_started
    async def began(self):
        self.order.append(f"began {self.state.level} {self.connected.is_set()}")
        await self.send(Said("began"))

    @connected
    async def came(self, client):
        self.order.append(f"came {client.id} {self.connected.is_set()}")
        await client.send(Said("hello"))

    @disconnected
    def left(self, client):
        self.order.append(f"left {client.id} {self.connected.is_set()}")

    @session_ended
    async def ended(self):
        self.order.append(f"ended {self.state.level}")
        await self.send(Said(self.order))

    @event(name="talk", dedupe=True)
    async def talk(self, text: str, client: ClientInfo):
        await self.send(Said(f"all {text}"))
        await client.send(Said(f"you {text}"))
        return Said(client.id)

    @event(name="refuse")
    def refuse(self):
        raise CommandError("busy", "not now")

    @event(name="emit")
    async def show(self):
        await self.emit(Picture(main_video=picture(1)))
        self.output.flush()

    @event(name="rubbish")
    def rubbish(self):
        return 3

    def inference(self):
        try:
            for number in range(1, 3):
                frames = self.viewer.webcam.try_read()
                seen = number_of(frames[0]) if frames else number
                yield Picture(main_video=pictures([seen] * self.state.level))
            yield Idle
        finally:
            self.order.append(f"closed {self.state.level}")


def data_of(messages: list[ModelMessage]) -> list[Any]:
    return [message.what for message in messages if isinstance(message, Said)]


def test_a_cycle_of_connect_turns_and_disconnect() -> None:
    executor = PipelineExecutor(Full, {"width": 8})
    assert executor.state is None
    assert data_of(executor.connect()) == ["began", "hello"]
    assert executor.state.level == 1
    step = next(executor)
    assert step.output.main_video.shape == (1, 4, 6, 3)
    assert step.compute_time >= 0
    assert step.messages == []
    assert executor.send_event("set_level", level=3) == []
    assert next(executor).output.main_video.shape == (3, 4, 6, 3)
    assert next(executor).output is Idle
    (order,) = data_of(executor.disconnect())
    assert order == [
        "began 1 False",
        "came executor True",
        "left executor False",
        "closed 3",
        "ended 3",
    ]
    assert executor.state is None
    executor.connect()
    assert executor.state.level == 1
    executor.close()
    executor.close()


def test_calls_out_of_order_are_refused() -> None:
    with PipelineExecutor(Full) as executor:
        with pytest.raises(StopIteration):
            next(executor)
        assert list(executor) == []
        with pytest.raises(RuntimeError, match="connect"):
            executor.disconnect()
        with pytest.raises(RuntimeError, match="connect"):
            executor.send_event("talk", text="x")
        executor.connect()
        with pytest.raises(RuntimeError, match="already"):
            executor.connect()
        executor.disconnect()
        with pytest.raises(StopIteration):
            next(executor)


def test_load_gets_the_config_or_an_empty_dict() -> None:
    seen: list[Any] = []

    class Loading(ReactorPipeline):
        def load(self, config):
            seen.append((config, threading.get_ident()))

        def inference(self):
            yield Idle

    PipelineExecutor(Loading).close()
    PipelineExecutor(Loading, {"a": {"b": 1}}).close()
    assert seen == [({}, threading.get_ident()), ({"a": {"b": 1}}, threading.get_ident())]


def test_a_generator_that_returns_idles_once_and_begins_anew() -> None:
    class Short(ReactorPipeline):
        async def inference(self):
            await asyncio.sleep(0)
            yield Picture(main_video=picture(1))

    with PipelineExecutor(Short) as executor:
        executor.connect()
        outputs = [next(executor).output for _ in range(5)]
    assert [output is Idle for output in outputs] == [False, True, False, True, False]


def test_it_is_an_iterator_that_never_ends_by_itself() -> None:
    with PipelineExecutor(Full) as executor:
        executor.connect()
        steps = [step for step, _ in zip(executor, range(9), strict=False)]
    assert len(steps) == 9


def test_a_handler_runs_at_once_and_its_reply_comes_last() -> None:
    with PipelineExecutor(Full) as executor:
        executor.connect()
        assert data_of(executor.send_event("talk", text="hi")) == ["all hi", "you hi", "executor"]
        assert executor.send_event("rubbish") == []
        assert executor.send_event("emit") == []


def test_an_argument_may_be_called_name() -> None:
    with PipelineExecutor(Full) as executor:
        executor.connect()
        executor.send_event("set_name", name="anna")
        assert executor.state.name == "anna"
        executor.send_event("set_name")
        assert executor.state.name == "-"


@pytest.mark.parametrize(
    ("name", "args", "kind", "said"),
    [
        ("nowhere", {}, ValueError, "nowhere"),
        ("set_order", {}, ValueError, "set_order"),
        ("set_level", {"level": 10}, ValueError, "level"),
        ("set_level", {"level": -1}, ValueError, "level"),
        ("set_name", {"name": ""}, ValueError, "name"),
        ("set_name", {"name": "abcde"}, ValueError, "name"),
        ("set_tags", {"tags": ["a", "b", "c"]}, ValueError, "tags"),
        ("set_mood", {"mood": "furious"}, ValueError, "mood"),
        ("set_level", {"level": "three"}, TypeError, "level"),
        ("set_level", {"level": True}, TypeError, "level"),
        ("set_level", {"lvl": 1}, TypeError, "lvl"),
        ("set_tags", {"tags": [1]}, TypeError, "tags"),
        ("talk", {}, TypeError, "text: is required"),
        ("talk", {"text": "x", "client": "me"}, TypeError, "client"),
        ("talk", {"text": object()}, TypeError, "text"),
    ],
)
def test_what_a_client_could_not_send_is_refused(
    name: str, args: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with PipelineExecutor(Full) as executor:
        executor.connect()
        before = vars(executor.state).copy()
        with pytest.raises(kind, match=said) as caught:
            executor.send_event(name, **args)
        assert type(caught.value) is kind
        assert vars(executor.state) == before


def test_a_file_is_passed_as_it_is() -> None:
    with PipelineExecutor(Full) as executor:
        executor.connect()
        file = UploadedFile("a.txt", "text/plain", 3, b"abc")
        executor.send_event("set_reference", reference=file)
        assert executor.state.reference == file


def test_media_is_pushed_into_a_buffer() -> None:
    with PipelineExecutor(Full) as executor:
        executor.connect()
        executor.push_media("webcam", InputFrame(picture(7), pts=1.5))
        assert number_of(next(executor).output.main_video[0]) == 7
        executor.push_media("webcam", picture(8))
        assert number_of(next(executor).output.main_video[0]) == 8
        for odd in ([[1]], "picture", None):
            with pytest.raises(TypeError, match="ndarray or InputFrame; got"):
                executor.push_media("webcam", odd)
        for track in ("main_video", "viewer", ""):
            with pytest.raises(ValueError, match=r"unknown input track.*known are: 'webcam'"):
                executor.push_media(track, picture(1))


def test_what_is_pushed_belongs_to_the_pipeline() -> None:
    class Keeping(ReactorPipeline):
        viewer: Seen

        async def inference(self):
            while True:
                [self.frame] = await self.viewer.webcam.read()
                self.frame[:] = 0
                yield self.frame

    with PipelineExecutor(Keeping) as executor:
        executor.connect()
        mine = picture(7)
        executor.push_media("webcam", InputFrame(mine, 1.5))
        frame = next(executor).output.main_video
        assert (number_of(mine), frame.pts) == (7, 1.5)


class Failing(ReactorPipeline):
    state: Level
    at = ""

    def load(self, config):
        self.at = config.get("at", "")
        self.fail("load")

    def fail(self, where: str) -> None:
        if where == self.at:
            raise ZeroDivisionError(where)

    @session_started
    def began(self):
        self.fail("began")

    @connected
    async def came(self):
        self.fail("came")

    @event(name="go")
    async def go(self):
        self.fail("handler")

    @disconnected
    def left(self):
        self.fail("left")

    def inference(self):
        try:
            yield Idle
            self.fail("turn")
            yield Idle
        finally:
            self.fail("closing")


@pytest.mark.parametrize("at", ["load", "began", "came", "handler", "turn", "left", "closing"])
def test_what_the_author_raises_reaches_the_caller(at: str) -> None:
    with pytest.raises(ZeroDivisionError, match=at):  # noqa: PT012, SIM117 - wherever in the cycle
        with PipelineExecutor(Failing, {"at": at}) as executor:
            executor.connect()
            executor.send_event("go")
            next(executor)
            next(executor)
            executor.disconnect()


def test_one_that_is_never_closed_leaves_nothing_open() -> None:
    executor = PipelineExecutor(Full)
    executor.connect()
    next(executor)
    del executor  # warnings are errors here: an open loop would be one


def test_a_refusal_reaches_the_caller() -> None:
    with PipelineExecutor(Full) as executor:
        executor.connect()
        with pytest.raises(CommandError, match="not now") as caught:
            executor.send_event("refuse")
        assert caught.value.code == "busy"


def test_only_pipelines_are_run() -> None:
    for odd in (ReactorModel, Full(), "Full", int):
        with pytest.raises(TypeError, match="PipelineExecutor runs a ReactorPipeline subclass"):
            PipelineExecutor(odd)


async def test_inside_a_running_loop_it_says_so() -> None:
    with pytest.raises(RuntimeError, match="loop"):
        PipelineExecutor(Full)


def test_a_picture_may_be_inspected_without_a_session() -> None:
    with PipelineExecutor(Full) as executor:
        executor.connect()
        output = next(executor).output
    assert isinstance(output, Picture)
    assert np.array_equal(output.main_video, pictures([1]))
