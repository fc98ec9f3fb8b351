import asyncio
import logging
import threading
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import numpy as np
import pytest

from reactor_actors.core import messages as link
from reactor_actors.core.ports import Feed
from reactor_actors.core.wire.inbound import FileUploaded
from reactor_actors.core.wire.outbound import Ack, Failure, Reply
from reactor_actors.core.wire.uploads import UploadRef
from reactor_actors.interface import (
    ClientInfo,
    CommandError,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorModel,
    ReactorPipeline,
    UploadedFile,
    Video,
    connected,
    disconnected,
    event,
    file_uploaded,
    session_ended,
    session_started,
)
from tests.local import Local, LocalClient, serving, staged
from tests.pictures import picture


class Picture(Output):
    main_video: Video


class Seen(Input):
    webcam: Video


class Note(ModelMessage):
    text: Any = None


class Journal(ReactorModel):
    """Writes down what happens to it."""

    viewer: Seen

    def __init__(self) -> None:
        self.pages: list[str] = []
        self.clients: list[ClientInfo] = []

    @session_started
    async def began(self):
        self.pages.append(f"began {self.connected.is_set()}")

    @connected
    def came(self, client):
        self.clients.append(client)
        self.pages.append(f"came {client.id} {self.connected.is_set()}")

    @disconnected
    async def left(self, client):
        self.pages.append(f"left {client.id} {self.connected.is_set()}")

    @session_ended
    def ended(self):
        self.pages.append(f"ended {self.connected.is_set()}")


# Hooks and the flag.


async def test_hooks_tell_a_session_and_the_flag_is_set_while_somebody_is_there() -> None:
    async with serving(Journal) as local:
        anna, bert = local.join("anna"), local.join("bert")
        anna.leave()
        bert.leave()
        local.join("carl")
        await local.stopped()
        assert local.model.pages == [
            "began False",
            "came anna True",
            "came bert True",
            "left anna True",
            "left bert False",
            "came carl True",
            "left carl False",
            "ended False",
        ]


async def test_everybody_present_at_the_end_leaves_and_sessions_share_the_instance() -> None:
    async with serving(Journal) as local:
        model = local.model
        for session in ("one", "two"):
            local.transport.start(session)
            for name in ("anna", "bert", "carl"):
                local.join(name)
            await local.stopped()
        assert local.model is model
    came = [page for page in model.pages if page.startswith("came")]
    left = [page for page in model.pages if page.startswith("left")]
    assert (len(came), len(left)) == (6, 6)
    for session in (model.pages[:8], model.pages[8:]):
        assert (session[0], session[-1]) == ("began False", "ended False")
        assert {page.split()[1] for page in session[4:7]} == {"anna", "bert", "carl"}


class Failing(ReactorModel):
    @session_started
    def began(self):
        raise RuntimeError("began badly")

    @connected
    async def came(self):
        raise asyncio.CancelledError("came badly")

    @disconnected
    def left(self):
        raise RuntimeError("left badly")

    @session_ended
    def ended(self):
        raise RuntimeError("ended badly")

    @event(name="ping")
    def ping(self): ...


async def test_a_hook_that_raises_is_logged_and_the_session_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(Failing) as local:
        anna = local.join()
        assert isinstance(await anna.ask("ping"), Ack)
        await local.stopped()
        assert not local.ended.done()
    for word in ("began", "came", "left", "ended"):
        (record,) = [r for r in caplog.records if f"{word} badly" in str(r.exc_info)]
        assert record.levelno == logging.ERROR


# One thread, one instance.


class Threads(ReactorPipeline):
    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.seen = {"init": threading.get_ident()}

    def load(self, config):
        self.seen["load"] = threading.get_ident()

    @session_started
    def began(self):
        self.seen["session_started"] = threading.get_ident()

    @connected
    async def came(self):
        self.seen["connected"] = threading.get_ident()

    @disconnected
    def left(self):
        self.seen["disconnected"] = threading.get_ident()

    @session_ended
    def ended(self):
        self.seen["session_ended"] = threading.get_ident()

    @event(name="ping")
    def ping(self):
        self.seen["handler"] = threading.get_ident()

    def inference(self):
        while True:
            self.seen["turn"] = threading.get_ident()
            yield Picture(main_video=picture(1))


class RunThread(ReactorModel):
    def load(self, config):
        self.seen = {"load": threading.get_ident()}

    async def run(self):
        self.seen["run"] = threading.get_ident()


async def test_all_author_code_sees_one_thread_that_is_not_the_clients() -> None:
    async with serving(Threads) as local:
        anna = local.join()
        await anna.ask("ping")
        await local.shown(1)
        await local.stopped()
        assert len(local.model.seen) == 8
        assert len(set(local.model.seen.values())) == 1
        assert threading.get_ident() not in local.model.seen.values()
        assert Threads.made == 1
    async with serving(RunThread) as local:
        await local.eventually(lambda: "run" in local.model.seen)
        assert len(set(local.model.seen.values())) == 1


# `run()`.


async def test_the_default_run_waits_for_ever_and_handlers_do_all_the_work() -> None:
    async with serving(Answers) as local:
        anna = local.join()
        assert isinstance(await anna.ask("nothing"), Ack)
        assert not local.ended.done()


class Returning(ReactorModel):
    runs = 0

    async def run(self):
        self.runs += 1

    @event(name="ping")
    def ping(self): ...


async def test_a_run_that_returns_is_one_warning_and_handlers_are_still_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(Returning) as local:
        anna = local.join()
        for _ in range(3):
            await anna.ask("ping")
        await local.stopped()
        local.transport.start("again")
        await local.join("bert").ask("ping")
        assert (local.model.runs, local.ended.done()) == (1, False)
    assert len([r for r in caplog.records if "run() has returned" in r.getMessage()]) == 1


class Raising(ReactorModel):
    viewer: Seen

    async def run(self):
        await self.connected.wait()
        self.viewer.webcam.close()
        await self.viewer.webcam.read()


async def test_a_run_that_raises_ends_the_model_buffer_closed_included() -> None:
    async with serving(Raising) as local:
        local.join()
        error = await local.crashed()
    assert "BufferClosed" in str(error)
    assert "await self.viewer.webcam.read()" in error.detail
    assert "buffer.py" not in error.detail


class Exiting(ReactorModel):
    @event(name="exit")
    def exit(self):
        raise SystemExit(3)


async def test_a_handler_that_exits_ends_the_model_and_somebody_is_told() -> None:
    async with serving(Exiting) as local:
        local.join().send("exit")
        error = await local.crashed()
    assert "sys.exit(3) was called" in str(error)


class Beside(ReactorModel):
    fps = 500
    level = 0

    async def run(self):
        while True:
            before = self.level
            await asyncio.sleep(0)
            self.changed = before != self.level
            if self.changed:
                await self.send(Note(f"changed to {self.level}"))

    @event(name="level")
    def set_level(self, level: int):
        self.level = level


async def test_handlers_run_at_the_awaits_of_run() -> None:
    async with serving(Beside) as local:
        anna = local.join()
        anna.send("level", level=7)
        assert await anna.heard("note") == {"text": "changed to 7"}


class Stubborn(ReactorModel):
    async def run(self):
        try:
            await asyncio.Event().wait()
        finally:
            self.cleaned = True


async def test_run_is_cancelled_at_shutdown_and_may_clean_up() -> None:
    async with serving(Stubborn) as local:
        model = local.model
        local.host.stop()
        await asyncio.wait_for(asyncio.wrap_future(local.ended), 10)
    assert model.cleaned


# Input buffers of a model that owns its loop.


async def test_a_plain_model_keeps_its_buffers_to_itself() -> None:
    async with serving(Journal) as local:
        anna = local.join()
        anna.show("webcam", picture(1))
        webcam = local.model.viewer.webcam
        await local.eventually(lambda: webcam.available == 1)
        anna.leave()
        local.join("bert")
        await local.stopped()
        assert (webcam.available, webcam.closed, webcam.total_received) == (1, False, 1)


async def test_a_frame_for_no_declared_input_is_dropped_with_a_debug_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = await staged(Journal)
    with caplog.at_level(logging.DEBUG, "reactor_actors.model"):
        made.program.feed(Feed("nowhere", np.zeros((6, 6), np.uint8)))
        made.program.feed(Feed("main_video", np.zeros((6, 6), np.uint8)))
    assert [r.levelno for r in caplog.records] == [logging.DEBUG] * 2
    assert "'nowhere'" in caplog.text
    assert made.model.viewer.webcam.total_received == 0


# Answers.


class Answers(ReactorModel):
    def load(self, config):
        self.calls: list[Any] = []

    @event(name="nothing")
    def nothing(self): ...

    @event(name="note")
    async def note(self, text: str = "x"):
        await asyncio.sleep(0)
        return Note(text)

    @event(name="rubbish")
    def rubbish(self):
        return {"not": "a message"}

    @event(name="refuse")
    def refuse(self, code: Any = "busy"):
        raise CommandError(code, "not now")

    @event(name="crash")
    async def crash(self):
        raise ZeroDivisionError("secret details")

    @event(name="await_cancelled")
    async def await_cancelled(self):
        work = asyncio.create_task(asyncio.sleep(60))
        work.cancel()
        await work

    @event(name="foreign")
    def foreign(self):
        class Foreign(ModelMessage):
            pass

        return Foreign()

    @event(name="unsendable")
    def unsendable(self):
        return Note(b"bytes")

    @event(name="bounded")
    def bounded(self, level: int = InputField(default=1, ge=0, le=3)):
        self.calls.append(level)

    @event(name="needed")
    def needed(self, level: int, tags: list[str] = ("a",)):
        self.calls.append((level, tags))

    @event(name="who")
    async def who(self, client, text: str = ""):
        await client.send(Note(f"only {client.id}"))
        await self.send(Note("all"))

    @event(name="later")
    def later(self, client: ClientInfo):
        self.client = client


async def test_a_reply_reaches_the_caller_alone_and_nothing_is_an_acknowledgement() -> None:
    async with serving(Answers) as local:
        anna, bert = local.join("anna"), local.join("bert")
        assert await anna.ask("nothing") == Ack("anna-1")
        assert await anna.ask("note", text="hi") == Reply("anna-2", "note", "note", {"text": "hi"})
        await bert.ask("nothing")
        assert bert.messages == []


async def test_rubbish_is_nothing_with_one_warning_for_each_handler(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(Answers) as local:
        anna = local.join()
        for _ in range(3):
            assert isinstance(await anna.ask("rubbish"), Ack)
    warnings = [r for r in caplog.records if "returned a dict" in r.getMessage()]
    assert len(warnings) == 1
    assert "'rubbish'" in warnings[0].getMessage()


async def test_a_refusal_brings_its_code_and_text() -> None:
    async with serving(Answers) as local:
        anna = local.join()
        assert await anna.ask("refuse") == Failure("anna-1", "refuse", "busy", "not now")


class Code(Enum):
    BUSY = "busy"


@pytest.mark.parametrize(
    ("code", "told"),
    [("", ""), (404, "404"), (None, "None"), (Code.BUSY, "busy"), (1.5, "1.5")],
)
async def test_an_odd_code_is_sent_as_text_and_refuses_all_the_same(code: Any, told: str) -> None:
    class Odd(ReactorModel):
        @event(name="refuse")
        def refuse(self):
            raise CommandError(code, ValueError("not now"))

    answer = await (await staged(Odd)).ask("refuse")
    assert (answer.code, answer.message) == (told, "not now")


@pytest.mark.parametrize("command", ["crash", "await_cancelled", "foreign", "unsendable"])
async def test_a_handler_that_fails_harms_nobody_else(
    command: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Answers) as local:
        anna, bert = local.join("anna"), local.join("bert")
        answer = await anna.ask(command)
        assert isinstance(answer, Failure)
        assert answer.code == "internal_error"
        assert "secret" not in answer.message
        assert isinstance(await bert.ask("nothing"), Ack)
        assert isinstance(await anna.ask("nothing"), Ack)
        assert bert.messages == []
        assert not local.ended.done()
    (record,) = [r for r in caplog.records if r.exc_info and command in r.getMessage()]
    assert record.levelno == logging.ERROR


@pytest.mark.parametrize(
    ("command", "args", "said"),
    [
        ("nowhere", {}, "nowhere"),
        ("bounded", {"level": 4}, "level: expected at most 3; got 4"),
        ("bounded", {"level": -1}, "level: expected at least 0; got -1"),
        ("bounded", {"level": "2"}, "level"),
        ("bounded", {"level": True}, "level"),
        ("bounded", {"level": 2.5}, "level"),
        ("bounded", {"lvl": 2}, "unknown argument 'lvl'"),
        ("needed", {}, "level: is required"),
        ("needed", {"level": 1, "tags": ["a", 2]}, r"tags[1]"),
        ("who", {"client": "bert"}, "unknown argument 'client'"),
    ],
)
async def test_a_payload_that_is_refused_never_reaches_the_model(
    command: str, args: dict[str, Any], said: str
) -> None:
    async with serving(Answers) as local:
        anna = local.join()
        answer = await anna.ask(command, **args)
        assert isinstance(answer, Failure)
        assert answer.code == "invalid_command"
        assert said in answer.message
        await anna.ask("nothing")
        assert local.model.calls == []


async def test_a_missing_argument_takes_its_default_made_anew() -> None:
    async with serving(Answers) as local:
        anna = local.join()
        await anna.ask("bounded")
        await anna.ask("needed", level=3.0)
        await anna.ask("needed", level=2, tags=[])
        assert local.model.calls == [1, (3, ["a"]), (2, [])]
        assert type(local.model.calls[1][0]) is int


async def test_a_client_is_told_alone_and_one_that_has_gone_makes_it_nothing() -> None:
    async with serving(Answers) as local:
        anna, bert = local.join("anna"), local.join("bert")
        await anna.ask("who")
        await bert.ask("later")
        assert anna.messages == [("note", {"text": "only anna"}), ("note", {"text": "all"})]
        assert bert.messages == [("note", {"text": "all"})]
        gone = local.model.client
        assert gone.id == "bert"
        assert 1e9 < gone.joined_at < 1e11
        bert.leave()
        await gone.send(Note("too late"))
        await anna.ask("nothing")
        assert len(bert.messages) == len(anna.messages) - 1 == 1
        schema = next(c.schema for c in local.contract.commands if c.name == "who")
        assert list(schema["properties"]) == ["text"]


# The types of arguments.


class Mood(Enum):
    CALM = "calm"
    WILD = 2


@dataclass
class Point:
    x: int
    y: float = 0.5


class Typed(ReactorModel):
    def load(self, config):
        self.got: Any = "never called"

    @event(name="int")
    def int(self, value: int):
        self.got = value

    @event(name="float")
    def float(self, value: float):
        self.got = value

    @event(name="str")
    def str(self, value: str):
        self.got = value

    @event(name="bool")
    def bool(self, value: bool):
        self.got = value

    @event(name="literal")
    def literal(self, value: Literal["a", 1]):
        self.got = value

    @event(name="enum")
    def enum(self, value: Mood):
        self.got = value

    @event(name="maybe")
    def maybe(self, value: "int | None" = 4):
        self.got = value

    @event(name="list")
    def list(self, value: "list[float]"):
        self.got = value

    @event(name="dict")
    def dict(self, value: "dict[str, Point]"):
        self.got = value

    @event(name="point")
    def point(self, value: Point):
        self.got = value

    @event(name="any")
    def any(self, value):
        self.got = value


@pytest.mark.parametrize(
    ("command", "sent", "arrives"),
    [
        ("int", 3, 3),
        ("int", 3.0, 3),
        ("float", 3, 3.0),
        ("float", 0.25, 0.25),
        ("str", "ä", "ä"),
        ("bool", False, False),
        ("literal", "a", "a"),
        ("literal", 1, 1),
        ("enum", "calm", Mood.CALM),
        ("enum", 2, Mood.WILD),
        ("maybe", None, None),
        ("maybe", 3.0, 3),
        ("list", [1, 2.5], [1.0, 2.5]),
        ("dict", {"p": {"x": 1}}, {"p": Point(1)}),
        ("point", {"x": 2, "y": 1}, Point(2, 1.0)),
        ("any", {"a": [1, None]}, {"a": [1, None]}),
        ("any", None, None),
    ],
)
async def test_an_accepted_value_arrives_as_what_was_annotated(
    command: str, sent: Any, arrives: Any
) -> None:
    async with serving(Typed) as local:
        assert isinstance(await local.join().ask(command, value=sent), Ack)
        assert local.model.got == arrives
        assert type(local.model.got) is type(arrives)


REFUSED = [
    *[("int", value) for value in (3.5, True, "3", None)],
    *[("float", value) for value in (True, "0.5", None, float("nan"), float("inf"))],
    *[("str", value) for value in (3, None, ["a"])],
    *[("bool", value) for value in (0, 1, "true", None)],
    *[("literal", value) for value in ("b", 2, None)],
    *[("enum", value) for value in ("CALM", "WILD", 3, None)],
    *[("maybe", value) for value in ("x", 3.5, True)],
    *[("list", value) for value in ([True], "ab", {"0": 1}, None, [None])],
    *[("dict", value) for value in ([], {"p": 1}, {"p": {"y": 1}}, None)],
    *[("point", value) for value in ({"y": 1}, {"x": 1, "z": 2}, {"x": "1"}, [1, 2])],
]


async def test_a_value_of_another_type_is_refused() -> None:
    async with serving(Typed) as local:
        anna = local.join()
        for command, value in REFUSED:
            answer = await anna.ask(command, value=value)
            assert isinstance(answer, Failure), (command, value)
            assert answer.code == "invalid_command"
        assert local.model.got == "never called"


# Order.


class Slowly(ReactorModel):
    def load(self, config):
        self.order: list[str] = []
        self.gate = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    @connected
    def came(self, client):
        self.order.append(f"came {client.id}")

    @disconnected
    def left(self, client):
        self.order.append(f"left {client.id}")

    @event(name="wait")
    async def wait(self, client):
        self.order.append(f"wait {client.id}")
        await self.gate.wait()
        self.order.append(f"waited {client.id}")

    @event(name="mark")
    def mark(self, client, mark: str):
        self.order.append(f"{mark} {client.id}")

    @event(name="latest", dedupe=True)
    def latest(self, client, value: int):
        self.order.append(f"latest {client.id} {value}")

    @file_uploaded
    def got(self, uploaded_file, client):
        self.order.append(f"file {uploaded_file.name} {client.id}")


class SlowlyByTurns(Slowly, ReactorPipeline):
    def inference(self):
        while True:
            yield None


def open_gate(local: Local) -> None:
    """Let the waiting handler go on, on its own thread."""
    local.model.loop.call_soon_threadsafe(local.model.gate.set)


def announce(client: LocalClient, reference: dict[str, Any]) -> None:
    client.say(FileUploaded(UploadRef(**reference)))


BOTH = pytest.mark.parametrize("base", [Slowly, SlowlyByTurns])


@BOTH
async def test_commands_joins_leaves_and_files_are_handled_in_one_order(base: type) -> None:
    async with serving(base) as local:
        anna = local.join("anna")
        waiting = anna.send("wait")
        await local.eventually(lambda: "wait anna" in local.model.order)
        bert = local.join("bert")
        bert.send("mark", mark="1")
        anna.send("mark", mark="2")
        bert.leave()
        anna.send("mark", mark="3")
        announce(anna, anna.upload("a.txt", b"text"))
        assert local.model.order == ["came anna", "wait anna"]
        open_gate(local)
        assert isinstance(await anna.answer_to(waiting), Ack)
        await local.eventually(lambda: len(local.model.order) == 9)
        assert local.model.order == [
            "came anna",
            "wait anna",
            "waited anna",
            "came bert",
            "1 bert",
            "2 anna",
            "left bert",
            "3 anna",
            "file a.txt anna",
        ]


@BOTH
async def test_waiting_commands_of_one_name_and_client_collapse_into_the_first_place(
    base: type,
) -> None:
    async with serving(base) as local:
        anna, bert = local.join("anna"), local.join("bert")
        anna.send("wait")
        await local.eventually(lambda: "wait anna" in local.model.order)
        requests = []
        for value in range(5):
            requests.append(anna.send("latest", value=value))
            bert.send("latest", value=10 * value) if value < 2 else None
            anna.send("mark", mark=str(value))
        open_gate(local)
        answers = [await anna.answer_to(request) for request in requests]
        assert answers == [Ack(request) for request in requests]
        await local.eventually(lambda: "4 anna" in local.model.order)
        assert local.model.order[local.model.order.index("waited anna") + 1 :] == [
            "latest anna 4",
            "latest bert 10",
            "0 anna",
            "1 anna",
            "2 anna",
            "3 anna",
            "4 anna",
        ]


@BOTH
async def test_the_1025th_waiting_command_is_refused_and_every_request_is_answered_once(
    base: type,
) -> None:
    async with serving(base) as local:
        anna = local.join("anna")
        first = anna.send("wait")
        await local.eventually(lambda: "wait anna" in local.model.order)
        requests = [anna.send("mark", mark="x") for _ in range(1023)]
        refused = await anna.ask("mark", mark="too many")
        assert isinstance(refused, Failure)
        assert refused.code == "overloaded"
        open_gate(local)
        for request in (first, *requests):
            assert await anna.answer_to(request) == Ack(request)
        assert len(anna.told) == 1025
        assert isinstance(await anna.ask("mark", mark="again"), Ack)


# Uploads.


class Files(ReactorPipeline):
    state: "Styled"

    def load(self, config):
        self.got: list[UploadedFile] = []

    @event(name="use")
    def use(self, file: UploadedFile, strength: float = 1.0):
        self.got.append(file)

    @event(name="use_many")
    def use_many(self, files: list[UploadedFile]):
        self.got.extend(files)

    @event(name="ping")
    def ping(self): ...

    @file_uploaded
    async def announced(self, uploaded_file, client):
        self.got.append(uploaded_file)

    def inference(self):
        while True:
            yield None


class Styled(InputState):
    reference: UploadedFile


class NoHook(ReactorModel):
    @event(name="ping")
    def ping(self): ...


async def test_a_file_arrives_with_its_bytes_wherever_it_is_taken() -> None:
    async with serving(Files) as local:
        anna = local.join()
        await anna.ask("ping")
        assert local.model.state.reference is None
        for data in (b"one", b"twenty-two"):
            reference = {**anna.upload("a.txt", data), "size": 999}
            expected = UploadedFile("a.txt", "text/plain", len(data), data)
            assert isinstance(await anna.ask("set_reference", reference=reference), Ack)
            assert local.model.state.reference == expected
            assert isinstance(await anna.ask("use", file=reference), Ack)
            assert isinstance(await anna.ask("use_many", files=[reference, reference]), Ack)
            announce(anna, reference)
            await local.eventually(lambda: len(local.model.got) == 4)
            assert local.model.got == [expected] * 4
            local.model.got.clear()
        assert isinstance(await anna.ask("set_reference", reference=None), Ack)
        assert local.model.state.reference is None


async def test_a_model_without_the_hook_hears_of_no_file() -> None:
    async with serving(NoHook) as local:
        anna = local.join()
        announce(anna, anna.upload("a.txt", b"text"))
        assert isinstance(await anna.ask("ping"), Ack)
        assert len(anna.told) == 1


async def test_an_unknown_upload_is_refused_and_the_next_command_goes_on() -> None:
    async with serving(Files) as local:
        anna = local.join()
        lost = {"upload_id": "lost", "name": "a", "mime_type": "b", "size": 1}
        answer = await anna.ask("use", file=lost)
        assert isinstance(answer, Failure)
        assert answer.code == "unresolved_upload"
        for odd in ("lost", {"upload_id": "lost"}, {**lost, "size": "1"}):
            answer = await anna.ask("use", file=odd)
            assert isinstance(answer, Failure)
            assert answer.code == "invalid_command"
        assert isinstance(await anna.ask("ping"), Ack)
        assert local.model.got == []


async def test_bytes_on_their_way_hold_up_their_own_client_only() -> None:
    async with serving(Files) as local:
        anna, bert = local.join("anna"), local.join("bert")
        uploads = local.transport.uploads
        upload_id = uploads.open("a.txt", "text/plain", 4)
        reference = {"upload_id": upload_id, "name": "a", "mime_type": "b", "size": 4}
        use, ping = anna.send("use", file=reference), anna.send("ping")
        assert isinstance(await bert.ask("ping"), Ack)
        assert anna.told == []
        uploads.fill(upload_id, b"text")
        await anna.answer_to(ping)
        assert anna.told == [Ack(use), Ack(ping)]


async def test_a_file_is_gone_in_the_next_session() -> None:
    async with serving(Files) as local:
        anna = local.join()
        reference = anna.upload("a.txt", b"text")
        await anna.ask("use", file=reference)
        await local.stopped()
        local.transport.start("next")
        answer = await local.join().ask("use", file=reference)
        assert isinstance(answer, Failure)
        assert answer.code == "unresolved_upload"


# The same with nothing but the program.


async def test_a_session_ends_with_its_word_to_the_clients_side() -> None:
    made = await staged(Journal)
    await made.begin("anna")
    await made.end()
    assert made.clients.posted[-1] == link.SessionClosed("staged")
    assert made.clients.cuts[-1][1] is False
