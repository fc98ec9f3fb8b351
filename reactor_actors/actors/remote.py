"""`RemoteRoom`: a room whose venue lives in another process. Knows no Ray.

What it knows it was told by reports; what it does it has done over there, within a deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from reactor_actors.actors import requests
from reactor_actors.actors.mirror import Mirror
from reactor_actors.actors.parcels import Parcels
from reactor_actors.actors.reports import Report
from reactor_actors.actors.requests import Request
from reactor_actors.core import events as ev
from reactor_actors.core.errors import ClientError
from reactor_actors.core.ports import Candidate, Offer
from reactor_actors.transports.figures import Figures
from reactor_actors.transports.room import Facts, Transfer
from reactor_actors.transports.status import ReplicaStatus

T = TypeVar("T")

CALL_SECONDS = 5.0
FILL_SECONDS = 60.0
HOLD_SECONDS = 5.0
"""For how long one call waits for an SDP answer. Whoever hangs up holds none for longer."""

ANSWERS = 128
"""Calls of one replica that wait for SDP answers at a time."""


class Line(Protocol):
    """The way to rooms elsewhere."""

    async def ask(self, replica: str, request: Request[T], seconds: float) -> T:
        """Put a request to a room; once it returns, all that has followed from it is known here.

        Raises what the room raises, and `ClientError` with code `overloaded` when no answer is to
        be had within so many `seconds`.
        """


class RemoteRoom:
    """One replica, seen from another process than the one that serves its clients."""

    def __init__(self, name: str, line: Line) -> None:
        self._name = name
        self._line = line
        self._mirror = Mirror(name)
        self._parcels = Parcels(self._fill)
        self._held: set[asyncio.Task[str | None]] = set()

    @property
    def name(self) -> str:
        """The replica's name."""
        return self._name

    @property
    def facts(self) -> Facts:
        """What was last heard of it."""
        return self._mirror.facts

    def figures(self) -> Figures:
        """Return what has been done so far, in all processes."""
        return self._mirror.figures()

    def status(self) -> ReplicaStatus:
        """Say how the replica stands."""
        return self._mirror.status()

    def receive(self, report: Report) -> None:
        """Take in what is told of the room."""
        session = self.facts.session
        self._mirror.receive(report)
        if self.facts.session != session:
            self._parcels.clear()

    def lost(self, event: ev.ModelLost | ev.ModelGivenUp) -> list[ev.Note]:
        """Note that its process is gone; return what has ended with it."""
        self._parcels.clear()
        return self._mirror.lost(event)

    async def start(self, session: str) -> None:
        """Start a session, or keep the one that runs."""
        await self._ask(requests.Start(session))

    async def stop(self, session: str, reason: str) -> None:
        """End the session for every client, if it is the one that runs."""
        await self._ask(requests.Stop(session, reason))

    async def open(self, session: str, connection: int | None = None) -> int:
        """Reserve a connection."""
        return await self._ask(requests.Open(session, connection))

    async def offer(self, session: str, connection: int, offer: Offer) -> None:
        """Take an offer."""
        await self._ask(requests.Offer(session, connection, offer))

    async def answer(self, session: str, connection: int, seconds: float) -> str | None:
        """Return the SDP answer, waiting for it in calls of a few seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            left = max(0.0, deadline - loop.time())
            request = requests.AwaitAnswer(session, connection, min(left, HOLD_SECONDS))
            sdp = await self._wait(request)
            if sdp is not None or left <= HOLD_SECONDS:
                return sdp

    async def candidates(
        self, session: str, connection: int, candidates: Sequence[Candidate]
    ) -> None:
        """Take candidates."""
        await self._ask(requests.Candidates(session, connection, tuple(candidates)))

    async def place(self, session: str, name: str, mime_type: str, size: int) -> str:
        """Reserve a place for a file and return its id."""
        upload = await self._ask(requests.ReserveUpload(session, name, mime_type, size))
        if self.facts.session != session:
            raise LookupError(session)
        self._parcels.expect(upload, size)
        return upload

    def holds(self, upload: str) -> bool:
        """Whether a place was reserved there."""
        return upload in self._parcels

    def filling(self, upload: str, announced: int | None) -> AbstractContextManager[Transfer]:
        """Fill a place; the file is handed over once all of it is here."""
        return self._parcels.filling(upload, announced)

    async def _ask(self, request: Request[T], seconds: float = CALL_SECONDS) -> T:
        return await self._line.ask(self._name, request, seconds)

    async def _wait(self, request: requests.AwaitAnswer) -> str | None:
        """Ask for an answer, in a call that counts until it has ended over there."""
        if len(self._held) >= ANSWERS:
            raise ClientError("overloaded", f"{ANSWERS} callers wait for an answer already")
        held = asyncio.ensure_future(self._ask(request, request.seconds + CALL_SECONDS))
        self._held.add(held)
        held.add_done_callback(self._ended)
        return await asyncio.shield(held)

    def _ended(self, held: asyncio.Task[str | None]) -> None:
        self._held.discard(held)
        if not held.cancelled():
            held.exception()  # whoever asked may have hung up

    async def _fill(self, upload: str, data: bytes) -> None:
        await self._ask(requests.Fill(upload, data), FILL_SECONDS)
