"""Which replica and session a piece of work belongs to. For the log: nothing is decided by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_replica: ContextVar[str | None] = ContextVar("replica", default=None)
_session: ContextVar[Callable[[], str | None]] = ContextVar("session", default=lambda: None)


def current_replica() -> str | None:
    """Return the name of the replica that the caller's work belongs to, as far as it is known."""
    return _replica.get()


def current_session() -> str | None:
    """Return the session that the caller's work belongs to, as far as that is known."""
    return _session.get()()


@contextmanager
def working_for(session: str | None, replica: str | None = None) -> Iterator[None]:
    """Have everything that is done, begun or scheduled meanwhile belong to a session.

    The replica stays the one it is if none is given.
    """
    with working_at(replica or _replica.get(), lambda: session):
        yield


@contextmanager
def working_at(replica: str | None, session: Callable[[], str | None]) -> Iterator[None]:
    """Have everything that is done, begun or scheduled meanwhile belong to a replica.

    It belongs to the session that `session` returns at whatever moment somebody asks.
    """
    tokens = _replica.set(replica), _session.set(session)
    try:
        yield
    finally:
        _replica.reset(tokens[0])
        _session.reset(tokens[1])
