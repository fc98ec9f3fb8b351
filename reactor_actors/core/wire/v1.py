"""Version 1 of the framing: protobuf envelopes in binary frames.

A request carries an id and is answered exactly once with it; a client that gives none, or calls
its frame a notification, gets no answer. Broadcasts are notifications. The end of a session is
announced twice, because clients show only what arrives on `data`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reactor_actors.core.values import MAX_VALUES
from reactor_actors.core.wire.envelopes import (
    NOTIFICATION,
    RESPONSE,
    ClientControl,
    ClientData,
    Envelope,
    ServerControl,
    ServerData,
    parse,
)
from reactor_actors.core.wire.frames import Channel, Frame
from reactor_actors.core.wire.inbound import (
    ClipRequest,
    Command,
    FileUploaded,
    Ignored,
    Inbound,
    Malformed,
    Pause,
    Ping,
    Publish,
    RecordingRequest,
    Resume,
    SchemaRequest,
    StepRequest,
    Undecodable,
    Unpublish,
)
from reactor_actors.core.wire.outbound import (
    PUBLISH_REFUSED,
    SESSION_ENDED,
    Ack,
    ClipFailed,
    Failure,
    Message,
    Outbound,
    Published,
    PublishRefused,
    Reply,
    RuntimeNotice,
    Schema,
    SessionEnded,
)
from reactor_actors.core.wire.strict import brief, clean
from reactor_actors.core.wire.structs import fill, read
from reactor_actors.core.wire.uploads import UploadRef


def decode(channel: Channel, payload: str | bytes) -> Inbound:
    """Return what a frame says. Never raises: what cannot be read is `Undecodable`."""
    if isinstance(payload, str):
        return Undecodable("text where protobuf was expected")
    try:
        return _read(parse(ClientData if channel is Channel.DATA else ClientControl, payload))
    except ValueError as error:
        return Undecodable(str(error))


def encode(outbound: Outbound) -> list[Frame]:
    """Return the binary frames that say it: none for a reply to a client that wants none.

    Raises:
        ValueError: the data is nothing that a Struct can carry.
    """
    match outbound:
        case Message(kind, data) | RuntimeNotice(kind, data):
            return [_model_message(None, kind, data)]
        case SessionEnded(reason):
            return _session_ended(clean(reason))
        case Reply(str(request), _, kind, data):
            return [_model_message(request, kind, data)]
        case Ack(str(request)):
            return [_frame(Channel.DATA, _answer(ServerData, request))]
        case Failure(str(request), _, code, message, channel):
            return [_error(channel, request, code, message)]
        case PublishRefused(str(request), message):
            return [_error(Channel.CONTROL, request, PUBLISH_REFUSED, message)]
        case Schema(str(request), document):
            answer = _answer(ServerControl, request)
            fill(answer.schema.openapi, document)
        case ClipFailed(str(request), reason):
            answer = _answer(ServerControl, request)
            answer.clip_failed.reason = clean(reason)
        case Published(str(request), name):
            answer = _answer(ServerControl, request)
            answer.published.name = clean(name)
        case _:
            # A client that gave no id waits for nothing, and this framing has no word for
            # capabilities and the clock.
            return []
    return [_frame(Channel.CONTROL, answer)]


def _read(envelope: Envelope) -> Inbound:
    if envelope.kind == RESPONSE:
        return Ignored("a response to no question")
    name = envelope.WhichOneof("payload")
    reader = _READERS.get(name)
    if reader is None:
        return Ignored(f"nothing to do for {name or 'an envelope without a known payload'}")
    waits = envelope.request_id and envelope.kind != NOTIFICATION
    return reader(envelope.request_id if waits else None, getattr(envelope, name))


def _read_command(request: str | None, command: Envelope) -> Inbound:
    try:
        if len(command.uploads) > MAX_VALUES:
            raise ValueError(f"it names more than {MAX_VALUES} uploads")
        args = read(command.data)
        uploads = {key: _upload(ref, key) for key, ref in command.uploads.items()}
    except ValueError as error:
        return Malformed(request, command.type, str(error))
    return Command(request, command.type, args, uploads)


def _upload(ref: Envelope, label: str = "the upload") -> UploadRef:
    if not ref.upload_id or ref.size < 0:
        raise ValueError(f"{brief(label)} needs an upload_id and a size of zero or more")
    return UploadRef(ref.upload_id, ref.name, ref.mime_type, ref.size)


_READERS: Mapping[str | None, Callable[[str | None, Envelope], Inbound]] = {
    "command": _read_command,
    "step": lambda request, _: StepRequest(request),
    "ping": lambda _, __: Ping(),
    "request_schema": lambda request, _: SchemaRequest(request),
    "file_uploaded": lambda _, upload: FileUploaded(_upload(upload)),
    "request_clip": lambda request, _: ClipRequest(request),
    "request_recording": lambda request, _: RecordingRequest(request),
    "publish_track": lambda request, track: Publish(request, track.name),
    "pause_track": lambda _, track: Pause(track.name),
    "resume_track": lambda _, track: Resume(track.name),
    "unpublish_track": lambda _, track: Unpublish(track.name),
}


def _model_message(request: str | None, kind: str, data: Mapping[str, object]) -> Frame:
    envelope = _answer(ServerData, request)
    envelope.message.type = clean(kind)
    fill(envelope.message.data, data)
    return _frame(Channel.DATA, envelope)


def _error(channel: Channel, request: str | None, code: str, message: str) -> Frame:
    envelope = _answer(ServerData if channel is Channel.DATA else ServerControl, request)
    envelope.error.code = clean(code)
    envelope.error.message = clean(message)
    return _frame(channel, envelope)


def _session_ended(reason: str) -> list[Frame]:
    notice = _answer(ServerControl, None)
    notice.session_ended.reason = reason
    return [
        _frame(Channel.CONTROL, notice),
        _error(Channel.DATA, None, SESSION_ENDED, reason),
    ]


def _answer(kind_of_envelope: Envelope, request: str | None) -> Envelope:
    """Return an envelope without payload: a response to `request`, or a notification."""
    if request is None:
        return kind_of_envelope(kind=NOTIFICATION)
    return kind_of_envelope(kind=RESPONSE, request_id=clean(request))


def _frame(channel: Channel, envelope: Envelope) -> Frame:
    return Frame(channel, envelope.SerializeToString())
