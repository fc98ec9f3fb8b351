"""`Room`: one replica as the entrance sees it, where a session's clients meet.

The HTTP routes know no replica but through a `Room`. A `LocalRoom` stands in front of hosts in this
process; a room may as well be in another one, which is why everything that acts is awaited.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from reactor_actors.core import events as ev
from reactor_actors.core.contract import Contract
from reactor_actors.core.ports import Candidate, Offer, Signalling
from reactor_actors.core.session import State
from reactor_actors.transports.host import TransportHost
from reactor_actors.transports.uploads import Filling

ModelNews: TypeAlias = ev.ModelReady | ev.ModelLost | ev.ModelGivenUp


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a room. `news` is the last thing heard of its model."""

    state: State = State.CREATED
    session: str | None = None
    contract: Contract | None = None
    news: ModelNews | None = None
    clients: int = 0


class Transfer(Protocol):
    """The bytes of one file on their way into a room: `write` them in order, then `finish`.

    Both raise `ClientError`.
    """

    def write(self, data: bytes) -> None:
        """Take the next bytes in."""

    async def finish(self) -> None:
        """Make the file available."""


class Room(Protocol):
    """One replica: its session, its connections, its files.

    What is asked of a session that has ended meanwhile raises `LookupError`, as does an unknown
    connection; other refusals are `ClientError`, as in `Signalling` and `Uploads`.
    """

    @property
    def name(self) -> str:
        """The replica's name."""

    @property
    def facts(self) -> Facts:
        """What is known of it; never waits."""

    async def start(self, session: str) -> None:
        """Start a session, or keep the one that runs."""

    async def stop(self, session: str, reason: str) -> None:
        """End the session for every client, if it is the one that runs."""

    async def open(self, session: str, connection: int | None = None) -> int:
        """Reserve a connection."""

    async def offer(self, session: str, connection: int, offer: Offer) -> None:
        """Take an offer."""

    async def answer(self, session: str, connection: int, seconds: float) -> str | None:
        """Return the SDP answer, waiting for it."""

    async def candidates(
        self, session: str, connection: int, candidates: Sequence[Candidate]
    ) -> None:
        """Take candidates."""

    async def place(self, session: str, name: str, mime_type: str, size: int) -> str:
        """Reserve a place for a file and return its id."""

    def holds(self, upload: str) -> bool:
        """Whether a place was reserved here."""

    def filling(self, upload: str, announced: int | None) -> AbstractContextManager[Transfer]:
        """Fill a place; left unfinished, nothing of the transfer is kept."""


class LocalRoom:
    """The room of hosts that live on this loop."""

    def __init__(self, name: str, host: TransportHost, signalling: Signalling) -> None:
        self._name = name
        self._host = host
        self._signalling = signalling

    @property
    def name(self) -> str:
        """The replica's name."""
        return self._name

    @property
    def facts(self) -> Facts:
        """What is known of it."""
        host = self._host
        return Facts(host.state, host.session, host.contract, host.model_news, host.clients)

    async def start(self, session: str) -> None:
        """Start a session, or keep the one that runs."""
        self._host.start(session)

    async def stop(self, session: str, reason: str) -> None:
        """End the session for every client, if it is the one that runs."""
        if self._host.session == session:
            self._host.stop(reason)

    async def open(self, session: str, connection: int | None = None) -> int:
        """Reserve a connection."""
        self._require(session)
        return self._signalling.open(connection)

    async def offer(self, session: str, connection: int, offer: Offer) -> None:
        """Take an offer."""
        self._require(session)
        self._signalling.offer(connection, offer)

    async def answer(self, session: str, connection: int, seconds: float) -> str | None:
        """Return the SDP answer, waiting for it."""
        self._require(session)
        return await self._signalling.answer(connection, seconds)

    async def candidates(
        self, session: str, connection: int, candidates: Sequence[Candidate]
    ) -> None:
        """Take candidates."""
        self._require(session)
        self._signalling.candidates(connection, candidates)

    async def place(self, session: str, name: str, mime_type: str, size: int) -> str:
        """Reserve a place for a file and return its id."""
        self._require(session)
        return self._host.uploads.open(name, mime_type, size)

    def holds(self, upload: str) -> bool:
        """Whether a place was reserved here."""
        return upload in self._host.uploads

    @contextmanager
    def filling(self, upload: str, announced: int | None) -> Iterator[Transfer]:
        """Fill a place; left unfinished, nothing of the transfer is kept."""
        with self._host.uploads.filling(upload, announced) as filling:
            yield _LocalTransfer(filling)

    def _require(self, session: str) -> None:
        if self._host.session != session:
            raise LookupError(session)


class _LocalTransfer:
    def __init__(self, filling: Filling) -> None:
        self.write = filling.write
        self._filling = filling

    async def finish(self) -> None:
        self._filling.finish()
