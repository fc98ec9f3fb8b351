import json
import logging
from dataclasses import dataclass, field

import pytest

from reactor_actors.core.wire.codec import KEPT, Codec
from reactor_actors.core.wire.frames import Channel
from reactor_actors.core.wire.inbound import Command, Violation
from reactor_actors.core.wire.outbound import Message, Reply
from reactor_actors.transports.webrtc.channels import CHANNELS, QUEUE_BYTES, Channels


@dataclass(eq=False)
class FakeChannel:
    """A data channel whose reader may be slow: what is sent waits until `read`."""

    label: str = "data"
    readyState: str = "open"  # noqa: N815 - aiortc's name
    slow: bool = False
    limit: int = 10**9
    sent: list[str | bytes] = field(default_factory=list)
    bufferedAmount: int = 0  # noqa: N815 - aiortc's name

    def send(self, payload: str | bytes) -> None:
        if len(payload) > self.limit:
            raise ValueError("the peer only supports less")
        self.sent.append(payload)
        self.bufferedAmount += len(payload) if self.slow else 0

    def read(self) -> None:
        self.bufferedAmount = 0

    @property
    def texts(self) -> list[str]:
        return [json.loads(text)["data"]["data"]["text"] for text in self.sent]


def channels(*, flat: bool = True, chunked: bool = False) -> Channels:
    return Channels(Codec(flat=flat, chunked=chunked), "anna")


def message(text: str) -> Message:
    return Message("told", {"text": text})


BIG = message("x" * 200_000)


def test_a_message_leaves_on_its_channel() -> None:
    sut, data, control = channels(), FakeChannel(), FakeChannel("control")
    assert sut.add(data) is Channel.DATA
    assert sut.add(control) is Channel.CONTROL
    sut.tell(message("hi"))
    assert data.texts == ["hi"]
    assert control.sent == []


def test_what_is_said_before_the_channel_opens_waits_for_it_in_order() -> None:
    sut, data = channels(), FakeChannel()
    for number in range(KEPT + 6):
        sut.tell(message(str(number)))
    sut.add(data)
    assert data.texts == [str(number) for number in range(6, KEPT + 6)]


def test_a_first_frame_on_control_may_come_before_data_is_open() -> None:
    sut, data, control = channels(flat=False), FakeChannel(), FakeChannel("control")
    sut.add(control)
    sut.tell(message("welcome"))
    sut.receive(Channel.CONTROL, "{}")
    sut.add(data)
    assert data.texts == ["welcome"]


def test_another_channel_of_any_label_does_not_take_the_place_of_data() -> None:
    sut, data, odd = channels(), FakeChannel(), FakeChannel("chatter")
    sut.add(data)
    sut.add(odd)
    sut.tell(message("hi"))
    assert data.texts == ["hi"]
    assert odd.sent == []


def test_an_odd_channel_serves_until_the_proper_one_opens_or_it_closes() -> None:
    sut, odd, data, late = channels(), FakeChannel("chatter"), FakeChannel(), FakeChannel("late")
    sut.add(odd)
    sut.tell(message("one"))
    sut.add(data)
    sut.tell(message("two"))
    data.readyState = "closed"
    sut.add(late)
    sut.tell(message("three"))
    assert [c.texts for c in (odd, data, late)] == [["one"], ["two"], ["three"]]


def test_a_closed_channel_swallows_what_it_is_told() -> None:
    sut, data = channels(), FakeChannel(readyState="closed")
    sut.add(data)
    sut.tell(message("hi"))
    assert data.sent == []


def test_a_reader_that_stops_loses_broadcasts_beyond_the_bound_and_no_replies() -> None:
    sut, data = channels(), FakeChannel(slow=True)
    sut.add(data)
    for _ in range(100):
        sut.tell(BIG)
    assert QUEUE_BYTES <= data.bufferedAmount <= QUEUE_BYTES + 300_000
    held = len(data.sent)
    sut.tell(Reply(None, "ask", "told", {"text": "answer"}))
    assert len(data.sent) == held + 1
    assert not sut.stalled


def test_replies_are_bounded_as_well_and_who_passes_that_bound_is_stalled_at_once() -> None:
    sut, data = channels(), FakeChannel(slow=True)
    sut.add(data)
    for _ in range(200):
        sut.tell(Reply(None, "ask", "told", {"text": "x" * 200_000}))
    assert data.bufferedAmount <= 2 * QUEUE_BYTES + 300_000
    assert sut.stalled


def test_who_has_read_in_the_meantime_is_not_stalled() -> None:
    sut, data = channels(), FakeChannel(slow=True)
    sut.add(data)
    for _ in range(100):
        sut.tell(BIG)
    data.read()
    assert not sut.stalled
    before = len(data.sent)
    sut.tell(message("again"))
    assert len(data.sent) == before + 1


def test_too_many_channels_are_as_bad_as_not_reading() -> None:
    sut = channels()
    for _ in range(CHANNELS):
        sut.add(FakeChannel())
    assert not sut.stalled
    sut.add(FakeChannel())
    assert sut.stalled


def test_channels_that_have_closed_do_not_count() -> None:
    sut = channels()
    for _ in range(5 * CHANNELS):
        channel = FakeChannel()
        sut.add(channel)
        channel.readyState = "closed"
    assert not sut.stalled


def test_a_frame_beyond_the_clients_own_limit_is_dropped_without_an_error() -> None:
    sut, data = channels(chunked=True), FakeChannel(limit=100)
    sut.add(data)
    sut.tell(message("y" * 1000))
    assert data.sent == []


def test_a_flood_of_undecodable_frames_is_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    sut = channels()
    with caplog.at_level(logging.WARNING):
        for _ in range(10_000):
            assert sut.receive(Channel.DATA, "{") == []
    assert len(caplog.records) == 1
    assert "anna" in caplog.text


def test_what_is_said_comes_out_and_what_breaks_a_limit_comes_last() -> None:
    sut = channels(chunked=True)
    said = sut.receive(Channel.DATA, '\x00{"scope":"application","data":{"type":"go","data":{}}}')
    assert said == [Command(None, "go", {})]
    for _ in range(200):
        if said := sut.receive(Channel.DATA, b"\x01" + bytes(65_000)):
            break
    assert isinstance(said[0], Violation)
    assert sut.receive(Channel.DATA, "\x00{}") == []


def test_every_frame_is_a_sign_of_life() -> None:
    sut = channels()
    before = sut.heard_at
    sut.receive(Channel.DATA, "nonsense")
    assert sut.heard_at >= before
