from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.wire import inbound as said
from reactor_actors.core.wire import outbound as told
from reactor_actors.core.wire import v1
from reactor_actors.core.wire.envelopes import ClientData, ServerControl, ServerData, parse
from reactor_actors.core.wire.frames import Channel
from reactor_actors.core.wire.strict import MAX_DEPTH
from reactor_actors.core.wire.structs import fill, read
from reactor_actors.core.wire.uploads import UploadRef

from . import handmade as pb
from .strategies import channels, objects, payloads, texts

UPLOAD = pb.block(1, "u1") + pb.block(2, "a.png") + pb.block(3, "image/png") + pb.number(4, 3)
REFERENCE = UploadRef("u1", "a.png", "image/png", 3)
STRUCT = pb.entry("x", pb.double(2, 1))


def upload(parameter: str, reference: bytes) -> bytes:
    return pb.block(3, pb.block(1, parameter) + pb.block(2, reference))


@given(texts, objects)
def test_a_command_carries_its_name_and_arguments(name: str, args: dict[str, object]) -> None:
    envelope = ClientData(request_id="data_1", kind=1)
    envelope.command.type = name
    fill(envelope.command.data, args)
    heard = v1.decode(Channel.DATA, envelope.SerializeToString())
    assert heard == said.Command("data_1", name, args)


def test_a_command_carries_its_uploads_by_parameter() -> None:
    frame = pb.request("data_1", pb.command("show", STRUCT, upload("image", UPLOAD)))
    heard = v1.decode(Channel.DATA, frame)
    assert heard == said.Command("data_1", "show", {"x": 1.0}, {"image": REFERENCE})


@pytest.mark.parametrize(
    "frame",
    [
        pb.command("go"),
        pb.number(2, 1) + pb.command("go"),
        pb.block(1, "data_1") + pb.number(2, 3) + pb.command("go"),
        pb.notification(pb.command("go")),
    ],
)
def test_a_command_that_is_no_request_runs_without_a_reply(frame: bytes) -> None:
    assert v1.decode(Channel.DATA, frame) == said.Command(None, "go")


@pytest.mark.parametrize("kind", [0, 1, 7])
def test_an_id_makes_a_request_unless_it_is_a_notification(kind: int) -> None:
    frame = pb.block(1, "data_1") + pb.number(2, kind) + pb.command("go")
    assert v1.decode(Channel.DATA, frame) == said.Command("data_1", "go")


@pytest.mark.parametrize(
    ("data", "uploads", "message"),
    [
        (pb.entry("x", pb.double(2, float("nan"))), b"", "a number is not finite"),
        (STRUCT, upload("image", b""), "image needs an upload_id and a size of zero or more"),
        (STRUCT, upload("image", pb.block(1, "u") + pb.number(4, -1)), "image needs an upload_id"),
    ],
)
def test_a_command_with_a_bad_payload_can_be_told_so(
    data: bytes, uploads: bytes, message: str
) -> None:
    heard = v1.decode(Channel.DATA, pb.request("data_1", pb.command("show", data, uploads)))
    assert isinstance(heard, said.Malformed)
    assert (heard.request, heard.command) == ("data_1", "show")
    assert heard.message.startswith(message)


def test_arguments_nested_too_deeply_can_be_told_so() -> None:
    value = pb.double(2, 1)
    for _ in range(MAX_DEPTH):
        value = pb.block(6, pb.block(1, value))
    frame = pb.request("data_1", pb.command("go", pb.entry("x", value)))
    refused = said.Malformed("data_1", "go", "nested too deeply")
    assert v1.decode(Channel.DATA, frame) == refused


def test_a_step_is_understood_whatever_it_holds() -> None:
    frame = pb.request("data_1", pb.block(11, pb.block(1, "step") + pb.number(2, 5)))
    assert v1.decode(Channel.DATA, frame) == said.StepRequest("data_1")


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        (pb.notification(pb.block(10)), said.Ping()),
        (pb.request("ctrl_1", pb.block(11)), said.SchemaRequest("ctrl_1")),
        (pb.notification(pb.block(12, UPLOAD)), said.FileUploaded(REFERENCE)),
        (pb.request("ctrl_1", pb.block(13, pb.double(1, 5))), said.ClipRequest("ctrl_1")),
        (pb.request("ctrl_1", pb.block(14)), said.RecordingRequest("ctrl_1")),
        (pb.request("ctrl_1", pb.block(15, pb.block(1, "cam"))), said.Publish("ctrl_1", "cam")),
        (pb.request("ctrl_1", pb.block(15)), said.Publish("ctrl_1", "")),
        (pb.notification(pb.block(16, pb.block(1, "main"))), said.Pause("main")),
        (pb.notification(pb.block(17, pb.block(1, "main"))), said.Resume("main")),
        (pb.notification(pb.block(18, pb.block(1, "cam"))), said.Unpublish("cam")),
    ],
)
def test_control_messages_are_understood(frame: bytes, meaning: said.Inbound) -> None:
    assert v1.decode(Channel.CONTROL, frame) == meaning


@pytest.mark.parametrize(
    ("channel", "frame"),
    [
        (Channel.DATA, b""),
        (Channel.CONTROL, b""),
        (Channel.DATA, pb.request("data_1")),
        (Channel.DATA, pb.request("data_1", pb.block(40, pb.block(1, "code")))),
        (Channel.DATA, pb.request("data_1", pb.block(12))),
        (Channel.CONTROL, pb.notification(pb.block(19, b"\x08\x01"))),
        (Channel.CONTROL, pb.notification(pb.block(40))),
        (Channel.CONTROL, pb.request("ctrl_1", pb.block(99))),
        (Channel.DATA, pb.response("data_1", pb.command("go"))),
        (Channel.CONTROL, pb.response("ctrl_1", pb.block(11))),
    ],
)
def test_what_is_unknown_or_unasked_is_ignored(channel: Channel, frame: bytes) -> None:
    assert isinstance(v1.decode(channel, frame), said.Ignored)


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{}",
        b"\xff",
        b"\x0a\x05ab",
        pb.block(1, b"\xff\xfe"),
        pb.request("data_1", pb.block(10, b"\xff")),
        pb.request("data_1", pb.block(10, pb.block(1, b"\xc3"))),
        b"[" * 1_000_000,
        b"\x53" * 1_000_000,
    ],
)
def test_what_cannot_be_read_is_undecodable(frame: str | bytes) -> None:
    assert isinstance(v1.decode(Channel.DATA, frame), said.Undecodable)


def test_a_notice_of_an_upload_without_id_is_undecodable() -> None:
    assert isinstance(v1.decode(Channel.CONTROL, pb.block(12)), said.Undecodable)


@given(channels, payloads)
def test_any_frame_has_a_clean_outcome(channel: Channel, payload: str | bytes) -> None:
    assert isinstance(v1.decode(channel, payload), said.Inbound)


VALID = pb.request("data_1", pb.command("show", STRUCT, upload("image", UPLOAD)))


@given(st.integers(0, len(VALID) - 1), st.binary(max_size=3), st.integers(0, 3))
def test_a_damaged_frame_has_a_clean_outcome(at: int, junk: bytes, cut: int) -> None:
    damaged = VALID[:at] + junk + VALID[at + cut :]
    assert isinstance(v1.decode(Channel.DATA, damaged), said.Inbound)
    assert isinstance(v1.decode(Channel.CONTROL, damaged), said.Inbound)


def the_one(outbound: told.Outbound, channel: Channel) -> Any:
    (frame,) = v1.encode(outbound)
    assert frame.channel is channel
    assert isinstance(frame.payload, bytes)
    return parse(ServerData if channel is Channel.DATA else ServerControl, frame.payload)


@given(texts, objects)
def test_a_reply_is_a_response_and_a_broadcast_a_notification(
    kind: str, data: dict[str, object]
) -> None:
    reply = the_one(told.Reply("data_1", "go", kind, data), Channel.DATA)
    assert (reply.request_id, reply.kind, reply.message.type) == ("data_1", 2, kind)
    assert read(reply.message.data) == data
    broadcast = the_one(told.Message(kind, data), Channel.DATA)
    assert (broadcast.request_id, broadcast.kind, broadcast.message.type) == ("", 3, kind)
    assert read(broadcast.message.data) == data


@given(texts, objects)
def test_a_flat_message_is_one_like_any_other(kind: str, data: dict[str, object]) -> None:
    for outbound in (told.Message(kind, data), told.Reply("data_1", "go", kind, data)):
        assert v1.encode(dataclasses.replace(outbound, flat=True)) == v1.encode(outbound)


ERROR = pb.block(1, "my_code") + pb.block(2, "because")
STOPPED = pb.block(1, "session_ended") + pb.block(2, "stopped")


@pytest.mark.parametrize(
    ("outbound", "frames"),
    [
        (
            told.Message("moved", {"x": 1}),
            [
                (
                    Channel.DATA,
                    pb.notification(pb.block(10, pb.block(1, "moved") + pb.block(2, STRUCT))),
                )
            ],
        ),
        (
            told.RuntimeNotice("modelRestarting", {}),
            [
                (
                    Channel.DATA,
                    pb.notification(pb.block(10, pb.block(1, "modelRestarting") + pb.block(2))),
                )
            ],
        ),
        (told.Ack("data_1"), [(Channel.DATA, pb.response("data_1"))]),
        (
            told.Failure("data_1", "go", "my_code", "because"),
            [(Channel.DATA, pb.response("data_1", pb.block(40, ERROR)))],
        ),
        (
            told.Failure("ctrl_1", "requestSchema", "my_code", "because", Channel.CONTROL),
            [(Channel.CONTROL, pb.response("ctrl_1", pb.block(40, ERROR)))],
        ),
        (
            told.Schema("ctrl_1", {"x": 1}),
            [(Channel.CONTROL, pb.response("ctrl_1", pb.block(10, pb.block(1, STRUCT))))],
        ),
        (
            told.ClipFailed("ctrl_1", "recorder disabled"),
            [
                (
                    Channel.CONTROL,
                    pb.response("ctrl_1", pb.block(12, pb.block(1, "recorder disabled"))),
                )
            ],
        ),
        (
            told.Published("ctrl_1", "webcam"),
            [(Channel.CONTROL, pb.response("ctrl_1", pb.block(14, pb.block(1, "webcam"))))],
        ),
        (
            told.PublishRefused("ctrl_1", "taken"),
            [
                (
                    Channel.CONTROL,
                    pb.response(
                        "ctrl_1",
                        pb.block(40, pb.block(1, "publish_refused") + pb.block(2, "taken")),
                    ),
                )
            ],
        ),
        (
            told.SessionEnded("stopped"),
            [
                (Channel.CONTROL, pb.notification(pb.block(15, pb.block(1, "stopped")))),
                (Channel.DATA, pb.notification(pb.block(40, STOPPED))),
            ],
        ),
    ],
)
def test_each_outbound_value_has_its_exact_bytes(
    outbound: told.Outbound, frames: list[tuple[Channel, bytes]]
) -> None:
    assert [(frame.channel, frame.payload) for frame in v1.encode(outbound)] == frames


@pytest.mark.parametrize(
    "outbound",
    [
        told.Reply(None, "go", "moved", {}),
        told.Ack(None),
        told.Failure(None, "go", "my_code", "because"),
        told.Schema(None, {}),
        told.ClipFailed(None, "no"),
        told.Published(None, "webcam"),
        told.PublishRefused(None, "taken"),
        told.Capabilities({}),
    ],
)
def test_whoever_gave_no_id_gets_no_reply(outbound: told.Outbound) -> None:
    assert v1.encode(outbound) == []


def test_empty_texts_still_make_a_payload() -> None:
    assert the_one(told.Published("r", ""), Channel.CONTROL).WhichOneof("payload") == "published"
    assert the_one(told.ClipFailed("r", ""), Channel.CONTROL).WhichOneof("payload") == "clip_failed"
    assert the_one(told.Failure("r", "", "", ""), Channel.DATA).WhichOneof("payload") == "error"
    assert the_one(told.Schema("r", {}), Channel.CONTROL).WhichOneof("payload") == "schema"
    control, _ = v1.encode(told.SessionEnded(""))
    assert control.payload == pb.notification(pb.block(15))


def test_what_utf8_cannot_carry_is_replaced() -> None:
    failure = the_one(told.Failure("r\ud800", "go", "c\ud800", "m\ud800"), Channel.DATA)
    assert (failure.request_id, failure.error.code) == ("r\ufffd", "c\ufffd")
    assert failure.error.message == "m\ufffd"


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        v1.encode(told.Message("m", {"x": b"y"}))
