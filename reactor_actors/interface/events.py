"""`@event` and the lifecycle hooks: what clients can make a model do, and what it hears of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from reactor_actors.core.naming import check_name
from reactor_actors.interface.messages import ModelMessage

F = TypeVar("F", bound=Callable[..., Any])

_EVENT = "__reactor_event__"
_HOOK = "__reactor_hook__"


class Hook(StrEnum):
    """The moments a model can hook into."""

    SESSION_STARTED = "session_started"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    SESSION_ENDED = "session_ended"
    FILE_UPLOADED = "file_uploaded"


@dataclass(frozen=True, slots=True)
class EventSpec:
    """What `@event` was given."""

    name: str
    description: str
    dedupe: bool


class ClientInfo:
    """One connected client.

    Attributes:
        id: What tells it from other clients of the session.
        joined_at: When it joined, in Unix seconds.
    """

    __slots__ = ("_send", "id", "joined_at")

    def __init__(
        self, id: str, joined_at: float, send: Callable[[ModelMessage], Awaitable[None]]
    ) -> None:
        self.id = id
        self.joined_at = joined_at
        self._send = send

    def __repr__(self) -> str:
        return f"ClientInfo(id={self.id!r}, joined_at={self.joined_at!r})"

    async def send(self, message: ModelMessage) -> None:
        """Send a message to this client alone; one that has gone makes it a no-op."""
        await self._send(message)


def event(*, name: str, description: str = "", dedupe: bool = False) -> Callable[[F], F]:
    """Let clients call a method by `name`, which is used letter for letter, on the wire too.

    The parameters are the payload; one called `client` receives the caller's `ClientInfo`. With
    `dedupe`, calls of one client that still wait collapse into one with the latest arguments.
    Returning a `ModelMessage` answers the caller; raising `CommandError` refuses.
    """
    check_name(name, "an event", '@event(name="set_style")')
    if name in (Hook.CONNECTED, Hook.DISCONNECTED):
        raise ValueError(f"the event name {name!r} is reserved: use the @{name} hook")

    def mark(method: F) -> F:
        return _marked(method, "@event", _EVENT, EventSpec(name, description, dedupe))

    return mark


def session_started(method: F) -> F:
    """Call a method once per session, before any client of it; `self.state` is already set."""
    return _hooked(method, Hook.SESSION_STARTED)


def connected(method: F) -> F:
    """Call a method once for every client that joins."""
    return _hooked(method, Hook.CONNECTED)


def disconnected(method: F) -> F:
    """Call a method once for every client that leaves, those present at the end included."""
    return _hooked(method, Hook.DISCONNECTED)


def session_ended(method: F) -> F:
    """Call a method once per session, after all clients have left; `self.state` is still set."""
    return _hooked(method, Hook.SESSION_ENDED)


def file_uploaded(method: F) -> F:
    """Call a method with each `uploaded_file` that a client announces."""
    return _hooked(method, Hook.FILE_UPLOADED)


def event_of(member: object) -> EventSpec | None:
    """Return what `@event` left on a method, if anything."""
    found = inspect.getattr_static(member, _EVENT, None)  # proxies mind being asked
    return found if isinstance(found, EventSpec) else None


def hook_of(member: object) -> Hook | None:
    """Return which hook a method is, if any."""
    found = inspect.getattr_static(member, _HOOK, None)
    return found if isinstance(found, Hook) else None


def _hooked(method: F, hook: Hook) -> F:
    return _marked(method, f"@{hook.value}", _HOOK, hook)


def _marked(method: F, decorator: str, marker: str, mark: object) -> F:
    # What is not bound to the instance like a function would get its arguments shifted by one.
    if not callable(method) or isinstance(method, staticmethod | functools.partial):
        raise TypeError(
            f"{decorator} goes on a method, a plain function with `self`; got "
            f"{type(method).__name__}: {method!r}"
        )
    if hasattr(method, marker):
        raise TypeError(
            f"{decorator}: {getattr(method, '__name__', method)!r} is already marked as "
            f"{getattr(method, marker)}. Write one method for each, and let one call the other."
        )
    setattr(method, marker, mark)
    return method
