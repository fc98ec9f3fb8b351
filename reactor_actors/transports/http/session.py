"""The session's routes: start it, look at it, stop it. Who gets which is decided in the lobby."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from reactor_actors.core.admission import Why
from reactor_actors.core.errors import ClientError
from reactor_actors.core.schema import descriptor
from reactor_actors.transports.http.body import json_object
from reactor_actors.transports.http.queue import described
from reactor_actors.transports.http.replies import RefusedError, busy, refused, reply
from reactor_actors.transports.http.routing import Route
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.lobby import Lobby, TurnedAwayError
from reactor_actors.transports.room import Facts, Room

REASON_LENGTH = 64
TICKET_LENGTH = 64
QUEUE_SECONDS = 5
"""After how long a caller who cannot wait in line should come back."""

_TURNED_AWAY = {
    Why.CLOSING: ("A session is still closing.", 1),
    Why.LOADING: ("The model is loading.", 1),
    Why.FULL: ("All replicas are busy.", QUEUE_SECONDS),
    Why.GONE: ("The server takes no more sessions.", None),
}


class SessionRoutes:
    """Starts and stops sessions."""

    def __init__(self, lobby: Lobby, settings: HttpSettings, version: str) -> None:
        self._lobby = lobby
        self._settings = settings
        self._version = version

    def routes(self) -> Iterator[Route]:
        """List the routes."""
        yield Route("POST", "/start_session", self.start)
        yield Route("GET", "/session", self.show)
        yield Route("POST", "/stop_session", self.stop)

    async def start(self, request: web.Request) -> web.Response:
        """Start a session, or hand out the one that is shared."""
        body = await json_object(request, self._settings.body_seconds)
        ticket = body.get("ticket")
        known = isinstance(ticket, str) and len(ticket) <= TICKET_LENGTH
        try:
            room = await self._lobby.start(
                _address(request), str(ticket) if known else "", self._settings.closing_seconds
            )
        except TurnedAwayError as error:
            raise _turned_away(error) from None
        except ClientError as error:
            raise refused(error) from None
        return self._descriptor(room.facts)

    async def show(self, request: web.Request) -> web.Response:
        """Describe the session that runs, if it is the only one; change nothing."""
        running = self._lobby.running
        if len(running) != 1:
            raise RefusedError(404, "No session running." if not running else _SEVERAL)
        return self._descriptor(running[0].facts)

    async def stop(self, request: web.Request) -> web.Response:
        """End the session that is meant, for every client, if it runs."""
        body = await json_object(request, self._settings.body_seconds)
        reason = _reason(body.get("reason"))
        session = body.get("session_id")
        if session is None or isinstance(session, str):
            try:
                await self._lobby.stop(_address(request), session, reason)
            except ClientError as error:
                raise refused(error) from None
        return reply({})

    def _descriptor(self, facts: Facts) -> web.Response:
        if facts.contract is None or facts.session is None:
            raise busy("The model is loading.")
        return reply(
            descriptor(facts.contract, facts.session, facts.state, server_version=self._version)
        )


_SEVERAL = "Several sessions are running."


def require_session(lobby: Lobby, session: str) -> Room:
    """Return the room of a session; refuse in the two ways that clients tell apart."""
    room = lobby.find(session)
    if room is None:
        if not lobby.running:
            raise RefusedError(400, "No session running")
        raise RefusedError(404, "There is no such session.")
    return room


def _turned_away(error: TurnedAwayError) -> RefusedError:
    detail, retry_after = _TURNED_AWAY[error.why]
    if error.queued is None:
        return RefusedError(503, detail, retry_after)
    queue = {**described(error.queued.place), "ticket": error.queued.ticket}
    del queue["state"]
    return RefusedError(503, detail, retry_after, {"queue": queue})


def _address(request: web.Request) -> str:
    return request.remote or ""


def _reason(told: object) -> str:
    if told is None:
        return "stopped"
    # It goes into logs and to every client: no line breaks, no half characters.
    if not isinstance(told, str) or not 0 < len(told) <= REASON_LENGTH or not told.isprintable():
        raise RefusedError(400, f"reason: expected a text of 1 to {REASON_LENGTH} characters.")
    return told
