"""`Journal`: what has happened, in order, for whoever wants to follow it.

One ring holds the newest entries, and a reader is nothing but a place in it. However slow readers
are, they cost no memory: what the ring has dropped is missing, and a jump in `seq` shows it.
"""

from __future__ import annotations

import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from reactor_actors.core.errors import ClientError
from reactor_actors.core.events import Note
from reactor_actors.flow.bell import Bell

KINDS = frozenset(
    {
        "transition", "session_started", "session_ended", "connection_opened",
        "connection_closed", "command", "error", "model_restarting", "model_restarted", "queue",
    }
)  # fmt: skip
ENTRIES = 4096
READERS = 64
BATCH = 256
TEXT_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that has happened. `ts` is Unix time."""

    seq: int
    ts: float
    kind: str
    session: str | None
    facts: Mapping[str, Any]

    def event(self) -> str:
        """Return it as a server-sent event."""
        data = {
            "seq": self.seq,
            "ts": self.ts,
            "kind": self.kind,
            "session_id": self.session,
            **self.facts,
        }
        return f"id: {self.seq}\nevent: {self.kind}\ndata: {json.dumps(data, default=str)}\n\n"


class Journal:
    """The newest 4096 entries. `clock` tells Unix time. Lives on one event loop."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=ENTRIES)
        self._last = 0
        self._readers = 0
        self._closed = False
        self._bell = Bell()

    @property
    def last(self) -> int:
        """The number of the newest entry; 0 before the first."""
        return self._last

    def write(self, note: Note) -> None:
        """Enter a note, if it is of a kind that readers know."""
        if note.kind not in KINDS:
            return
        self._last += 1
        facts = {key: _short(value) for key, value in note.facts.items()}
        self._entries.append(Entry(self._last, self._clock(), note.kind, note.session, facts))
        self._bell.ring()

    def after(self, seq: int) -> list[Entry]:
        """Return the oldest entries that are newer than `seq`, at most 256 of them."""
        first = self._last - len(self._entries) + 1
        start = max(0, seq + 1 - first)
        return list(itertools.islice(self._entries, start, start + BATCH))

    @contextmanager
    def reader(self, since: int | None = None) -> Iterator[Reader]:
        """Follow what comes after `since`, or after now.

        Raises `ClientError` with code `overloaded` when there are 64 readers already.
        """
        if self._readers >= READERS:
            raise ClientError("overloaded", f"{READERS} readers follow the journal already")
        # A number from the future was given out before the server was started anew.
        known = since is not None and since <= self._last
        place = self._last if since is None else since if known else 0
        self._readers += 1
        try:
            yield Reader(self, place)
        finally:
            self._readers -= 1

    def close(self) -> None:
        """Let every reader come to its end."""
        self._closed = True
        self._bell.ring()

    async def wait(self, seq: int, seconds: float) -> list[Entry] | None:
        """Wait for entries newer than `seq`; [] after `seconds` without, None once closed."""

        def attempt() -> tuple[list[Entry] | None] | None:
            found = self.after(seq)
            if found:
                return (found,)
            return (None,) if self._closed else None

        try:
            (found,) = await self._bell.until(attempt, seconds)
        except TimeoutError:
            return []
        return found


class Reader:
    """A place in the journal that moves on."""

    def __init__(self, journal: Journal, seq: int) -> None:
        self._journal = journal
        self._seq = seq

    async def news(self, seconds: float) -> list[Entry] | None:
        """Return the next entries; [] after `seconds` without any, None at the journal's end."""
        found = await self._journal.wait(self._seq, seconds)
        if found:
            self._seq = found[-1].seq
        return found


def _short(value: Any) -> Any:
    """Bound what a fact may cost: it is kept for thousands of entries."""
    return value[:TEXT_LENGTH] if isinstance(value, str) else value
