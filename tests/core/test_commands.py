from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core import events as ev
from reactor_actors.core.arguments import Arguments, argument
from reactor_actors.core.commands import MAX_WAITING, Commands
from reactor_actors.core.contract import Command, Contract, Gate
from reactor_actors.core.events import Effect, FindFiles, Note, Tell, TellModel
from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.messages import Answered, CommandRequested
from reactor_actors.core.wire import inbound, outbound
from reactor_actors.core.wire.uploads import UploadRef


def declared(name: str, **arguments: Any) -> Command:
    items = (argument(n, annotation, None, name) for n, annotation in arguments.items())
    return Command(name, "", Arguments(tuple(items)).schema)


GATE = Gate(
    Contract("m", commands=(declared("go", x=int), declared("use", a=UploadedFile, b=UploadedFile)))
)
FILE = UploadedFile("a", "b", 1, b"c")


def ref(upload: str) -> UploadRef:
    return UploadRef(upload, "a", "b", 1)


def go(request: str | None, x: Any = 1) -> inbound.Command:
    return inbound.Command(request, "go", {"x": x})


def use(request: str, *uploads: str) -> inbound.Command:
    return inbound.Command(request, "use", {}, dict(zip("ab", map(ref, uploads), strict=False)))


def delivered(effects: list[Effect]) -> list[CommandRequested]:
    return [
        e.message
        for e in effects
        if isinstance(e, TellModel) and isinstance(e.message, CommandRequested)
    ]


def told(effects: list[Effect]) -> list[tuple[str, outbound.Outbound]]:
    return [(e.client, e.message) for e in effects if isinstance(e, Tell)]


def test_a_good_command_reaches_the_model_with_its_payload() -> None:
    commands = Commands()
    assert commands.ask(GATE, "anna", go("r1", 3)) == [
        TellModel(CommandRequested(1, "anna", "go", {"x": 3}))
    ]


def test_the_answer_reaches_the_caller_once() -> None:
    commands = Commands()
    commands.ask(GATE, "anna", go("r1"))
    assert commands.answered(Answered(1)) == [
        Note("command", {"name": "go", "outcome": "ok"}),
        Tell("anna", outbound.Ack("r1")),
    ]
    assert commands.answered(Answered(1)) == []


def test_a_returned_message_is_a_reply_and_a_refusal_a_failure() -> None:
    commands = Commands()
    for number in range(3):
        commands.ask(GATE, "anna", go(f"r{number + 1}"))
    reply = commands.answered(Answered(1, "progress", {"step": 1}))
    flat = commands.answered(Answered(3, "progress", {"step": 1}, flat=True))
    failure = commands.answered(Answered(2, code="busy", message="later"))
    assert told(reply) == [("anna", outbound.Reply("r1", "go", "progress", {"step": 1}))]
    assert told(flat) == [("anna", outbound.Reply("r3", "go", "progress", {"step": 1}, True))]
    assert told(failure) == [("anna", outbound.Failure("r2", "go", "busy", "later"))]
    assert failure[0] == Note("command", {"name": "go", "outcome": "busy"})


def test_an_unknown_answer_is_nobodys() -> None:
    assert Commands().answered(Answered(7)) == []
    assert Commands().files(ev.FilesFound(7, {})) == []


@pytest.mark.parametrize("request_id", ["r1", None])
def test_a_refused_payload_never_reaches_the_model(request_id: str | None) -> None:
    effects = Commands().ask(GATE, "anna", go(request_id, True))
    assert delivered(effects) == []
    ((client, failure),) = told(effects)
    assert isinstance(failure, outbound.Failure)
    assert (client, failure.request, failure.command) == ("anna", request_id, "go")
    assert failure.code == "invalid_command"
    assert "x" in failure.message


def test_unknown_commands_share_one_label_in_the_journal() -> None:
    effects = Commands().ask(GATE, "anna", inbound.Command("r1", "made up"))
    assert effects[0] == Note("command", {"name": "unknown", "outcome": "invalid_command"})
    ((_, failure),) = told(effects)
    assert isinstance(failure, outbound.Failure)
    assert failure.command == "made up"


def test_the_1025th_waiting_command_is_refused_at_once() -> None:
    commands = Commands()
    for number in range(MAX_WAITING):
        assert delivered(commands.ask(GATE, f"client {number % 3}", go(f"r{number}")))
    effects = commands.ask(GATE, "anna", go("late"))
    assert delivered(effects) == []
    ((_, failure),) = told(effects)
    assert isinstance(failure, outbound.Failure)
    assert (failure.request, failure.code) == ("late", "overloaded")
    unknown = commands.ask(GATE, "anna", inbound.Command("r", "made up"))
    assert unknown[0] == Note("command", {"name": "unknown", "outcome": "overloaded"})
    commands.answered(Answered(1))
    assert delivered(commands.ask(GATE, "anna", go("again")))


def test_a_command_with_files_waits_for_them() -> None:
    commands = Commands()
    assert commands.ask(GATE, "anna", use("r1", "u1", "u2")) == [FindFiles(1, ("u1", "u2"))]
    files = {"u1": FILE, "u2": FILE}
    (request,) = delivered(commands.files(ev.FilesFound(1, files)))
    assert request.files == files
    assert request.payload["a"]["upload_id"] == "u1"


def test_it_holds_back_later_commands_of_its_client_only() -> None:
    commands = Commands()
    commands.ask(GATE, "anna", use("r1", "u1"))
    assert commands.ask(GATE, "anna", go("r2")) == []
    assert [r.number for r in delivered(commands.ask(GATE, "bert", go("r3")))] == [3]
    commands.ask(GATE, "anna", use("r4", "u2"))
    commands.ask(GATE, "anna", go("r5"))
    assert delivered(commands.files(ev.FilesFound(4, {"u2": FILE}))) == []
    effects = commands.files(ev.FilesFound(1, {"u1": FILE}))
    assert [r.number for r in delivered(effects)] == [1, 2, 4, 5]


def test_missing_files_refuse_one_command_and_release_the_rest() -> None:
    commands = Commands()
    commands.ask(GATE, "anna", use("r1", "u1"))
    commands.ask(GATE, "anna", go("r2"))
    effects = commands.files(ev.FilesMissing(1, "no bytes"))
    assert told(effects) == [
        ("anna", outbound.Failure("r1", "use", "unresolved_upload", "no bytes"))
    ]
    assert [r.number for r in delivered(effects)] == [2]
    assert commands.files(ev.FilesFound(1, {"u1": FILE})) == []


def test_what_a_leaving_client_held_back_is_forgotten() -> None:
    commands = Commands()
    commands.ask(GATE, "anna", use("r1", "u1"))
    commands.ask(GATE, "anna", go("r2"))
    commands.ask(GATE, "bert", use("r3", "u1"))
    commands.forget("anna")
    assert commands.files(ev.FilesFound(1, {"u1": FILE})) == []
    assert commands.refuse_all("session_ended", "over")[1:] == [
        Tell("bert", outbound.Failure("r3", "use", "session_ended", "over"))
    ]


def test_refusing_all_answers_held_and_delivered_commands_and_forgets_them() -> None:
    commands = Commands()
    commands.ask(GATE, "anna", go("r1"))
    commands.ask(GATE, "anna", use("r2", "u1"))
    commands.ask(GATE, "bert", go(None))
    failures = told(commands.refuse_all("model_restarting", "soon"))
    assert [(c, getattr(f, "request", "")) for c, f in failures] == [
        ("anna", "r1"), ("anna", "r2"), ("bert", None),
    ]  # fmt: skip
    assert commands.refuse_all("model_restarting", "soon") == []
    assert commands.files(ev.FilesFound(2, {})) == []
    assert commands.answered(Answered(1)) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["go", "use", "bad", "found", "missing", "answer", "forget"]),
        st.sampled_from(["anna", "bert"]),
        st.integers(1, 30),
    ),
    max_size=60,
)


@given(STEPS)
def test_every_command_is_answered_once_and_a_clients_commands_keep_their_order(
    steps: list[tuple[str, str, int]],
) -> None:
    commands = Commands()
    effects: list[Effect] = []
    asked: dict[str, str] = {}
    gone: set[str] = set()
    for index, (step, client, number) in enumerate(steps):
        request = f"r{index}"
        if step in ("go", "use", "bad"):
            asked[request] = client
        match step:
            case "go":
                effects += commands.ask(GATE, client, go(request))
            case "bad":
                effects += commands.ask(GATE, client, go(request, "x"))
            case "use":
                effects += commands.ask(GATE, client, use(request, "u"))
            case "found":
                effects += commands.files(ev.FilesFound(number, {"u": FILE}))
            case "missing":
                effects += commands.files(ev.FilesMissing(number, "gone"))
            case "answer" if number in [r.number for r in delivered(effects)]:
                effects += commands.answered(Answered(number))
            case "forget":
                commands.forget(client)
                gone |= {r for r, c in asked.items() if c == client}
    effects += commands.refuse_all("session_ended", "over")
    answers = [getattr(message, "request", None) for _, message in told(effects)]
    assert len(answers) == len(set(answers))
    assert set(asked) - set(answers) <= gone
    for client in ("anna", "bert"):
        numbers = [r.number for r in delivered(effects) if r.client == client]
        assert numbers == sorted(set(numbers))
