"""Version 0 of the framing: JSON in text frames.

On `data` every frame, in both directions, wears an envelope of scope, type and data. On `control`
the JSON is bare and tells requests, responses and notifications apart by its `type`. There are no
request ids on `data`: a command that returns nothing produces no frame, and one that fails is
answered with a `commandError` that names it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import isfinite

from reactor_actors.core.values import MAX_VALUES
from reactor_actors.core.wire.frames import FRAME_LIMIT, Channel, Frame
from reactor_actors.core.wire.inbound import (
    CapabilitiesRequest,
    ClipRequest,
    ClockRequest,
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
    Undecodable,
    Unpublish,
)
from reactor_actors.core.wire.outbound import (
    PUBLISH_REFUSED,
    Ack,
    Capabilities,
    ClipFailed,
    Clock,
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
from reactor_actors.core.wire.strict import brief, clean, fits, plain, record
from reactor_actors.core.wire.uploads import upload_ref

_INT_DIGITS = 20


def decode(channel: Channel, payload: str | bytes) -> Inbound:
    """Return what a frame says. Never raises: what cannot be read is `Undecodable`."""
    try:
        document = _parse(payload)
        return _read_data(document) if channel is Channel.DATA else _read_control(document)
    except ValueError as error:
        return Undecodable(str(error))


def encode(outbound: Outbound) -> list[Frame]:
    """Return the text frames that say it; there are none for what this framing has no word for.

    Raises:
        ValueError: the data is nothing that JSON can carry.
    """
    match outbound:
        case Message(kind, data, flat) | Reply(_, _, kind, data, flat):
            return [_on_data("application", kind, data, flat=flat)]
        case RuntimeNotice(kind, data):
            return [_on_data("runtime", kind, data)]
        case Failure(_, command, code, message):
            data = {"command": command, "code": code, "message": message}
            return [_on_data("runtime", "commandError", data)]
        case Schema(_, document):
            return [_on_data("runtime", "modelSchema", document)]
        case Capabilities(document):
            return [_on_data("runtime", "modelCapabilities", document)]
        case Clock(time, marks):
            tracks = {name: {"rtp": mark.rtp, "time": mark.time} for name, mark in marks.items()}
            return [_on_data("runtime", "clock", {"time": time, "tracks": tracks})]
        case ClipFailed(_, reason):
            return [_on_data("runtime", "clipFailed", {"reason": reason})]
        case SessionEnded(reason):
            return [_on_data("runtime", "sessionEnded", {"reason": reason})]
        case Published(str(request), _):
            return [_response(request, {"data": {}})]
        case PublishRefused(str(request), message):
            return [_response(request, {"error": {"code": PUBLISH_REFUSED, "message": message}})]
        case Ack() | Published() | PublishRefused():
            return []


def _parse(payload: str | bytes) -> dict[str, object]:
    try:
        text = payload if isinstance(payload, str) else payload.decode()
        # Megabytes of brackets take seconds to read, and everybody waits. What fits into a frame
        # does not, and no client we know speaks this framing in more.
        if len(text) > FRAME_LIMIT and sum(map(text.count, ",[{")) > MAX_VALUES:
            raise ValueError(f"it holds more than {MAX_VALUES} values")
        document = json.loads(text, parse_int=_integer, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    return document


def _integer(literal: str) -> int | float:
    value = int(literal) if len(literal) <= _INT_DIGITS else None
    return _finite(literal) if value is None or not fits(value) else value


def _finite(literal: str) -> float:
    value = float(literal)
    if not isfinite(value):
        raise ValueError("a number is not finite")
    return value


def _read_data(document: dict[str, object]) -> Inbound:
    scope = _text(document, "scope")
    body = _object(document, "data")
    if scope == "application":
        return _read_command(body)
    if scope == "runtime":
        return _read_runtime(body)
    return _unknown("scope", scope)


def _read_command(body: dict[str, object]) -> Inbound:
    name = _text(body, "type")
    try:
        args = _record(body, "data")
        uploads = {key: upload_ref(value, key) for key, value in _record(body, "uploads").items()}
    except ValueError as error:
        return Malformed(None, name, str(error))
    return Command(None, name, args, uploads)


def _read_runtime(body: dict[str, object]) -> Inbound:
    kind = _text(body, "type")
    match kind:
        case "ping":
            return Ping()
        case "requestCapabilities":
            return CapabilitiesRequest()
        case "requestSchema":
            return SchemaRequest()
        case "requestClock":
            return ClockRequest()
        case "requestClip":
            return ClipRequest()
        case "requestRecording":
            return RecordingRequest()
        case "fileUploaded":
            return FileUploaded(upload_ref(body.get("data")))
        case _:
            return _unknown("type", kind)


_NOTIFICATIONS: Mapping[str, Callable[[str], Inbound]] = {
    "resume_track": Resume,
    "pause_track": Pause,
    "unpublish_track": Unpublish,
}


def _read_control(document: dict[str, object]) -> Inbound:
    kind = _text(document, "type")
    if kind == "request":
        return _read_request(document)
    if kind != "notification":
        return _unknown("type", kind)
    event = _text(document, "event")
    notification = _NOTIFICATIONS.get(event)
    if notification is None:
        return _unknown("event", event)
    return notification(_text(_object(document, "data"), "name"))


def _read_request(document: dict[str, object]) -> Inbound:
    method = _text(document, "method")
    if method != "publish_track":
        return _unknown("method", method)
    request, data = document.get("request_id"), document.get("data")
    # Whoever asks is answered: a name that cannot be read is one that cannot be published.
    name = data.get("name") if isinstance(data, dict) else None
    return Publish(
        clean(request) if isinstance(request, str) else None,
        clean(name) if isinstance(name, str) else "",
    )


def _text(container: dict[str, object], key: str) -> str:
    value = container.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key} is not text")
    return clean(value)


def _object(container: dict[str, object], key: str) -> dict[str, object]:
    value = container.get(key)
    if not isinstance(value, dict):
        raise ValueError(f"{key} is not an object")
    return value


def _record(container: dict[str, object], key: str) -> dict[str, object]:
    value = container.get(key)
    return {} if value is None else record(value)


def _unknown(what: str, name: str) -> Ignored:
    return Ignored(f"unknown {what} {brief(name)!r}")


def _on_data(scope: str, kind: str, data: Mapping[str, object], *, flat: bool = False) -> Frame:
    values = record(data)
    head = {"type": clean(kind)}
    body = {**values, **head} if flat else {**head, "data": values}
    return Frame(Channel.DATA, _json({"scope": scope, "data": body}))


def _response(request: str, outcome: Mapping[str, object]) -> Frame:
    head = {"type": "response", "method": "publish_track", "request_id": request}
    return Frame(Channel.CONTROL, _json(plain({**head, **outcome})))


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
