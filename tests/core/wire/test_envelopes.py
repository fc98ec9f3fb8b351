from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from reactor_actors.core.wire.envelopes import (
    ClientControl,
    ClientData,
    ServerControl,
    ServerData,
    parse,
)

from . import handmade as pb

STRUCT = pb.entry("x", pb.double(2, 1.5))
UPLOAD = pb.block(1, "u1") + pb.block(2, "a.png") + pb.block(3, "image/png") + pb.number(4, 3)
UPLOAD_FIELDS = {"upload_id": "u1", "name": "a.png", "mime_type": "image/png", "size": 3}
ERROR = pb.block(1, "my_code") + pb.block(2, "because")
ERROR_FIELDS = {"code": "my_code", "message": "because"}
CLIP = (
    pb.block(1, "s")
    + pb.block(2, "clip")
    + pb.double(3, 1.5)
    + pb.double(4, 2.5)
    + pb.double(5, 3.5)
    + pb.number(6, 4)
    + pb.block(7, "/clips")
)
CLIP_FIELDS = {
    "session_id": "s",
    "kind": "clip",
    "start_marker": 1.5,
    "end_marker": 2.5,
    "now_marker": 3.5,
    "predicted_ready_at_ms": 4,
    "playlist_url": "/clips",
}
MODERATION = (
    pb.block(1, "warn")
    + pb.block(2, "text")
    + pb.block(3, "set_prompt")
    + pb.block(4, "a")
    + pb.block(4, "b")
    + pb.block(5, "because")
)
MODERATION_FIELDS = {
    "action": "warn",
    "input_kind": "text",
    "command": "set_prompt",
    "categories": ["a", "b"],
    "message": "because",
}

PAYLOADS = [
    (ClientData, 10, "command", pb.block(1, "go"), {"type": "go"}),
    (ClientData, 11, "step", b"", {}),
    (ClientData, 40, "error", ERROR, ERROR_FIELDS),
    (ServerData, 10, "message", pb.block(1, "moved"), {"type": "moved"}),
    (ServerData, 11, "step_result", b"", {}),
    (ServerData, 40, "error", ERROR, ERROR_FIELDS),
    (ClientControl, 10, "ping", b"", {}),
    (ClientControl, 11, "request_schema", b"", {}),
    (ClientControl, 12, "file_uploaded", UPLOAD, UPLOAD_FIELDS),
    (ClientControl, 13, "request_clip", pb.double(1, 5.0), {"duration_seconds": 5.0}),
    (ClientControl, 14, "request_recording", b"", {}),
    (ClientControl, 15, "publish_track", pb.block(1, "webcam"), {"name": "webcam"}),
    (ClientControl, 16, "pause_track", pb.block(1, "main"), {"name": "main"}),
    (ClientControl, 17, "resume_track", pb.block(1, "main"), {"name": "main"}),
    (ClientControl, 18, "unpublish_track", pb.block(1, "webcam"), {"name": "webcam"}),
    (ClientControl, 19, "client_stats", b"", {}),
    (ClientControl, 40, "error", ERROR, ERROR_FIELDS),
    (ServerControl, 10, "schema", b"", {}),
    (ServerControl, 11, "clip_ready", CLIP, CLIP_FIELDS),
    (ServerControl, 12, "clip_failed", pb.block(1, "no"), {"reason": "no"}),
    (ServerControl, 13, "moderation", MODERATION, MODERATION_FIELDS),
    (ServerControl, 14, "published", pb.block(1, "webcam"), {"name": "webcam"}),
    (ServerControl, 15, "session_ended", pb.block(1, "stopped"), {"reason": "stopped"}),
    (ServerControl, 40, "error", ERROR, ERROR_FIELDS),
]


@pytest.mark.parametrize(("envelope_class", "number", "name", "content", "fields"), PAYLOADS)
def test_each_payload_has_its_exact_field_numbers(
    envelope_class: Any, number: int, name: str, content: bytes, fields: dict[str, object]
) -> None:
    written = pb.request("id_1", pb.block(number, content))
    envelope = parse(envelope_class, written)
    assert (envelope.request_id, envelope.kind) == ("id_1", 1)
    assert envelope.WhichOneof("payload") == name
    payload = getattr(envelope, name)
    assert {field.name: value for field, value in payload.ListFields()} == fields
    assert envelope.SerializeToString() == written


def test_every_payload_is_in_that_table() -> None:
    for envelope_class in (ClientData, ServerData, ClientControl, ServerControl):
        table = {(number, name) for kind, number, name, *_ in PAYLOADS if kind is envelope_class}
        payloads = envelope_class.DESCRIPTOR.oneofs_by_name["payload"].fields
        assert {(field.number, field.name) for field in payloads} == table


@pytest.mark.parametrize(
    ("value", "kind", "content"),
    [
        (pb.number(1, 0), "null", 0),
        (pb.double(2, 1.5), "number", 1.5),
        (pb.block(3, "text"), "text", "text"),
        (pb.number(4, 1), "truth", True),
    ],
)
def test_each_kind_of_value_has_its_exact_field_number(
    value: bytes, kind: str, content: object
) -> None:
    envelope = parse(ServerData, pb.block(10, pb.block(2, pb.entry("x", value))))
    read = envelope.message.data.fields["x"]
    assert read.WhichOneof("kind") == kind
    assert getattr(read, kind) == content


def test_structs_and_lists_have_their_exact_field_numbers() -> None:
    inner = pb.block(5, STRUCT)
    outer = pb.block(6, pb.block(1, inner) + pb.block(1, inner))
    envelope = parse(ServerControl, pb.block(10, pb.block(1, pb.entry("l", outer))))
    values = envelope.schema.openapi.fields["l"].list.values
    assert [value.struct.fields["x"].number for value in values] == [1.5, 1.5]


def test_command_uploads_have_their_exact_field_numbers() -> None:
    uploads = pb.block(3, pb.block(1, "image") + pb.block(2, UPLOAD))
    envelope = parse(ClientData, pb.command("go", STRUCT, uploads))
    reference = envelope.command.uploads["image"]
    assert {f.name: value for f, value in reference.ListFields()} == UPLOAD_FIELDS
    assert envelope.command.data.fields["x"].number == 1.5


def test_a_payload_number_of_a_later_version_is_no_error() -> None:
    envelope = parse(ClientControl, pb.request("ctrl_1", pb.block(99, "new")))
    assert envelope.WhichOneof("payload") is None


@pytest.mark.parametrize(
    "payload",
    [
        b"\x0a",
        b"\xff" * 20,
        b"\x0a\x05abc",
        pb.block(1, b"\xff"),
        b"\x53" * 1_000_000,
        b"[" * 1_000_000,
        b"{}",
    ],
)
def test_what_is_no_envelope_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="no protobuf envelope"):
        parse(ClientData, payload)


def test_thousands_of_messages_inside_one_another_are_refused() -> None:
    value = b""
    for _ in range(5_000):
        value = pb.block(6, pb.block(1, value))
    with pytest.raises(ValueError, match="no protobuf envelope"):
        parse(ClientData, pb.command("go", pb.entry("x", value)))


OURS = "import reactor_actors.core.wire.v1"
SDK = "import reactor_sdk"
RIVAL = """
from google.protobuf import descriptor_pb2, descriptor_pool
rival = descriptor_pb2.FileDescriptorProto(
    name="reactor_actors/core/wire/reactor_wire.proto", package="reactor_wire.v1", syntax="proto3"
)
rival.message_type.add(name="Command").field.add(name="other", number=7, label=1, type=5)
descriptor_pool.Default().AddSerializedFile(rival.SerializeToString())
"""


@pytest.mark.parametrize(
    ("first", "second"), [(OURS, SDK), (SDK, OURS), (OURS, RIVAL), (RIVAL, OURS)]
)
def test_ours_and_other_messages_of_the_same_names_live_in_one_process(
    first: str, second: str
) -> None:
    program = f"{first}\n{second}\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
