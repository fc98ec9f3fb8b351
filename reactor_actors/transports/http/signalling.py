"""How a client and the WebRTC side exchange offers, answers and candidates.

Newer clients make a connection and name it in the path. Older ones use flat paths, which mean one
implicit connection, the flat slot.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aiohttp import web

from reactor_actors.core.errors import ClientError
from reactor_actors.core.ports import FLAT, Candidate, Offer
from reactor_actors.transports.http.body import json_object, list_of, text_of
from reactor_actors.transports.http.replies import RefusedError, busy, refused, reply
from reactor_actors.transports.http.routing import Route
from reactor_actors.transports.http.session import require_session
from reactor_actors.transports.http.settings import HttpSettings, IceServer
from reactor_actors.transports.lobby import Lobby
from reactor_actors.transports.room import Room

_BASE = "/sessions/{session}/transport/webrtc"

T = TypeVar("T")


class SignallingRoutes:
    """Puts the routes of both shapes to the room in which a session runs."""

    def __init__(self, lobby: Lobby, settings: HttpSettings) -> None:
        self._lobby = lobby
        self._settings = settings

    def routes(self) -> Iterator[Route]:
        """List the routes."""
        yield Route("GET", f"{_BASE}/ice_servers", self.ice_servers)
        yield Route("POST", f"{_BASE}/connections", self.open)
        for path in (f"{_BASE}/connections/{{connection}}", _BASE):
            yield Route("POST", f"{path}/sdp_params", self.offer)
            yield Route("PUT", f"{path}/sdp_params", self.offer)
            yield Route("GET", f"{path}/sdp_params", self.answer)
            yield Route("POST", f"{path}/ice_candidates", self.candidates)

    async def ice_servers(self, request: web.Request, session: str) -> web.Response:
        """List the configured STUN and TURN servers."""
        require_session(self._lobby, session)
        return reply({"ice_servers": [_described(s) for s in self._settings.ice_servers]})

    async def open(self, request: web.Request, session: str) -> web.Response:
        """Make a connection."""
        _, room = await self._body(request, session)
        with _refusals():
            connection = await self._open(room, session)
        return reply({"connection_id": connection, "track_map": {}}, 201)

    async def offer(
        self, request: web.Request, session: str, connection: str = str(FLAT)
    ) -> web.Response:
        """Take an offer, for a connection that has one already just as for a fresh one."""
        body, room = await self._body(request, session)
        offer, number = offer_in(body), _number(connection)
        await self._at(room, session, number, lambda: room.offer(session, number, offer))
        return reply({"connection_id": number}, 202)

    async def answer(
        self, request: web.Request, session: str, connection: str = str(FLAT)
    ) -> web.Response:
        """Return the answer; without one, hold the question and then say 202."""
        room = require_session(self._lobby, session)
        number = _number(connection)
        with _refusals("Nothing was offered on this connection."):
            sdp = await room.answer(session, number, self._settings.answer_seconds)
        if sdp is None:
            return web.Response(status=202)
        return reply({"sdp_answer": sdp, "connection_id": number})

    async def candidates(
        self, request: web.Request, session: str, connection: str = str(FLAT)
    ) -> web.Response:
        """Take ICE candidates, which may come before the offer they belong to."""
        body, room = await self._body(request, session)
        candidates, number = candidates_in(body), _number(connection)
        await self._at(room, session, number, lambda: room.candidates(session, number, candidates))
        return reply({}, 202)

    async def _body(self, request: web.Request, session: str) -> tuple[dict[str, Any], Room]:
        """Read the body first: a session that ends meanwhile is noticed."""
        body = await json_object(request, self._settings.body_seconds)
        return body, require_session(self._lobby, session)

    async def _open(self, room: Room, session: str, connection: int | None = None) -> int:
        if self._lobby.draining:
            raise busy("The server takes no more clients.", retry_after=None)
        return await room.open(session, connection)

    async def _at(
        self, room: Room, session: str, number: int, act: Callable[[], Awaitable[None]]
    ) -> None:
        """Act on a connection. The flat slot is made when it is first used."""
        with _refusals():
            try:
                await act()
            except LookupError:
                if number != FLAT:
                    raise
                await self._open(room, session, FLAT)
                await act()


@contextmanager
def _refusals(unknown: str = "There is no such connection.") -> Iterator[None]:
    """Answer what a room refuses."""
    try:
        yield
    except LookupError:
        raise RefusedError(404, unknown) from None
    except ClientError as error:
        raise refused(error) from None


def offer_in(body: dict[str, Any]) -> Offer:
    """Read an offer. Who sent it, and with which package, does not matter."""
    tracks = {text_of(t, "mid"): text_of(t, "name") for t in list_of(body, "track_mapping")}
    return Offer(text_of(body, "sdp_offer"), tracks)


def candidates_in(body: dict[str, Any]) -> list[Candidate]:
    """Read candidates; an empty one is how some clients mark the end, and is left out."""
    return [
        Candidate(
            item["candidate"],
            _if_is(str, item.get("sdp_mid")),
            _if_is(int, item.get("sdp_mline_index")),
        )
        for item in list_of(body, "candidates")
        if isinstance(item.get("candidate"), str) and item["candidate"]
    ]


def _if_is(kind: type[T], value: object) -> T | None:
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def _number(connection: str) -> int:
    if not (connection.isascii() and connection.isdigit() and len(connection) <= 4):
        raise RefusedError(404, "There is no such connection.")
    return int(connection)


def _described(server: IceServer) -> dict[str, Any]:
    described: dict[str, Any] = {"uris": list(server.uris)}
    if server.username is not None:
        described["credentials"] = {
            "username": server.username,
            "password": server.password or "",
        }
    return described
