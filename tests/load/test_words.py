"""What viewers say is what the server reads, and the other way round."""

from __future__ import annotations

from reactor_actors.core.wire import inbound, v1
from reactor_actors.core.wire import outbound as out
from reactor_actors.core.wire.frames import Channel
from reactor_actors.load import words


def test_the_server_understands_every_word() -> None:
    said = words.command("7", "set_level", {"level": 0.5, "on": True, "names": ["a"]})
    assert v1.decode(Channel.DATA, said) == inbound.Command(
        "7", "set_level", {"level": 0.5, "on": True, "names": ["a"]}
    )
    assert v1.decode(Channel.CONTROL, words.schema("8")) == inbound.SchemaRequest("8")
    assert v1.decode(Channel.CONTROL, words.resume("main")) == inbound.Resume("main")


def test_answers_are_known_by_their_request_and_errors_by_their_text() -> None:
    def heard(told: out.Outbound) -> tuple[str, str | None] | None:
        (frame,) = v1.encode(told)
        assert isinstance(frame.payload, bytes)
        return words.answer_in(frame.payload, control=frame.channel is Channel.CONTROL)

    assert heard(out.Ack("7")) == ("7", None)
    assert heard(out.Reply("7", "echo", "echoed", {"text": "ho"})) == ("7", None)
    assert heard(out.Failure("7", "echo", "tired", "not now")) == ("7", "tired: not now")
    assert heard(out.Schema("8", {"openapi": "3.1.0"})) == ("8", None)
    assert heard(out.Message("progress", {})) is None


def test_the_end_of_a_session_is_heard() -> None:
    control, _ = v1.encode(out.SessionEnded("evicted"))
    assert isinstance(control.payload, bytes)
    assert words.end_in(control.payload) == "evicted"
    (schema,) = v1.encode(out.Schema("8", {}))
    assert isinstance(schema.payload, bytes)
    assert words.end_in(schema.payload) is None
