"""`Channels`: the data channels of one connection, as aiortc has them."""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import Any

from aiortc import RTCDataChannel

from reactor_actors.core.wire.codec import KEPT, Codec, Dropped
from reactor_actors.core.wire.frames import Channel, Frame
from reactor_actors.core.wire.inbound import Ignored, Inbound, Undecodable, Violation
from reactor_actors.core.wire.outbound import Message, Outbound

log = logging.getLogger("reactor_actors.peer")

CHANNELS = 16
QUEUE_BYTES = 8 * 2**20
STALLED_SECONDS = 10.0


class Channels:
    """What a client says and is told, on the channels it has opened.

    A client that does not read loses broadcasts beyond 8 MiB, and everything beyond twice that. It
    is `stalled`, and its connection to be closed, after ten seconds of the one or at once with the
    other. What is said before a channel is open waits for it, up to 64 frames.
    """

    def __init__(self, codec: Codec, client: str) -> None:
        self._codec = codec
        self._client = client
        self._open: dict[Channel, RTCDataChannel] = {}
        self._early: dict[Channel, deque[Frame]] = {c: deque(maxlen=KEPT) for c in Channel}
        self._all: list[RTCDataChannel] = []
        self._overrun = False
        self._full_since: float | None = None
        self._warned = False
        self.heard_at = time.monotonic()

    @property
    def stalled(self) -> bool:
        """Whether the client has not read for too long."""
        if self._waiting < QUEUE_BYTES:
            self._full_since = None
        full = self._full_since
        return self._overrun or (full is not None and time.monotonic() - full > STALLED_SECONDS)

    def add(self, channel: RTCDataChannel) -> Channel:
        """Take a channel that the client has opened, and say what waited for it."""
        kind = Channel.labelled(channel.label)
        self._all = [c for c in self._all if c.readyState != "closed"] + [channel]
        if len(self._all) > CHANNELS:
            self._overrun = True
        present = self._open.get(kind)
        # Of several channels of a kind the one with its proper name is spoken on, else the first.
        if present is None or present.readyState != "open" or channel.label == kind.value:
            self._open[kind] = channel
            while self._early[kind]:
                self._send(self._early[kind].popleft())
        return kind

    def receive(self, channel: Channel, payload: str | bytes) -> list[Inbound]:
        """Decode one frame; send what its framing, now known, lets out."""
        self.heard_at = time.monotonic()
        said: list[Inbound] = []
        for item in self._codec.receive(channel, payload):
            match item:
                case Frame() | Dropped():
                    self._send(item)
                case Undecodable(reason):
                    self._warn(f"an undecodable frame is dropped: {reason}")
                case Ignored(reason):
                    log.debug("client %s: ignored: %s", self._client, reason)
                case Violation(reason):
                    log.warning("client %s broke a limit: %s", self._client, reason)
                    said.append(item)
                case _:
                    said.append(item)
        return said

    def tell(self, message: Outbound) -> None:
        """Encode a message and queue it. A broadcast gives way when too much waits already."""
        waiting = self._waiting
        if waiting < QUEUE_BYTES:
            self._full_since = None
        else:
            self._full_since = self._full_since or time.monotonic()
            self._overrun = self._overrun or waiting >= 2 * QUEUE_BYTES
            if self._overrun or isinstance(message, Message):
                self._warn(f"broadcasts are dropped: {waiting} bytes wait to be read")
                return
        for item in self._codec.send(message):
            self._send(item)

    @property
    def _waiting(self) -> int:
        return sum(channel.bufferedAmount for channel in self._all)

    def _send(self, item: Frame | Dropped) -> None:
        if isinstance(item, Dropped):
            self._warn(f"{type(item.outbound).__name__} did not reach it: {item.reason}")
            return
        channel: Any = self._open.get(item.channel)
        if channel is None:
            self._early[item.channel].append(item)
        elif channel.readyState == "open":
            try:
                channel.send(item.payload)
            except ValueError as error:  # its own limit is below a chunk
                self._warn(f"a frame did not reach it: {error}")

    def _warn(self, text: str) -> None:
        """Say something once per connection; a flood of bad frames is no flood of log lines."""
        level = logging.DEBUG if self._warned else logging.WARNING
        self._warned = True
        log.log(level, "client %s: %s", self._client, text)
