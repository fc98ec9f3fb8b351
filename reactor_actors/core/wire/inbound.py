"""What clients say, whichever framing carried it.

A decoder makes these values and the session reads them. Nothing here knows JSON or protobuf, and
nothing decides what an utterance means.

`request` is the id a client put on its request, or None when it waits for no answer; the reply
brings it back unchanged. The JSON framing has no ids for commands: there a request without one can
still be told that it failed, because the failure names the command.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from reactor_actors.core.wire.uploads import UploadRef


@dataclass(frozen=True, slots=True)
class Command:
    """Run the handler `name`. Neither the name nor the arguments have been checked.

    The arguments are plain JSON with finite numbers, no deeper than `strict.MAX_DEPTH`. Numbers
    from the protobuf framing are floats, also where an integer was meant.
    """

    request: str | None
    name: str
    args: dict[str, object] = field(default_factory=dict)
    uploads: dict[str, UploadRef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A command that cannot be run and whose sender can be told so: answer `invalid_command`."""

    request: str | None
    command: str
    message: str


@dataclass(frozen=True, slots=True)
class StepRequest:
    """Ask for one step of a stepped generation: answer `not_supported`."""

    request: str | None


@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life, which nobody answers."""


@dataclass(frozen=True, slots=True)
class CapabilitiesRequest:
    """Ask for the descriptor's capabilities."""


@dataclass(frozen=True, slots=True)
class SchemaRequest:
    """Ask for the schema document."""

    request: str | None = None


@dataclass(frozen=True, slots=True)
class ClockRequest:
    """Ask for the time here, and for what the time stamps of pictures mean."""


@dataclass(frozen=True, slots=True)
class FileUploaded:
    """Announce that the bytes of an upload are in place."""

    upload: UploadRef


@dataclass(frozen=True, slots=True)
class ClipRequest:
    """Ask for a clip of the last seconds."""

    request: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingRequest:
    """Ask for the recording of the session."""

    request: str | None = None


@dataclass(frozen=True, slots=True)
class Publish:
    """Claim an input track. The name is empty when the client gave none that can be read."""

    request: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Unpublish:
    """Give an input track back."""

    name: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop sending an output track to this connection."""

    name: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Start or go on sending an output track to this connection."""

    name: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Well formed, and nothing that this version acts on. Worth no log line above debug."""

    reason: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Not to be read at all: worth one log line, and no answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class Violation:
    """The client broke a limit both sides had agreed on: close this connection."""

    reason: str


Inbound: TypeAlias = (
    Command
    | Malformed
    | StepRequest
    | Ping
    | CapabilitiesRequest
    | SchemaRequest
    | ClockRequest
    | FileUploaded
    | ClipRequest
    | RecordingRequest
    | Publish
    | Unpublish
    | Pause
    | Resume
    | Ignored
    | Undecodable
    | Violation
)
