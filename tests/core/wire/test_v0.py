from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reactor_actors.core.wire import inbound as said
from reactor_actors.core.wire import outbound as told
from reactor_actors.core.wire import v0
from reactor_actors.core.wire.frames import FRAME_LIMIT, Channel
from reactor_actors.core.wire.strict import MAX_DEPTH
from reactor_actors.core.wire.uploads import UploadRef

from .strategies import channels, objects, payloads, texts, values

UPLOAD = {"upload_id": "u1", "name": "a.png", "mime_type": "image/png", "size": 3}
REFERENCE = UploadRef("u1", "a.png", "image/png", 3)


def on_data(scope: str, kind: object, **rest: object) -> said.Inbound:
    frame = {"scope": scope, "data": {"type": kind, **rest}}
    return v0.decode(Channel.DATA, json.dumps(frame))


def on_control(**frame: object) -> said.Inbound:
    return v0.decode(Channel.CONTROL, json.dumps(frame))


def spoken(outbound: told.Outbound) -> list[tuple[Channel, object]]:
    return [(frame.channel, json.loads(frame.payload)) for frame in v0.encode(outbound)]


@given(texts, objects)
def test_a_command_carries_its_name_and_arguments(name: str, args: dict[str, object]) -> None:
    assert on_data("application", name, data=args) == said.Command(None, name, args)


def test_a_command_carries_its_uploads_by_parameter() -> None:
    command = on_data("application", "show", data={"x": 1}, uploads={"image": UPLOAD})
    assert command == said.Command(None, "show", {"x": 1}, {"image": REFERENCE})


@pytest.mark.parametrize("rest", [{}, {"data": None}, {"data": {}, "uploads": None}])
def test_a_command_without_arguments_has_none(rest: dict[str, object]) -> None:
    assert on_data("application", "reset", **rest) == said.Command(None, "reset")


@pytest.mark.parametrize(
    "rest",
    [
        {"data": []},
        {"data": "x"},
        {"data": 0},
        {"data": False},
        {"uploads": []},
        {"uploads": {"image": None}},
        {"uploads": {"image": {**UPLOAD, "size": -1}}},
        {"uploads": {"good": UPLOAD, "image": {"upload_id": "u1"}}},
    ],
)
def test_a_command_with_a_bad_payload_can_be_told_so(rest: dict[str, object]) -> None:
    answer = on_data("application", "show", **rest)
    assert isinstance(answer, said.Malformed)
    assert (answer.request, answer.command) == (None, "show")


def test_a_message_longer_than_a_frame_may_hold_text_but_not_more_values_than_a_command() -> None:
    long = "x" * FRAME_LIMIT
    assert on_data("application", "go", data={"x": long}) == said.Command(None, "go", {"x": long})
    for many in ([[]] * FRAME_LIMIT, [{}] * FRAME_LIMIT, [1] * FRAME_LIMIT):
        refused = on_data("application", "go", data={"x": many})
        assert refused == said.Undecodable("it holds more than 20000 values")


def test_arguments_nested_too_deeply_can_be_told_so() -> None:
    deep: object = 1
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    assert on_data("application", "go", data={"x": deep}) == said.Command(None, "go", {"x": deep})
    refused = said.Malformed(None, "go", "nested too deeply")
    assert on_data("application", "go", data={"x": [deep]}) == refused


@pytest.mark.parametrize(
    ("kind", "data", "meaning"),
    [
        ("ping", {}, said.Ping()),
        ("requestCapabilities", {}, said.CapabilitiesRequest()),
        ("requestSchema", {}, said.SchemaRequest()),
        ("requestClip", {"duration_seconds": 5}, said.ClipRequest()),
        ("requestClip", None, said.ClipRequest()),
        ("requestRecording", {}, said.RecordingRequest()),
        ("fileUploaded", UPLOAD, said.FileUploaded(REFERENCE)),
    ],
)
def test_runtime_messages_are_understood(kind: str, data: object, meaning: said.Inbound) -> None:
    assert on_data("runtime", kind, data=data) == meaning


@pytest.mark.parametrize(
    ("event", "meaning"),
    [
        ("resume_track", said.Resume("main")),
        ("pause_track", said.Pause("main")),
        ("unpublish_track", said.Unpublish("main")),
    ],
)
def test_track_notifications_are_understood(event: str, meaning: said.Inbound) -> None:
    assert on_control(type="notification", event=event, data={"name": "main"}) == meaning


def test_a_publish_request_is_understood() -> None:
    asked = on_control(
        type="request", method="publish_track", request_id="ctrl_1", data={"name": "webcam"}
    )
    assert asked == said.Publish("ctrl_1", "webcam")


@pytest.mark.parametrize("data", [None, {}, [], {"name": 7}, "webcam"])
def test_a_publish_request_without_a_name_can_still_be_refused(data: object) -> None:
    asked = on_control(type="request", method="publish_track", request_id="ctrl_1", data=data)
    assert asked == said.Publish("ctrl_1", "")


@pytest.mark.parametrize("request_id", [None, 7, ["x"]])
def test_a_publish_request_without_an_id_gets_no_answer(request_id: object) -> None:
    asked = on_control(
        type="request", method="publish_track", request_id=request_id, data={"name": "webcam"}
    )
    assert asked == said.Publish(None, "webcam")
    assert v0.encode(told.Published(None, "webcam")) == []
    assert v0.encode(told.PublishRefused(None, "taken")) == []


@pytest.mark.parametrize(
    "heard",
    [
        on_data("runtime", "newThing"),
        on_data("runtime", "x" * 100_000),
        on_data("weather", "go"),
        on_control(type="request", method="dance", request_id="ctrl_1"),
        on_control(type="notification", event="dance", data={}),
        on_control(type="response", method="publish_track", request_id="ctrl_1"),
    ],
)
def test_what_is_unknown_is_ignored_in_few_words(heard: said.Inbound) -> None:
    assert isinstance(heard, said.Ignored)
    assert len(heard.reason) < 120


@pytest.mark.parametrize(
    "payload",
    [
        "",
        b"",
        " ",
        "{",
        "null",
        "7",
        '"text"',
        "[]",
        "{}",
        '{"scope": 1, "data": {"type": "go"}}',
        '{"scope": "application"}',
        '{"scope": "application", "data": []}',
        '{"scope": "application", "data": {}}',
        '{"scope": "application", "data": {"type": 7}}',
        '{"scope": "runtime", "data": {"type": null}}',
        '{"scope": "runtime", "data": {"type": "fileUploaded"}}',
        '{"scope": "runtime", "data": {"type": "fileUploaded", "data": {"upload_id": 1}}}',
        '{"scope": "application", "data": {"type": "go", "data": {"x": NaN}}}',
        '{"scope": "application", "data": {"type": "go", "data": {"x": -Infinity}}}',
        '{"scope": "application", "data": {"type": "go", "data": {"x": 1e999}}}',
        b'{"scope": "application", "data": {"type": "\xff"}}',
        "\ufeff{}",
        "[" * 1_000_000,
        b"[" * 1_000_000,
        '{"a":' * 200_000,
        '{"scope": "application", "data": {"type": "go", "data": {"x": %s}}}' % ("9" * 5000),
        '{"scope": "application", "data": {"type": "go", "data": {"x": %s}}}' % ("9" * 500_000),
    ],
    ids=lambda payload: repr(payload[:70]),
)
def test_what_cannot_be_read_on_data_is_undecodable(payload: str | bytes) -> None:
    heard = v0.decode(Channel.DATA, payload)
    assert isinstance(heard, said.Undecodable)
    assert 0 < len(heard.reason) < 200


@pytest.mark.parametrize(
    "payload",
    [
        "{}",
        '{"type": 1}',
        '{"type": "notification"}',
        '{"type": "notification", "event": "resume_track"}',
        '{"type": "notification", "event": "resume_track", "data": {}}',
        '{"type": "notification", "event": "pause_track", "data": {"name": 1}}',
        '{"type": "request", "request_id": "ctrl_1"}',
    ],
)
def test_what_cannot_be_read_on_control_is_undecodable(payload: str) -> None:
    assert isinstance(v0.decode(Channel.CONTROL, payload), said.Undecodable)


@given(channels, payloads)
def test_any_frame_has_a_clean_outcome(channel: Channel, payload: str | bytes) -> None:
    assert isinstance(v0.decode(channel, payload), said.Undecodable | said.Ignored)


KEYS = st.sampled_from(
    ["scope", "type", "data", "event", "method", "request_id", "uploads", "runtime", "ping"]
)


@given(channels, st.recursive(values, lambda inner: st.dictionaries(KEYS, inner), max_leaves=20))
def test_any_json_has_a_clean_outcome(channel: Channel, document: object) -> None:
    assert isinstance(v0.decode(channel, json.dumps(document)), said.Inbound)


def test_json_may_come_as_binary() -> None:
    assert v0.decode(Channel.DATA, b'{"scope":"runtime","data":{"type":"ping"}}') == said.Ping()


def test_the_last_of_two_equal_keys_wins() -> None:
    text = '{"scope":"application","data":{"type":"go","data":{"x":1,"x":2}}}'
    assert v0.decode(Channel.DATA, text) == said.Command(None, "go", {"x": 2})


def test_integers_stay_exact_within_64_bits_and_become_doubles_beyond() -> None:
    numbers = [2**53 + 1, 2**64 - 1, -(2**63), 2**64, 10**25]
    command = on_data("application", "go", data={"x": numbers})
    assert isinstance(command, said.Command)
    assert command.args == {"x": [*numbers[:3], 2.0**64, 1e25]}
    assert [type(number) for number in command.args["x"]] == [int] * 3 + [float] * 2  # type: ignore[attr-defined]


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    text = r'{"scope":"application","data":{"type":"go","data":{"\ud800":"x\udc00"}}}'
    assert v0.decode(Channel.DATA, text) == said.Command(None, "go", {"\ufffd": "x\ufffd"})


@given(texts, objects)
def test_application_messages_wear_the_envelope(kind: str, data: dict[str, object]) -> None:
    frame = {"scope": "application", "data": {"type": kind, "data": data}}
    assert spoken(told.Message(kind, data)) == [(Channel.DATA, frame)]
    assert spoken(told.Reply("data_1", "go", kind, data)) == [(Channel.DATA, frame)]
    assert spoken(told.Reply(None, "go", kind, data)) == [(Channel.DATA, frame)]


@given(texts, objects)
@example("moved", {"type": "other", "data": {"x": 1}})
def test_a_flat_message_has_its_values_beside_its_type(kind: str, data: dict[str, object]) -> None:
    frame = {"scope": "application", "data": {**data, "type": kind}}
    assert spoken(told.Message(kind, data, flat=True)) == [(Channel.DATA, frame)]
    assert spoken(told.Reply("data_1", "go", kind, data, flat=True)) == [(Channel.DATA, frame)]


@pytest.mark.parametrize(
    ("outbound", "kind", "data"),
    [
        (
            told.Failure(None, "go", "invalid_command", "no"),
            "commandError",
            {"command": "go", "code": "invalid_command", "message": "no"},
        ),
        (told.Schema(None, {"openapi": "3.1.0"}), "modelSchema", {"openapi": "3.1.0"}),
        (told.Capabilities({"commands": []}), "modelCapabilities", {"commands": []}),
        (told.ClipFailed(None, "recorder disabled"), "clipFailed", {"reason": "recorder disabled"}),
        (told.SessionEnded("timed_out"), "sessionEnded", {"reason": "timed_out"}),
        (told.RuntimeNotice("modelRestarted", {"attempt": 1}), "modelRestarted", {"attempt": 1}),
    ],
)
def test_runtime_messages_wear_the_envelope(
    outbound: told.Outbound, kind: str, data: dict[str, object]
) -> None:
    frame = {"scope": "runtime", "data": {"type": kind, "data": data}}
    assert spoken(outbound) == [(Channel.DATA, frame)]


def test_publish_requests_are_answered_on_control() -> None:
    head = {"type": "response", "method": "publish_track", "request_id": "ctrl_1"}
    assert spoken(told.Published("ctrl_1", "webcam")) == [(Channel.CONTROL, {**head, "data": {}})]
    error = {"code": "publish_refused", "message": "webcam is taken"}
    refused = spoken(told.PublishRefused("ctrl_1", "webcam is taken"))
    assert refused == [(Channel.CONTROL, {**head, "error": error})]


def test_an_acknowledgement_is_no_frame() -> None:
    assert v0.encode(told.Ack("data_1")) == []


def test_what_leaves_is_compact_strict_json() -> None:
    (frame,) = v0.encode(
        told.Message("m", {"x": float("nan"), "y": [float("inf")], "s": "é\ud800"})
    )
    text = '{"scope":"application","data":{"type":"m","data":{"x":null,"y":[null],"s":"é\ufffd"}}}'
    assert frame.payload == text


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        v0.encode(told.Message("m", {"x": b"y"}))
