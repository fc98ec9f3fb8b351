"""Which session a piece of work belongs to. For the log alone: nothing is decided by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_session: ContextVar[str | None] = ContextVar("session", default=None)


def current_session() -> str | None:
    """Return the session that the caller's work belongs to, as far as that is known."""
    return _session.get()


@contextmanager
def working_for(session: str | None) -> Iterator[None]:
    """Have everything that is done, begun or scheduled meanwhile belong to a session."""
    token = _session.set(session)
    try:
        yield
    finally:
        _session.reset(token)
