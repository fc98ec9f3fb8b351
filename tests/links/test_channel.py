from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.messages import CommandRequested, Said
from reactor_actors.links.channel import MOST_DESCRIPTORS, Channel
from reactor_actors.links.framing import FrameError, encode
from tests.links.joined import until

TYPES = (Said, CommandRequested)


class End:
    """A channel that records, and calls `then` with every message."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.heard: list[Any] = []
        self.ended: list[str] = []
        self.then: Callable[[Any], None] = lambda message: None
        self.channel = Channel(sock, TYPES, self._receive, self.ended.append)

    def _receive(self, message: Any) -> None:
        self.heard.append(message)
        self.then(message)


@pytest.fixture
async def ends() -> AsyncIterator[tuple[End, End]]:
    one, two = map(End, socket.socketpair())
    one.channel.start()
    yield one, two
    one.channel.close()
    two.channel.close()


def said(number: int, size: int = 0) -> Said:
    return Said("a", {"number": number, "text": "x" * size})


async def test_what_is_sent_from_several_threads_arrives_once_and_in_each_ones_order(
    ends: tuple[End, End],
) -> None:
    one, two = ends

    def speak(start: int) -> None:
        for number in range(start, start + 300):
            one.channel.send(said(number, size=number * 3))

    threads = [threading.Thread(target=speak, args=(start,)) for start in (0, 1000, 2000)]
    for thread in threads:
        thread.start()
    two.channel.start()
    await until(lambda: len(two.heard) == 900)
    numbers = [message.data["number"] for message in two.heard]
    for start in (0, 1000, 2000):
        assert [n for n in numbers if start <= n < start + 300] == list(range(start, start + 300))
    for thread in threads:
        thread.join()


async def test_what_the_socket_does_not_take_waits_and_is_counted(ends: tuple[End, End]) -> None:
    one, two = ends
    while one.channel.waiting < 2**20:
        one.channel.send(said(1, size=100_000))
    two.channel.start()
    await until(lambda: one.channel.waiting == 0)


async def test_large_bytes_that_wait_are_not_counted(ends: tuple[End, End]) -> None:
    one, two = ends
    file = UploadedFile("a", "b", 2**24, bytes(2**24))
    command = CommandRequested(1, "anna", "go", {}, {"u": file, "v": file})
    one.channel.send(command)
    one.channel.send(command)
    assert one.channel.waiting < 1000
    two.channel.start()
    await until(lambda: len(two.heard) == 2)
    assert two.heard == [command, command]


async def test_several_messages_go_in_one_piece(ends: tuple[End, End]) -> None:
    one, two = ends
    one.channel.send()
    one.channel.send(said(1), said(2), said(3))
    two.channel.start()
    await until(lambda: two.heard)
    assert two.heard == [said(1), said(2), said(3)]


async def test_descriptors_arrive_with_their_message_and_are_closed_at_the_sender(
    ends: tuple[End, End],
) -> None:
    one, two = ends
    arrived: list[bytes] = []

    def take(message: Any) -> None:
        fd = two.channel.take_descriptor()
        assert not os.get_inheritable(fd)
        arrived.append(os.pread(fd, 10, 0))
        os.close(fd)

    two.then = take
    before = len(os.listdir("/proc/self/fd"))
    for number in range(300):
        fd = os.memfd_create("x")
        os.write(fd, b"%d" % number)
        one.channel.send(said(number, size=5000), fd=fd)
    two.channel.start()
    await until(lambda: len(arrived) == 300)
    assert arrived == [b"%d" % number for number in range(300)]
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_message_without_its_descriptor_is_a_frame_error(ends: tuple[End, End]) -> None:
    with pytest.raises(FrameError, match="without its descriptor"):
        ends[0].channel.take_descriptor()


async def test_descriptors_nobody_asked_for_end_the_channel(ends: tuple[End, End]) -> None:
    one, two = ends
    before = len(os.listdir("/proc/self/fd"))
    for number in range(MOST_DESCRIPTORS + 2):
        two.channel.send(said(number), fd=os.memfd_create("x"))
    await until(lambda: one.ended)
    assert one.ended == ["too many descriptors"]
    two.channel.close()
    assert len(os.listdir("/proc/self/fd")) == before - 2


async def test_the_other_end_hears_all_that_was_said_before_the_end(ends: tuple[End, End]) -> None:
    one, two = ends
    two.channel.send(said(1))
    one.channel.send(said(2))  # never read: its socket ends with an error, after all that was said
    two.channel.send(said(3))
    two.channel.close()
    await until(lambda: one.ended)
    assert one.heard == [said(1), said(3)]
    assert one.ended[0].startswith("the other end is gone")
    assert two.ended == ["closed at this end"]


async def test_sending_to_an_end_that_is_gone_does_not_hide_what_it_said(
    ends: tuple[End, End],
) -> None:
    one, two = ends
    two.channel.send(said(1))
    two.channel.close()
    for number in range(10):
        one.channel.send(said(number, size=100_000), fd=os.memfd_create("x"))
    assert one.channel.waiting == 0
    await until(lambda: one.ended)
    assert one.heard == [said(1)]


async def test_a_closed_channel_is_silent_and_closing_is_repeatable(ends: tuple[End, End]) -> None:
    one, _ = ends
    one.channel.close()
    one.channel.close()
    one.channel.start()
    one.channel.send(said(1), fd=os.memfd_create("x"))
    assert one.ended == ["closed at this end"]
    assert one.channel.waiting == 0


@pytest.mark.parametrize("garbage", [b"\xff" * 100, b"GET / HTTP/1.1\r\n\r\n", bytes(8)])
async def test_garbage_ends_the_channel_with_a_clear_reason(
    garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    left, right = socket.socketpair()
    end = End(left)
    end.channel.start()
    right.sendall(garbage)
    await until(lambda: end.ended)
    assert "a frame" in end.ended[0]
    assert "the link is closed: a frame" in caplog.text
    right.close()


async def test_an_error_in_dealing_with_a_message_is_logged_and_the_next_one_comes(
    ends: tuple[End, End], caplog: pytest.LogCaptureFixture
) -> None:
    one, two = ends
    one.then = lambda message: 1 // 0
    two.channel.send(said(1), said(2))
    await until(lambda: len(one.heard) == 2)
    assert not one.ended
    assert "a Said could not be dealt with" in caplog.text


def refuse(message: Any) -> None:
    raise FrameError("impossible")


async def test_a_message_that_is_impossible_ends_the_channel(ends: tuple[End, End]) -> None:
    one, two = ends
    one.then = refuse
    two.channel.send(said(1), said(2))
    await until(lambda: one.ended)
    assert (one.heard, one.ended) == ([said(1)], ["impossible"])


@pytest.mark.parametrize("end", ["read", "closed"])
async def test_whoever_waits_for_room_goes_on_when_it_is_read_or_closed(
    ends: tuple[End, End], end: str
) -> None:
    one, two = ends
    while one.channel.waiting < 2**20:
        one.channel.send(said(1, size=100_000))
    waiting = asyncio.create_task(asyncio.to_thread(one.channel.until_below, 2**19))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    if end == "read":
        two.channel.start()
    else:
        one.channel.close()
    await asyncio.wait_for(waiting, 10)


def test_what_is_sent_before_the_start_is_sent() -> None:
    left, right = socket.socketpair()
    end = End(left)
    sent = said(1, size=3_000_000)
    end.channel.send(sent)

    async def main() -> None:
        other = End(right)
        end.channel.start()
        other.channel.start()
        await until(lambda: other.heard)
        assert other.heard == [sent]
        end.channel.close()
        other.channel.close()

    asyncio.run(main())


def test_the_bytes_of_a_channel_are_those_of_its_frames() -> None:
    left, right = socket.socketpair()
    end = End(left)
    end.channel.send(said(1))
    assert right.recv(1000) == b"".join(encode(said(1)))
    end.channel.close()
    right.close()
