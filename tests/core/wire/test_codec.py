from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.wire import inbound as said
from reactor_actors.core.wire import outbound as told
from reactor_actors.core.wire import v0, v1
from reactor_actors.core.wire.chunking import CHUNK_SIZE, Joiner
from reactor_actors.core.wire.codec import KEPT, Codec, Dropped
from reactor_actors.core.wire.envelopes import ServerControl, ServerData, parse
from reactor_actors.core.wire.frames import FRAME_LIMIT, Channel, Frame
from reactor_actors.core.wire.sniff import Version

from . import handmade as pb
from .strategies import channels, payloads

V0_PING = '{"scope":"runtime","data":{"type":"ping"}}'
V1_PING = pb.notification(pb.block(10))
HELLO = told.Message("hello", {"x": 1})
HUGE = "x" * (FRAME_LIMIT + 1)


def v0_codec(**options: Any) -> Codec:
    codec = Codec(**options)
    assert codec.receive(Channel.DATA, V0_PING) == [said.Ping()]
    return codec


def v1_codec(**options: Any) -> Codec:
    codec = Codec(**options)
    assert codec.receive(Channel.CONTROL, V1_PING) == [said.Ping()]
    return codec


def error_of(item: object, envelope: Any = ServerData) -> tuple[str, int, str]:
    assert isinstance(item, Frame)
    assert isinstance(item.payload, bytes)
    message = parse(envelope, item.payload)
    return message.request_id, message.kind, message.error.code


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize(
    ("first", "version"),
    [("{}", Version.V0), (b" [", Version.V0), (b"{", Version.V0), (V1_PING, Version.V1)],
)
def test_the_first_frame_on_either_channel_decides_for_both(
    channel: Channel, first: str | bytes, version: Version
) -> None:
    codec = Codec()
    codec.receive(channel, first)
    assert codec.version is version
    text = {isinstance(item.payload, str) for item in codec.send(HELLO) if isinstance(item, Frame)}
    assert text == {version is Version.V0}


@pytest.mark.parametrize(
    ("codec", "foreign"),
    [(v0_codec(), V1_PING), (v0_codec(), b""), (v1_codec(), V0_PING), (v1_codec(), "")],
)
def test_a_later_frame_of_the_other_framing_is_dropped(codec: Codec, foreign: str | bytes) -> None:
    version = codec.version
    assert isinstance(codec.receive(Channel.DATA, foreign)[0], said.Undecodable)
    assert codec.version is version
    assert codec.send(HELLO) != []


def test_binary_json_is_dropped_where_protobuf_is_spoken() -> None:
    (heard,) = v1_codec().receive(Channel.DATA, V0_PING.encode())
    assert isinstance(heard, said.Undecodable)


def test_binary_json_is_read_where_json_is_spoken() -> None:
    assert v0_codec().receive(Channel.DATA, V0_PING.encode()) == [said.Ping()]


def test_an_id_of_any_length_is_read_once_protobuf_is_spoken() -> None:
    codec = v1_codec()
    for length in (91, 123):
        name = "{" * length
        frame = pb.block(1, name) + pb.command("go")
        assert codec.receive(Channel.DATA, frame) == [said.Command(name, "go")]


def test_a_silent_client_hears_what_was_kept_in_order_after_its_first_frame() -> None:
    codec = Codec()
    messages = [told.Message("m", {"n": n}) for n in range(3)]
    assert [codec.send(message) for message in messages] == [[], [], []]
    *frames, heard = codec.receive(Channel.CONTROL, V1_PING)
    assert frames == [frame for message in messages for frame in v1.encode(message)]
    assert heard == said.Ping()
    assert codec.receive(Channel.CONTROL, V1_PING) == [said.Ping()]


def test_of_too_many_kept_messages_the_oldest_are_dropped() -> None:
    codec = Codec()
    messages = [told.Message("m", {"n": n}) for n in range(KEPT + 2)]
    dropped = [item for message in messages for item in codec.send(message)]
    assert [item.outbound for item in dropped if isinstance(item, Dropped)] == messages[:2]
    *frames, _ = codec.receive(Channel.DATA, V0_PING)
    assert frames == [frame for message in messages[2:] for frame in v0.encode(message)]


def test_a_kept_message_that_turns_out_too_large_is_dropped() -> None:
    codec = Codec()
    huge = told.Message("m", {"x": HUGE})
    codec.send(huge)
    codec.send(HELLO)
    dropped, frame, heard = codec.receive(Channel.DATA, V0_PING)
    assert isinstance(dropped, Dropped)
    assert dropped.outbound is huge
    assert [frame, heard] == [*v0.encode(HELLO), said.Ping()]


def test_a_flat_client_is_spoken_to_in_v0_from_the_start() -> None:
    codec = Codec(flat=True)
    assert codec.send(HELLO) == v0.encode(HELLO)
    assert codec.version is None


def test_a_first_frame_of_v1_wins_on_a_flat_connection() -> None:
    codec = Codec(flat=True)
    codec.send(HELLO)
    assert codec.receive(Channel.DATA, V1_PING)
    assert codec.send(HELLO) == v1.encode(HELLO)


def test_a_broadcast_of_exactly_the_limit_leaves_and_one_byte_more_is_dropped() -> None:
    empty = len(str(v0.encode(told.Message("m", {"x": ""}))[0].payload))
    codec = v0_codec()
    fits = told.Message("m", {"x": "é" * ((FRAME_LIMIT - empty) // 2) + "x" * (empty % 2)})
    over = told.Message("m", {"x": str(fits.data["x"]) + "x"})
    assert codec.send(fits) == v0.encode(fits)
    assert codec.send(over) == [Dropped(over, "it takes more than 262144 bytes")]


def test_a_reply_that_does_not_fit_becomes_an_error_for_its_sender() -> None:
    reply = told.Reply("data_1", "go", "big", {"x": HUGE})
    frame, dropped = v1_codec().send(reply)
    assert error_of(frame) == ("data_1", 2, "message_too_large")
    assert isinstance(dropped, Dropped)
    assert dropped.outbound is reply


def test_a_json_client_learns_which_command_had_too_large_a_reply() -> None:
    frame, dropped = v0_codec().send(told.Reply(None, "go", "big", {"x": HUGE}))
    assert isinstance(frame, Frame)
    error = json.loads(frame.payload)["data"]
    assert error["type"] == "commandError"
    assert (error["data"]["command"], error["data"]["code"]) == ("go", "message_too_large")
    assert isinstance(dropped, Dropped)


@pytest.mark.parametrize(
    ("outbound", "channel"),
    [
        (told.Schema("r", {"x": HUGE}), Channel.CONTROL),
        (told.Failure("r", "go", "c", HUGE), Channel.DATA),
        (told.Failure("r", "go", "c", HUGE, Channel.CONTROL), Channel.CONTROL),
    ],
)
def test_whatever_answer_is_too_large_the_error_goes_where_the_request_came_from(
    outbound: told.Outbound, channel: Channel
) -> None:
    frame, _ = v1_codec().send(outbound)
    assert isinstance(frame, Frame)
    assert frame.channel is channel
    envelope = ServerData if channel is Channel.DATA else ServerControl
    assert error_of(frame, envelope) == ("r", 2, "message_too_large")


def test_a_refusal_with_too_long_a_text_is_still_a_refusal() -> None:
    frame, _ = v1_codec().send(told.PublishRefused("r", HUGE))
    assert error_of(frame, ServerControl) == ("r", 2, "publish_refused")
    frame, _ = v0_codec().send(told.PublishRefused("r", HUGE))
    assert isinstance(frame, Frame)
    assert json.loads(frame.payload)["error"]["code"] == "publish_refused"


def test_capabilities_that_do_not_fit_become_a_command_error() -> None:
    frame, _ = v0_codec().send(told.Capabilities({"x": HUGE}))
    assert isinstance(frame, Frame)
    assert json.loads(frame.payload)["data"]["data"]["command"] == "requestCapabilities"


def test_an_error_that_does_not_fit_either_is_dropped() -> None:
    reply = told.Reply(HUGE, "go", "m", {})
    assert v1_codec().send(reply) == [Dropped(reply, "it takes more than 262144 bytes")]


def test_what_cannot_be_encoded_is_an_internal_error_for_its_sender() -> None:
    reply = told.Reply("data_1", "go", "m", {"x": object()})
    frame, dropped = v1_codec().send(reply)
    assert error_of(frame) == ("data_1", 2, "internal_error")
    assert dropped == Dropped(reply, "object is not a JSON type")
    message = told.Message("m", {"x": object()})
    assert v0_codec().send(message) == [Dropped(message, "object is not a JSON type")]


def test_a_frame_over_the_limit_for_receiving_is_undecodable() -> None:
    codec = v0_codec(receive_limit=100)
    (heard,) = codec.receive(Channel.DATA, "x" * 101)
    assert heard == said.Undecodable("a frame of more than 100 bytes")
    assert codec.receive(Channel.DATA, V0_PING) == [said.Ping()]


def chunked_v1(**options: Any) -> Codec:
    codec = Codec(chunked=True, **options)
    assert codec.receive(Channel.CONTROL, b"\x00" + V1_PING) == [said.Ping()]
    return codec


def test_three_megabytes_pass_both_ways_with_chunking() -> None:
    codec = chunked_v1(send_limit=8_388_608)
    reply = told.Reply("data_1", "go", "big", {"x": "y" * 3_000_000})
    chunks = codec.send(reply)
    joiner = Joiner()
    joined = None
    for chunk in chunks:
        assert isinstance(chunk, Frame)
        assert len(chunk.payload) <= CHUNK_SIZE
        joined = joiner.feed(chunk.payload)
    assert joined == v1.encode(reply)[0].payload

    command = pb.request("data_1", pb.command("go", pb.entry("x", pb.block(3, "y" * 3_000_000))))
    pieces = [command[at : at + 65_535] for at in range(0, len(command), 65_535)]
    for piece in pieces[:-1]:
        assert codec.receive(Channel.DATA, b"\x01" + piece) == []
    (heard,) = codec.receive(Channel.DATA, b"\x00" + pieces[-1])
    assert heard == said.Command("data_1", "go", {"x": "y" * 3_000_000})


def test_small_messages_wear_the_prefix_on_both_channels() -> None:
    frames = chunked_v1().send(told.SessionEnded("stopped"))
    plain = v1.encode(told.SessionEnded("stopped"))
    assert all(isinstance(frame, Frame) for frame in frames)
    assert frames == [Frame(f.channel, b"\x00" + bytes(f.payload)) for f in plain]  # type: ignore[arg-type]


def test_text_wears_the_prefix_as_text() -> None:
    codec = Codec(chunked=True)
    assert codec.receive(Channel.DATA, "\x00" + V0_PING) == [said.Ping()]
    (frame,) = codec.send(HELLO)
    assert frame == Frame(Channel.DATA, "\x00" + str(v0.encode(HELLO)[0].payload))


def test_the_channels_are_put_together_independently() -> None:
    codec = Codec(chunked=True)
    half = len(V1_PING) // 2
    assert codec.receive(Channel.CONTROL, b"\x01" + V1_PING[:half]) == []
    go = pb.request("data_1", pb.command("go"))
    assert codec.receive(Channel.DATA, b"\x00" + go) == [said.Command("data_1", "go")]
    assert codec.receive(Channel.CONTROL, b"\x00" + V1_PING[half:]) == [said.Ping()]


def test_after_a_violation_nothing_more_is_heard() -> None:
    codec = chunked_v1(receive_limit=100)
    (heard,) = codec.receive(Channel.DATA, b"\x01" + bytes(101))
    assert heard == said.Violation("a message of more than 100 bytes")
    assert codec.receive(Channel.CONTROL, b"\x00" + V1_PING) == []


def test_a_frame_without_prefix_does_not_decide_the_framing() -> None:
    codec = Codec(chunked=True)
    assert isinstance(codec.receive(Channel.DATA, "{}")[0], said.Undecodable)
    assert codec.version is None


def test_a_reply_over_the_agreed_limit_becomes_an_error_with_chunking_too() -> None:
    codec = chunked_v1(send_limit=1000)
    frame, dropped = codec.send(told.Reply("data_1", "go", "big", {"x": "y" * 1000}))
    assert isinstance(frame, Frame)
    assert frame.payload[:1] == b"\x00"
    assert isinstance(dropped, Dropped)


@given(st.booleans(), st.booleans(), st.lists(st.tuples(channels, payloads), max_size=8))
def test_any_sequence_of_frames_has_a_clean_outcome(
    flat: bool, chunked: bool, frames: list[tuple[Channel, str | bytes]]
) -> None:
    codec = Codec(flat=flat, chunked=chunked, receive_limit=200)
    for channel, payload in frames:
        # The first frame that shows the framing releases what was kept until then.
        *released, heard = codec.receive(channel, payload) or [said.Ping()]
        assert all(isinstance(item, Frame) for item in released)
        assert isinstance(heard, said.Inbound)
        assert all(isinstance(item, Frame) for item in codec.send(HELLO))
