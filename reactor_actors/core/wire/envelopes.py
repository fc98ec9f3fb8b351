"""The messages of the protobuf package `reactor_wire.v1`, field number by field number.

The tables below are the schema. The classes are made from them when the module loads, in a
descriptor pool of its own: there is no generated code that is tied to one protobuf release, and
another package that knows messages of the same names in this process does not collide with ours.

Every frame is one of four envelopes, by channel and direction. Proto3 throughout.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

# The protobuf wheel ships no types.
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message,
    message_factory,
)

# A message class is made at run time: no static type describes its fields.
Envelope: TypeAlias = Any

_PACKAGE = "reactor_wire.v1"
_MAP_OF = "map of "
_LIST_OF = "list of "

_Fields: TypeAlias = tuple[tuple[int, str, str], ...]

_HEAD: _Fields = ((1, "request_id", "string"), (2, "kind", "Kind"))
_UPLOAD: _Fields = (
    (1, "upload_id", "string"),
    (2, "name", "string"),
    (3, "mime_type", "string"),
    (4, "size", "int64"),
)
_NAME: _Fields = ((1, "name", "string"),)
_REASON: _Fields = ((1, "reason", "string"),)

_ENUMS: Mapping[str, tuple[str, ...]] = {
    "Kind": ("KIND_UNSPECIFIED", "KIND_REQUEST", "KIND_RESPONSE", "KIND_NOTIFICATION"),
    "NullValue": ("NULL_VALUE",),
}

_MESSAGES: Mapping[str, _Fields] = {
    "Struct": ((1, "fields", "map of Value"),),
    "Value": (
        (1, "null", "NullValue"),
        (2, "number", "double"),
        (3, "text", "string"),
        (4, "truth", "bool"),
        (5, "struct", "Struct"),
        (6, "list", "List"),
    ),
    "List": ((1, "values", "list of Value"),),
    "UploadRef": _UPLOAD,
    "Error": ((1, "code", "string"), (2, "message", "string")),
    "Command": (
        (1, "type", "string"),
        (2, "data", "Struct"),
        (3, "uploads", "map of UploadRef"),
    ),
    "Step": (),
    "ModelMessage": ((1, "type", "string"), (2, "data", "Struct")),
    "StepResult": (),
    "Ping": (),
    "RequestSchema": (),
    "FileUploaded": _UPLOAD,
    "RequestClip": ((1, "duration_seconds", "double"),),
    "RequestRecording": (),
    "PublishTrack": _NAME,
    "PauseTrack": _NAME,
    "ResumeTrack": _NAME,
    "UnpublishTrack": _NAME,
    "ClientStats": (),
    "ModelSchema": ((1, "openapi", "Struct"),),
    "ClipReady": (
        (1, "session_id", "string"),
        (2, "kind", "string"),
        (3, "start_marker", "double"),
        (4, "end_marker", "double"),
        (5, "now_marker", "double"),
        (6, "predicted_ready_at_ms", "int64"),
        (7, "playlist_url", "string"),
    ),
    "ClipFailed": _REASON,
    "Moderation": (
        (1, "action", "string"),
        (2, "input_kind", "string"),
        (3, "command", "string"),
        (4, "categories", "list of string"),
        (5, "message", "string"),
    ),
    "PublishTrackResponse": _NAME,
    "SessionEnded": _REASON,
    "ClientData": (
        *_HEAD,
        (10, "command", "Command"),
        (11, "step", "Step"),
        (40, "error", "Error"),
    ),
    "ServerData": (
        *_HEAD,
        (10, "message", "ModelMessage"),
        (11, "step_result", "StepResult"),
        (40, "error", "Error"),
    ),
    "ClientControl": (
        *_HEAD,
        (10, "ping", "Ping"),
        (11, "request_schema", "RequestSchema"),
        (12, "file_uploaded", "FileUploaded"),
        (13, "request_clip", "RequestClip"),
        (14, "request_recording", "RequestRecording"),
        (15, "publish_track", "PublishTrack"),
        (16, "pause_track", "PauseTrack"),
        (17, "resume_track", "ResumeTrack"),
        (18, "unpublish_track", "UnpublishTrack"),
        (19, "client_stats", "ClientStats"),
        (40, "error", "Error"),
    ),
    "ServerControl": (
        *_HEAD,
        (10, "schema", "ModelSchema"),
        (11, "clip_ready", "ClipReady"),
        (12, "clip_failed", "ClipFailed"),
        (13, "moderation", "Moderation"),
        (14, "published", "PublishTrackResponse"),
        (15, "session_ended", "SessionEnded"),
        (40, "error", "Error"),
    ),
}

# At most one field from this number on is set.
_ONEOFS: Mapping[str, tuple[str, int]] = {
    "Value": ("kind", 1),
    "ClientData": ("payload", 10),
    "ServerData": ("payload", 10),
    "ClientControl": ("payload", 10),
    "ServerControl": ("payload", 10),
}

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: Mapping[str, int] = {
    "string": _Field.TYPE_STRING,
    "double": _Field.TYPE_DOUBLE,
    "int64": _Field.TYPE_INT64,
    "bool": _Field.TYPE_BOOL,
}


def _file() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="reactor_actors/core/wire/reactor_wire.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, values in _ENUMS.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for name, fields in _MESSAGES.items():
        _define(file.message_type.add(name=name), fields)
    return file


def _define(target: Any, fields: _Fields) -> None:
    oneof, first = _ONEOFS.get(target.name, ("", 0))
    if oneof:
        target.oneof_decl.add(name=oneof)
    for number, name, kind in fields:
        field = _add_field(target, number, name, kind)
        if oneof and number >= first:
            field.oneof_index = 0


def _add_field(target: Any, number: int, name: str, kind: str) -> Any:
    field = target.field.add(number=number, name=name, label=_Field.LABEL_OPTIONAL)
    if kind.startswith(_MAP_OF):
        entry = target.nested_type.add(name=f"{name.title()}Entry")
        entry.options.map_entry = True
        _define(entry, ((1, "key", "string"), (2, "value", kind.removeprefix(_MAP_OF))))
        kind = _LIST_OF + f"{target.name}.{entry.name}"
    if kind.startswith(_LIST_OF):
        field.label = _Field.LABEL_REPEATED
        kind = kind.removeprefix(_LIST_OF)
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _Field.TYPE_ENUM if kind in _ENUMS else _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"
    return field


def _classes(*names: str) -> Iterator[Any]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(_file().SerializeToString())
    for name in names:
        yield message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


ClientData, ServerData, ClientControl, ServerControl = _classes(
    "ClientData", "ServerData", "ClientControl", "ServerControl"
)
REQUEST, RESPONSE, NOTIFICATION = 1, 2, 3


def parse(envelope_class: Envelope, payload: bytes) -> Envelope:
    """Return the envelope that the bytes stand for.

    Raises:
        ValueError: they stand for none, or for one whose messages are nested too deeply.
    """
    envelope = envelope_class()
    try:
        envelope.ParseFromString(payload)
    except (message.DecodeError, ValueError, RecursionError):
        raise ValueError("no protobuf envelope") from None
    return envelope
