"""`Channel`: one end of a stream socket that carries frames, and descriptors beside them.

Sending never waits and may come from any thread: what the socket does not take at once is kept, and
sent by the loop. So a frame needs no second thread to leave, and order is that of the calls. How
much may be kept is the owner's decision; `waiting` tells.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import logging
import os
import socket
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reactor_actors.links.framing import Decoder, FrameError, encode

log = logging.getLogger("reactor_actors.links")

READ_BYTES = 2**16
READ_BYTES_AT_MOST = 2**20
OVERHEAD = 128
"""What a waiting frame costs beside its bytes."""

MOST_DESCRIPTORS = 8
_BESIDE = socket.CMSG_SPACE(MOST_DESCRIPTORS * array.array("i").itemsize)


@dataclass(slots=True)
class _Part:
    data: memoryview
    cost: int
    fd: int | None


class Channel:
    """Owner of a connected, non-blocking socket.

    `receive` is called on the loop with every message, `ended` once with the reason in words, also
    after `close()`. `start` and `close` belong to the loop. What `receive` raises is logged, but
    for a `FrameError`, which ends the channel, as bytes do that are no frame.
    """

    def __init__(
        self,
        sock: socket.socket,
        types: Sequence[type],
        receive: Callable[[Any], None],
        ended: Callable[[str], None],
    ) -> None:
        self._sock = sock
        self._decoder = Decoder(types)
        self._receive = receive
        self._ended = ended
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._deaf = False  # the other end takes nothing any more; it may have said something
        self._writing = False
        self._outbox: deque[_Part] = deque()
        self._waiting = 0
        self._room = threading.Condition()
        self._arrived: deque[int] = deque()
        _open_channels.add(self)

    @property
    def waiting(self) -> int:
        """How many bytes wait to be sent, without the large ones, which others keep anyway."""
        return self._waiting

    def start(self) -> None:
        """Begin to read, in the running loop."""
        if not self._closed:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._sock, self._readable)
            with self._room:
                self._write_later()

    def send(self, *messages: Any, fd: int | None = None) -> None:
        """Send messages, in one piece if the socket takes it; a closed channel drops them.

        `fd` goes with the first one; it is closed here once it is sent. Raises `TypeError` or
        `ValueError` for a message that cannot be framed.
        """
        frames = [encode(message) for message in messages]
        if not frames:
            return
        if all(len(frame) == 1 for frame in frames):
            frames = [[b"".join(head for (head,) in frames)]]
        with self._room:
            if self._closed or self._deaf:
                _close(fd)
                return
            idle = not self._outbox
            for head, *large in frames:
                self._keep(head, OVERHEAD + len(head), fd)
                fd = None
                for part in large:
                    self._keep(part, OVERHEAD)
            if idle:
                self._write()
            self._write_later()

    def until_below(self, limit: int) -> None:
        """Block this thread while more than `limit` bytes wait. Not for the channel's own loop."""
        if self._waiting > limit:
            with self._room:
                self._room.wait_for(lambda: self._closed or self._waiting <= limit)

    def take_descriptor(self) -> int:
        """Return the oldest descriptor that came; the caller closes it. Raises `FrameError`."""
        if not self._arrived:
            raise FrameError("a message came without its descriptor")
        return self._arrived.popleft()

    def close(self, reason: str = "closed at this end") -> None:
        """End both directions. What the socket does not take at once is gone."""
        with self._room:
            if self._closed:
                return
            self._write()
            self._closed = True
            self._drop()
            _open_channels.discard(self)
            if self._loop is not None:
                self._loop.remove_reader(self._sock)
                self._loop.remove_writer(self._sock)
            self._sock.close()
        while self._arrived:
            _close(self._arrived.popleft())
        self._ended(reason)

    def abandon(self) -> None:
        """Close the socket in a forked child, which shares it but is not the one who speaks."""
        self._closed = True
        self._sock.close()

    def _readable(self) -> None:
        size = min(max(self._decoder.missing, READ_BYTES), READ_BYTES_AT_MOST)
        try:
            data, beside, flags, _ = self._sock.recvmsg(size, _BESIDE, socket.MSG_CMSG_CLOEXEC)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.close(f"the other end is gone: {error.strerror}")
            return
        for _, _, descriptors in beside:
            self._arrived.extend(array.array("i", descriptors))
        if not data:
            self.close("the other end is gone")
            return
        try:
            if flags & socket.MSG_CTRUNC or len(self._arrived) > MOST_DESCRIPTORS:
                raise FrameError("too many descriptors")
            for message in self._decoder.feed(data):
                self._take(message)
                if self._closed:
                    return
        except FrameError as error:
            reason = str(error)  # without its traceback, which refers to what is to be let go
            log.error("the link is closed: %s", reason)
            self.close(reason)

    def _take(self, message: Any) -> None:
        try:
            self._receive(message)
        except FrameError:
            raise
        except Exception:
            log.exception("a %s could not be dealt with", type(message).__name__)

    def _keep(self, data: bytes, cost: int, fd: int | None = None) -> None:
        self._outbox.append(_Part(memoryview(data), cost, fd))
        self._waiting += cost

    def _write(self) -> None:
        """Send what the socket takes. The lock is held."""
        while self._outbox:
            part = self._outbox[0]
            try:
                if part.fd is None:
                    sent = self._sock.send(part.data)
                else:
                    sent = socket.send_fds(self._sock, [part.data], [part.fd])
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # The end of the stream is noticed where it is read, after all that was said.
                self._deaf = True
                self._drop()
                return
            _close(part.fd)
            part.fd = None
            part.data = part.data[sent:]
            if not part.data:
                self._outbox.popleft()
                self._waiting -= part.cost
                self._room.notify_all()

    def _write_later(self) -> None:
        """Have the loop send what waits. The lock is held."""
        if self._outbox and not self._writing and self._loop is not None:
            self._writing = True
            with contextlib.suppress(RuntimeError):  # the loop is closed, and this soon will be
                self._loop.call_soon_threadsafe(self._arm)

    def _arm(self) -> None:
        if not self._closed and self._loop is not None:
            self._loop.add_writer(self._sock, self._writable)

    def _writable(self) -> None:
        with self._room:
            self._write()
            if not self._outbox and self._loop is not None:
                self._loop.remove_writer(self._sock)
                self._writing = False

    def _drop(self) -> None:
        for part in self._outbox:
            _close(part.fd)
        self._outbox.clear()
        self._waiting = 0
        self._room.notify_all()


_open_channels: weakref.WeakSet[Channel] = weakref.WeakSet()


def _abandon_all() -> None:
    for channel in list(_open_channels):
        channel.abandon()


# A child that an author's library forks would keep the connection of a dead parent open.
os.register_at_fork(after_in_child=_abandon_all)


def _close(fd: int | None) -> None:
    if fd is not None:
        os.close(fd)
