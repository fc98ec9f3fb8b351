"""What the ingress asks of a room in another process. Frozen plain data that crosses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from reactor_actors.core import ports
from reactor_actors.transports.room import Room

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Request(Protocol[T_co]):
    """Something to be asked of a room."""

    async def put_to(self, room: Room) -> T_co:
        """Ask it, where the room is. Raises what the room raises."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came of a request, and how many reports its process had made by then."""

    value: T
    told: int


@dataclass(frozen=True, slots=True)
class Start:
    """Start a session."""

    session: str

    async def put_to(self, room: Room) -> None:
        """Ask it."""
        await room.start(self.session)


@dataclass(frozen=True, slots=True)
class Stop:
    """End a session."""

    session: str
    reason: str

    async def put_to(self, room: Room) -> None:
        """Ask it."""
        await room.stop(self.session, self.reason)


@dataclass(frozen=True, slots=True)
class Open:
    """Reserve a connection."""

    session: str
    connection: int | None

    async def put_to(self, room: Room) -> int:
        """Ask it."""
        return await room.open(self.session, self.connection)


@dataclass(frozen=True, slots=True)
class Offer:
    """Take an offer."""

    session: str
    connection: int
    offer: ports.Offer

    async def put_to(self, room: Room) -> None:
        """Ask it."""
        await room.offer(self.session, self.connection, self.offer)


@dataclass(frozen=True, slots=True)
class AwaitAnswer:
    """Return the SDP answer, waiting for it."""

    session: str
    connection: int
    seconds: float

    async def put_to(self, room: Room) -> str | None:
        """Ask it."""
        return await room.answer(self.session, self.connection, self.seconds)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Take candidates."""

    session: str
    connection: int
    candidates: tuple[ports.Candidate, ...]

    async def put_to(self, room: Room) -> None:
        """Ask it."""
        await room.candidates(self.session, self.connection, self.candidates)


@dataclass(frozen=True, slots=True)
class ReserveUpload:
    """Reserve a place for a file."""

    session: str
    name: str
    mime_type: str
    size: int

    async def put_to(self, room: Room) -> str:
        """Ask it."""
        return await room.place(self.session, self.name, self.mime_type, self.size)


@dataclass(frozen=True, slots=True)
class Fill:
    """Take all bytes of a file."""

    upload: str
    data: bytes

    async def put_to(self, room: Room) -> None:
        """Ask it."""
        with room.filling(self.upload, len(self.data)) as transfer:
            transfer.write(self.data)
            await transfer.finish()
