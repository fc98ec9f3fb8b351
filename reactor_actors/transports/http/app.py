"""The application: one `Gateway` in front of all routes.

It decides what every request has in common: preflights, the token, the shape of errors,
and that an error tells a client what it needs and no more.
"""

from __future__ import annotations

import logging

from aiohttp import web

from reactor_actors.transports.http.access import Access, preflight, readable_from
from reactor_actors.transports.http.body import BODY_BYTES
from reactor_actors.transports.http.operator import OperatorRoutes
from reactor_actors.transports.http.playground import PlaygroundRoutes
from reactor_actors.transports.http.queue import QueueRoutes
from reactor_actors.transports.http.record import Record
from reactor_actors.transports.http.replies import RefusedError, error_reply
from reactor_actors.transports.http.routing import Routes, address
from reactor_actors.transports.http.session import SessionRoutes
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.http.signalling import SignallingRoutes
from reactor_actors.transports.http.uploads import UploadRoutes
from reactor_actors.transports.lobby import Lobby

log = logging.getLogger("reactor_actors.http")


def build_app(
    lobby: Lobby,
    record: Record,
    settings: HttpSettings,
    *,
    model: str,
    version: str,
) -> web.Application:
    """Build the application; `model` is the model's name, known before it is loaded."""
    routes = Routes(
        [
            *SessionRoutes(lobby, settings, version).routes(),
            *QueueRoutes(lobby, settings).routes(),
            *SignallingRoutes(lobby, settings).routes(),
            *UploadRoutes(lobby, settings).routes(),
            *OperatorRoutes(lobby, record, settings, model).routes(),
            *PlaygroundRoutes().routes(),
        ]
    )
    gateway = Gateway(routes, settings)
    app = web.Application(client_max_size=BODY_BYTES)
    app.router.add_route("*", "/{path:.*}", gateway.enter)
    app.on_response_prepare.append(gateway.mark)
    return app


class Gateway:
    """Where every request comes in, and every answer goes out."""

    def __init__(self, routes: Routes, settings: HttpSettings) -> None:
        self._routes = routes
        self._access = Access(settings.token)
        self._origin = settings.allow_origin

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        if request.method == "OPTIONS":
            return preflight(request)
        try:
            return await self._serve(request)
        except RefusedError as error:
            return error_reply(error)

    async def mark(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the page that asked read the answer, good or bad."""
        readable_from(response, self._origin)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        segments, prefix = address(request.rel_url.raw_path, prefixed=self._access.guarded)
        found = self._routes.find(request.method, segments)
        free = found is not None and found[0].free
        if not free and not self._access.admits(request, prefix):
            if found is not None and found[0].locked is not None:
                return await found[0].locked(request)
            raise RefusedError(401, "A valid token is required.")
        if found is None:
            raise RefusedError(404, "There is no such route.")
        route, arguments = found
        try:
            return await route.handler(request, **arguments)
        except RefusedError:
            raise
        except Exception as error:
            if isinstance(error, ConnectionError) and _gone(request):
                raise
            # The route's pattern, never the address: that may hold the token.
            log.exception("%s %s failed", route.method, route.path)
            raise RefusedError(500, "The server made a mistake; its log says more.") from None


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
