"""What crosses the link. Frozen plain data: text, numbers, bytes, lists and dicts of them.

Towards the model: sessions and clients come and go, commands and files arrive. All of it is one
ordered stream (`ToModel`). From the model: what it has to say, its answers, that a session is over
and that it is wound down (`FromModel`). Media has its own types in `media`, and `Grant` is the
credit that comes back for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from reactor_actors.core.fields import UploadedFile


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A session begins; it has no client yet."""

    session: str


@dataclass(frozen=True, slots=True)
class SessionStopped:
    """The session is over. Wind it down and answer with `SessionClosed`."""

    session: str


@dataclass(frozen=True, slots=True)
class ClientJoined:
    """A client has connected. `joined_at` is Unix time in seconds."""

    client: str
    joined_at: float


@dataclass(frozen=True, slots=True)
class ClientLeft:
    """A client has gone for good."""

    client: str


@dataclass(frozen=True, slots=True)
class CommandRequested:
    """A command that has passed the gate. `files` holds the uploads it refers to, by id."""

    number: int
    client: str
    name: str
    payload: Mapping[str, Any]
    files: Mapping[str, UploadedFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileReceived:
    """A client finished an upload, for the upload hook."""

    client: str
    file: UploadedFile


ToModel: TypeAlias = (
    SessionStarted | SessionStopped | ClientJoined | ClientLeft | CommandRequested | FileReceived
)


@dataclass(frozen=True, slots=True)
class Said:
    """A message for one client, or for all when `client` is None.

    A `flat` one has its values beside its type, where the framing has room for that.
    """

    type: str
    data: Mapping[str, Any]
    client: str | None = None
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a command: a refusal if `code` is set, a reply if `type` is, else nothing."""

    number: int
    type: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    code: str | None = None
    message: str = ""
    flat: bool = False


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The session is wound down; the next one may start."""

    session: str


@dataclass(frozen=True, slots=True)
class SessionOver:
    """The model says that the session is over by itself; `reason` is `stopped` or `error`.

    What follows is what follows a stop: `SessionStopped`, and the model's `SessionClosed`.
    """

    session: str
    reason: str


FromModel: TypeAlias = Said | Answered | SessionClosed | SessionOver


@dataclass(frozen=True, slots=True)
class Grant:
    """How far the model may go: `done` ticks are played or dropped, the next is due at `due`.

    Absolute, so a repeated or an overtaken grant does no harm. Instants are those of the
    system's monotonic clock, which all processes of one machine share.
    """

    done: int
    due: float
    interval: float
    lead: float

    def at(self, tick: int) -> float:
        """Return the instant at which work on tick number `tick`, counted from 0, is to begin."""
        return self.due + (tick - self.done) * self.interval - self.lead
