from __future__ import annotations

import contextlib
import itertools
from types import MappingProxyType
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.messages import (
    Answered,
    ClientJoined,
    ClientLeft,
    CommandRequested,
    FileReceived,
    Grant,
    Said,
    SessionClosed,
    SessionOver,
    SessionStarted,
    SessionStopped,
)
from reactor_actors.links.frames import (
    TO_CLIENTS,
    TO_MODEL,
    Cut,
    Fed,
    PlacedPicture,
    Pushed,
    Rate,
    Released,
    RingMade,
    TickSound,
)
from reactor_actors.links.framing import LARGE, MAX_HEAD, MAX_TAIL, Decoder, FrameError, encode

TYPES = (*TO_MODEL, *TO_CLIENTS)
LARGE_FILE = UploadedFile("ü \U0001f600", "x/y", 3 * LARGE, b"abc" * LARGE)
SMALL_FILE = UploadedFile("a", "b", 2, b"\x00\xff")
MESSAGES = [
    SessionStarted("s"),
    SessionStopped(""),
    ClientJoined("änna", 1.5),
    ClientLeft("\ud83d"),
    CommandRequested(1, "anna", "go", {"x": [1, None, {"y": -0.5}]}, {"u": LARGE_FILE}),
    CommandRequested(2**63, "anna", "go", {"a": 2**64 - 1}, {"u": SMALL_FILE, "v": LARGE_FILE}),
    FileReceived("anna", SMALL_FILE),
    Said("progress", {"step": True, "": "\x00"}),
    Said("progress", {}, "anna"),
    Answered(1, "done", {"n": 1}),
    Answered(1, code="busy", message="später"),
    SessionClosed("s"),
    SessionOver("s", "stopped"),
    Grant(3, float("-inf"), 0.5, 0.25),
    RingMade(0, 8, 2**21),
    Released(1, [0, 5]),
    Pushed(7),
    Pushed(1, 0.5, 2, 3, [PlacedPicture("m", 6, 4)], [TickSound("v", 2, b"\x00" * 2 * LARGE)]),
    Cut(1, True),
    Rate(30.0),
    Fed("camera", 0, 1, 6, 4, False, None, None, None),
    Fed("voice", 0, 1, 1, 960, True, 0.5, 3, 5),
]


def framed(message: Any) -> bytes:
    return b"".join(encode(message))


def raw(fields: Any, tail: bytes = b"", **options: Any) -> bytes:
    head = msgpack.packb(fields, **options)
    return len(head).to_bytes(4, "big") + len(tail).to_bytes(4, "big") + head + tail


def read(data: bytes) -> list[Any]:
    return list(Decoder(TYPES).feed(data))


def test_there_is_an_example_of_every_type_that_crosses() -> None:
    assert {type(message) for message in MESSAGES} == set(TYPES)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_message_comes_back_as_it_was(message: Any) -> None:
    assert read(framed(message)) == [message]


def test_a_file_of_64_mebibytes_is_not_copied_on_its_way_out() -> None:
    data = bytes(64 * 2**20)
    _, tail = encode(FileReceived("anna", UploadedFile("a", "b", len(data), data)))
    assert tail is data
    (message,) = read(framed(FileReceived("anna", UploadedFile("a", "b", len(data), data))))
    assert message.file.data == data


def test_a_stream_may_be_cut_anywhere() -> None:
    small = [message for message in MESSAGES if len(framed(message)) < 500]
    for size, messages in ((1, small), (7, small), (1000, MESSAGES), (65536, MESSAGES)):
        stream = b"".join(framed(message) for message in messages)
        decoder, found = Decoder(TYPES), []
        for start in range(0, len(stream), size):
            found += decoder.feed(stream[start : start + size])
        assert found == messages


def test_the_decoder_tells_how_much_is_missing() -> None:
    decoder, frame = Decoder(TYPES), framed(MESSAGES[4])
    assert decoder.missing == 8
    assert list(decoder.feed(frame[:8])) == []
    assert decoder.missing == len(frame) - 8
    assert list(decoder.feed(frame[8:] + frame[:3])) == [MESSAGES[4]]
    assert decoder.missing == 5


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None)),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=20,
)


@given(payload=st.dictionaries(st.text(), JSON))
def test_whatever_json_can_say_can_cross(payload: dict[str, Any]) -> None:
    message = CommandRequested(1, "anna", "go", payload)
    assert read(framed(message)) == [message]


def test_any_mapping_crosses_as_a_dict() -> None:
    assert read(framed(Said("a", MappingProxyType({"x": 1})))) == [Said("a", {"x": 1})]


def test_what_msgpack_cannot_say_is_the_senders_mistake() -> None:
    with pytest.raises(TypeError, match="a set cannot cross the link"):
        encode(Said("a", {"x": {1, 2}}))
    with pytest.raises(ValueError, match="too large for the link"):
        encode(Said("a", {"x": "y" * MAX_HEAD}))


MALFORMED = {
    "a huge head": (MAX_HEAD + 1).to_bytes(4, "big") + bytes(4),
    "a huge tail": bytes(4) + (MAX_TAIL + 1).to_bytes(4, "big"),
    "nothing": bytes(8),
    "no msgpack": (2).to_bytes(4, "big") + bytes(4) + b"\xc1\xc1",
    "more than one value": (2).to_bytes(4, "big") + bytes(4) + b"\x90\x90",
    "a deep list": (99_999).to_bytes(4, "big") + bytes(4) + b"\x91" * 99_999,
    "an impossible key": (4).to_bytes(4, "big") + bytes(4) + b"\x91\x81\x90\x00",
    "no list": raw({"a": 1}),
    "an empty list": raw([]),
    "no name": raw([1, 2]),
    "an unknown name": raw(["Dropped", 1]),
    "too few fields": raw(["SessionStarted"]),
    "too many fields": raw(["SessionStarted", "s", "t"]),
    "a number for a text": raw(["SessionStarted", 1]),
    "nothing for a text": raw(["SessionStarted", None]),
    "a truth for a number": raw(["Released", 0, [True]]),
    "a text for a list": raw(["Released", 0, "12"]),
    "a text for a number": raw(["Grant", 1, "x", 0.5, 0.5]),
    "a list for a mapping": raw(["Said", "a", [], None]),
    "a text for a file": raw(["FileReceived", "anna", "file"]),
    "an unfinished file": raw(["FileReceived", "anna", ["a", "b", 1]]),
    "bytes beyond the end": raw(
        ["FileReceived", "anna", ["a", "b", 1, msgpack.ExtType(1, bytes(4) + b"\0\0\0\x05")]], b"x"
    ),
    "an unknown extension": raw(["SessionStarted", msgpack.ExtType(7, b"abc")]),
    "an extension without a place": raw(["SessionStarted", msgpack.ExtType(1, b"abc")]),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_frame_is_a_frame_error(name: str) -> None:
    with pytest.raises(FrameError, match=r".+"):
        read(MALFORMED[name])


def test_a_type_of_the_other_direction_is_refused() -> None:
    with pytest.raises(FrameError, match="unexpected type 'Grant'"):
        list(Decoder(TO_CLIENTS).feed(framed(Grant(1, 1.0, 1.0, 1.0))))


@given(
    message=st.sampled_from([m for m in MESSAGES if len(framed(m)) < 500]),
    damage=st.lists(st.tuples(st.integers(8, 500), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_damaged_frame_is_read_or_refused_and_nothing_else(
    message: Any, damage: list[tuple[int, int]]
) -> None:
    frame = bytearray(framed(message))
    for place, value in damage:
        frame[8 + place % (len(frame) - 8)] = value
    with contextlib.suppress(FrameError):
        assert all(type(message) in TYPES for message in read(bytes(frame)))


def test_the_two_directions_share_only_what_rings_need() -> None:
    both = {a for a, b in itertools.product(TO_MODEL, TO_CLIENTS) if a is b}
    assert both == {RingMade, Released}
