"""Everything one connection knows about its data channels. Performs nothing.

Frames go in and what the client said comes out; what it is told goes in and frames come out. In
between sit the rules that need memory: which framing the client speaks, what waits until that is
known, what has arrived of a chunked message, and how large a message may be.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

from reactor_actors.core.wire import v0, v1
from reactor_actors.core.wire.chunking import MESSAGE_LIMIT, Joiner, cut
from reactor_actors.core.wire.frames import FRAME_LIMIT, Channel, Frame
from reactor_actors.core.wire.inbound import Inbound, Undecodable, Violation
from reactor_actors.core.wire.outbound import (
    INTERNAL_ERROR,
    MESSAGE_TOO_LARGE,
    Capabilities,
    Failure,
    Outbound,
    PublishRefused,
    Reply,
    Schema,
)
from reactor_actors.core.wire.sniff import Version, sniff
from reactor_actors.core.wire.strict import size_of

KEPT = 64
"""Messages that wait until the framing is known."""

_DECODE = {Version.V0: v0.decode, Version.V1: v1.decode}
_ENCODE = {Version.V0: v0.encode, Version.V1: v1.encode}


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that did not reach the client as it was. A reply has left an error in its place."""

    outbound: Outbound
    reason: str


Sent: TypeAlias = list[Frame | Dropped]
Received: TypeAlias = list[Inbound | Frame | Dropped]


class Codec:
    """Decode and encode for one connection, until its peer is replaced.

    `flat` connections are spoken to in version 0 before they have said anything. Without chunking,
    `send_limit` is what the peer takes in one frame; with it, the smaller of both sides' limits
    for a whole message, and `receive_limit` is the one the answer promised.
    """

    def __init__(
        self,
        *,
        flat: bool = False,
        chunked: bool = False,
        send_limit: int = FRAME_LIMIT,
        receive_limit: int = MESSAGE_LIMIT,
    ) -> None:
        self._version: Version | None = None
        self._flat = flat
        self._chunked = chunked
        self._send_limit = send_limit
        self._receive_limit = receive_limit
        self._joiners = {channel: Joiner(receive_limit) for channel in Channel}
        self._kept: deque[Outbound] = deque()
        self._violated = False

    @property
    def version(self) -> Version | None:
        """The framing the client has shown to speak, None before its first frame."""
        return self._version

    def receive(self, channel: Channel, payload: str | bytes) -> Received:
        """Take a frame; return what has to be sent because of it, then what it says.

        The list is empty while a chunked message is incomplete, and after a `Violation`, which is
        the last thing a connection is heard to say.
        """
        if self._violated:
            return []
        message = self._joined(channel, payload)
        if isinstance(message, Violation):
            self._violated = True
        if message is None:
            return []
        if not isinstance(message, str | bytes):
            return [message]
        released: Sent = []
        if self._version is None:
            self._version = sniff(message)
            released = self._release()
        if not _speaks(self._version, message):
            return [Undecodable("a frame in a framing this connection does not speak")]
        return [*released, _DECODE[self._version](channel, message)]

    def send(self, outbound: Outbound) -> Sent:
        """Return the frames that say it, in order, or nothing yet while the framing is unknown.

        What is too large or cannot be encoded is `Dropped`; whoever waits for it gets an error.
        """
        if self._version is None and not self._flat:
            return self._keep(outbound)
        try:
            return self._encoded(outbound)
        except ValueError as error:
            code = MESSAGE_TOO_LARGE if isinstance(error, _OversizeError) else INTERNAL_ERROR
            reason = str(error)
        substitute = _stand_in(outbound, code, f"The answer cannot be sent: {reason}.")
        try:
            frames = [] if substitute is None else self._encoded(substitute)
        except _OversizeError:
            frames = []
        return [*frames, Dropped(outbound, reason)]

    def _joined(
        self, channel: Channel, payload: str | bytes
    ) -> str | bytes | Undecodable | Violation | None:
        if self._chunked:
            return self._joiners[channel].feed(payload)
        if size_of(payload) > self._receive_limit:
            return Undecodable(f"a frame of more than {self._receive_limit} bytes")
        return payload

    def _release(self) -> Sent:
        kept, self._kept = self._kept, deque()
        return [item for outbound in kept for item in self.send(outbound)]

    def _keep(self, outbound: Outbound) -> Sent:
        self._kept.append(outbound)
        if len(self._kept) <= KEPT:
            return []
        return [Dropped(self._kept.popleft(), "too many messages wait for a first frame")]

    def _encoded(self, outbound: Outbound) -> Sent:
        frames = _ENCODE[self._version or Version.V0](outbound)
        if any(size_of(frame.payload) > self._send_limit for frame in frames):
            raise _OversizeError(f"it takes more than {self._send_limit} bytes")
        if not self._chunked:
            return [*frames]
        return [Frame(frame.channel, piece) for frame in frames for piece in cut(frame.payload)]


def _speaks(version: Version, message: str | bytes) -> bool:
    if version is Version.V1:
        return isinstance(message, bytes)
    return sniff(message) is Version.V0


def _stand_in(outbound: Outbound, code: str, message: str) -> Outbound | None:
    """Return the error for whoever waits for an answer that cannot be sent; None if nobody does."""
    match outbound:
        case Reply(request, command):
            return Failure(request, command, code, message)
        case Failure(request, command, channel=channel):
            return Failure(request, command, code, message, channel)
        case Schema(request):
            return Failure(request, "requestSchema", code, message, Channel.CONTROL)
        case Capabilities():
            return Failure(None, "requestCapabilities", code, message)
        case PublishRefused(request):
            return PublishRefused(request, message)
        case _:
            return None


class _OversizeError(ValueError):
    """A message is over the limit for sending."""
