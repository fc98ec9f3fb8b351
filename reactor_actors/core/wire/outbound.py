"""What clients are told, whichever framing will carry it.

The session makes these values and an encoder turns them into frames. Not every framing has a word
for each of them: an acknowledgement is no frame in JSON, capabilities are none in protobuf.

`request` is the id of the request that is answered, None when it had none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reactor_actors.core.wire.frames import Channel

# Error codes that arise on the wire itself.
INTERNAL_ERROR = "internal_error"
MESSAGE_TOO_LARGE = "message_too_large"
PUBLISH_REFUSED = "publish_refused"
SESSION_ENDED = "session_ended"


@dataclass(frozen=True, slots=True)
class Message:
    """A broadcast of the application. It settles nobody's request.

    A `flat` one has its values beside its type, where the framing has room for that.
    """

    type: str
    data: Mapping[str, object]
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """The message that `command` returned, for its sender only."""

    request: str | None
    command: str
    type: str
    data: Mapping[str, object]
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Ack:
    """A command has run and returned nothing."""

    request: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A request failed. `channel` is the one the request came on."""

    request: str | None
    command: str
    code: str
    message: str
    channel: Channel = Channel.DATA


@dataclass(frozen=True, slots=True)
class Schema:
    """The schema document, for the client that asked."""

    request: str | None
    document: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The descriptor's capabilities, for the client that asked."""

    document: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Mark:
    """The picture with RTP time stamp `rtp` was shown at `time`, in Unix seconds."""

    rtp: int
    time: float


@dataclass(frozen=True, slots=True)
class Clock:
    """The time at the sender of the pictures, and one mark for each track that has sent any."""

    time: float
    tracks: Mapping[str, Mark]


@dataclass(frozen=True, slots=True)
class ClipFailed:
    """There will be no clip or recording."""

    request: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Published:
    """The input track belongs to this connection."""

    request: str | None
    name: str


@dataclass(frozen=True, slots=True)
class PublishRefused:
    """The input track does not exist or belongs to another connection."""

    request: str | None
    message: str


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session is over; the peer is about to be closed."""

    reason: str


@dataclass(frozen=True, slots=True)
class RuntimeNotice:
    """News from the runtime and not from the model: `modelRestarting`, `modelRestarted`."""

    type: str
    data: Mapping[str, object]


Outbound: TypeAlias = (
    Message
    | Reply
    | Ack
    | Failure
    | Schema
    | Capabilities
    | Clock
    | ClipFailed
    | Published
    | PublishRefused
    | SessionEnded
    | RuntimeNotice
)
