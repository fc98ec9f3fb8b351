"""What goes into a `Session` and what comes out of it, as data.

Events are facts: the model is ready, a client has left, a timer has run out. Effects are orders to
the shell around the session, to be carried out one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from reactor_actors.core import messages as link
from reactor_actors.core.contract import Contract
from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.wire import inbound, outbound


class Timer(StrEnum):
    """What the shell may be asked to wait for."""

    ORPHAN = "orphan"
    LONGEST = "longest"
    GRACE = "grace"


@dataclass(frozen=True, slots=True)
class ModelReady:
    """The model is loaded, at first or again after a crash."""

    contract: Contract
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelLost:
    """The model has crashed and will be restarted."""

    at: float = 0.0
    attempt: int = 1
    max_attempts: int = 3
    retry_in_ms: int = 1000


@dataclass(frozen=True, slots=True)
class ModelGivenUp:
    """The model has crashed once too often."""


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody wants a session, to be called `session`."""

    session: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody wants the session to end."""

    reason: str = "stopped"


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The server is going: end the session now, and take no other."""


@dataclass(frozen=True, slots=True)
class PeerJoined:
    """A connection is up. `at` is Unix time."""

    client: str
    at: float


@dataclass(frozen=True, slots=True)
class PeerLeft:
    """A connection is gone for good."""

    client: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A client said something."""

    client: str
    said: inbound.Inbound


@dataclass(frozen=True, slots=True)
class FilesFound:
    """The uploads that command `number` refers to."""

    number: int
    files: Mapping[str, UploadedFile]


@dataclass(frozen=True, slots=True)
class FilesMissing:
    """Command `number` refers to uploads that are unknown, or did not come in time."""

    number: int
    message: str


@dataclass(frozen=True, slots=True)
class FileStored:
    """A client announced an upload whose bytes are here."""

    client: str
    file: UploadedFile


@dataclass(frozen=True, slots=True)
class Fired:
    """A timer has run out."""

    timer: Timer


Event: TypeAlias = (
    ModelReady | ModelLost | ModelGivenUp | Start | Stop | Shutdown | PeerJoined | PeerLeft | Heard
    | FilesFound | FilesMissing | FileStored | Fired | link.FromModel
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TellModel:
    """Deliver a message to the model."""

    message: link.ToModel


@dataclass(frozen=True, slots=True)
class Tell:
    """Send a message to one client."""

    client: str
    message: outbound.Outbound


@dataclass(frozen=True, slots=True)
class TellAll:
    """Send a message to every client."""

    message: outbound.Outbound


@dataclass(frozen=True, slots=True)
class FindFiles:
    """Look for uploads, waiting for bytes on their way; answer `FilesFound` or `FilesMissing`."""

    number: int
    uploads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindFile:
    """Look for an announced upload; answer `FileStored`, or nothing."""

    client: str
    upload: str


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Start a timer, replacing one of that name; answer `Fired`."""

    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True)
class ClearTimer:
    """Stop a timer, if it runs."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class ClosePeers:
    """Close connections, flushing what was told to them; those of `clients` only, if given."""

    clients: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ForgetSession:
    """Delete uploads, queued ticks and last pictures: nothing of a session outlives it."""


@dataclass(frozen=True, slots=True)
class ReplaceModel:
    """Kill the model's process: it has not come back from author code. Answer `ModelLost`.

    It has had `seconds` since the end of its session.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Note:
    """Something for the log and the journal: `kind` and its facts.

    `session` is filled in by the shell: the session it happened in, also when that ends with it.
    """

    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    session: str | None = field(default=None, compare=False)


Effect: TypeAlias = (
    TellModel | Tell | TellAll | FindFiles | FindFile | SetTimer | ClearTimer | ClosePeers
    | ForgetSession | ReplaceModel | Note
)  # fmt: skip
