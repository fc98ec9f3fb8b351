"""The session's routes: start it, look at it, stop it.

In shared mode there is one session, called `local`, and every start hands it out. A mode with a
queue in front of several replicas differs in who gets which session: that is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from reactor_actors.core.schema import descriptor
from reactor_actors.core.session import RUNNING, State
from reactor_actors.transports.host import TransportHost
from reactor_actors.transports.http.body import json_object
from reactor_actors.transports.http.replies import RefusedError, busy, reply
from reactor_actors.transports.http.routing import Route
from reactor_actors.transports.http.settings import HttpSettings

SHARED_SESSION = "local"
REASON_LENGTH = 64


class SessionRoutes:
    """Starts and stops the session of one replica."""

    def __init__(self, host: TransportHost, settings: HttpSettings, version: str) -> None:
        self._host = host
        self._settings = settings
        self._version = version

    def routes(self) -> Iterator[Route]:
        """List the routes."""
        yield Route("POST", "/start_session", self.start)
        yield Route("GET", "/session", self.show)
        yield Route("POST", "/stop_session", self.stop)

    async def start(self, request: web.Request) -> web.Response:
        """Start the session, or hand out the one that runs."""
        await json_object(request, self._settings.body_seconds)
        await self._host.wound_down(self._settings.closing_seconds)
        match self._host.state:
            case State.CREATED:
                raise busy("The model is loading.")
            case State.CLOSING:
                raise busy("A session is still closing.")
            case State.TERMINATED:
                raise busy("The server takes no more sessions.", retry_after=None)
        self._host.start(SHARED_SESSION)
        return self._descriptor()

    async def show(self, request: web.Request) -> web.Response:
        """Describe the session that runs; change nothing."""
        if self._host.state not in RUNNING:
            raise RefusedError(404, "No session running.")
        return self._descriptor()

    async def stop(self, request: web.Request) -> web.Response:
        """End the session for every client, if it runs and is the one that is meant."""
        body = await json_object(request, self._settings.body_seconds)
        reason = _reason(body.get("reason"))
        if body.get("session_id") in (None, self._host.session):
            self._host.stop(reason)
        return reply({})

    def _descriptor(self) -> web.Response:
        host = self._host
        if host.contract is None or host.session is None:
            raise busy("The model is loading.")
        return reply(
            descriptor(host.contract, host.session, host.state, server_version=self._version)
        )


def require_session(host: TransportHost, session: str) -> None:
    """Refuse what is asked of a session that does not run, in the two ways clients tell apart."""
    if host.state not in RUNNING:
        raise RefusedError(400, "No session running")
    if host.session != session:
        raise RefusedError(404, "There is no such session.")


def _reason(told: object) -> str:
    if told is None:
        return "stopped"
    # It goes into logs and to every client: no line breaks, no half characters.
    if not isinstance(told, str) or not 0 < len(told) <= REASON_LENGTH or not told.isprintable():
        raise RefusedError(400, f"reason: expected a text of 1 to {REASON_LENGTH} characters.")
    return told
