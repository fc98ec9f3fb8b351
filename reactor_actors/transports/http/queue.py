"""The queue: where a ticket stands, asked again and again or followed as a stream."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from reactor_actors.core.admission import Place, Ready
from reactor_actors.transports.http.replies import RefusedError, reply
from reactor_actors.transports.http.routing import Route
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.http.sse import EventStream
from reactor_actors.transports.lobby import Lobby

_UNKNOWN = "There is no such ticket, or it has expired."


class QueueRoutes:
    """Tells those who wait how long they still will."""

    def __init__(self, lobby: Lobby, settings: HttpSettings) -> None:
        self._lobby = lobby
        self._settings = settings

    def routes(self) -> Iterator[Route]:
        """List the routes."""
        yield Route("GET", "/queue/{ticket}", self.look)

    async def look(self, request: web.Request, ticket: str) -> web.StreamResponse:
        """Say where a ticket stands, once or from now on."""
        if "text/event-stream" in request.headers.get("Accept", ""):
            return await self._follow(request, ticket)
        seen = self._lobby.look(ticket)
        if seen is None:
            raise RefusedError(404, _UNKNOWN)
        return reply(described(seen))

    async def _follow(self, request: web.Request, ticket: str) -> web.StreamResponse:
        with self._lobby.watching(ticket) as watch:
            if watch is None:
                raise RefusedError(404, _UNKNOWN)
            stream = EventStream(request)
            await stream.open()
            changed = True
            while watch.seen is not None:
                await stream.write(_event(watch.seen) if changed else ": waiting\n\n")
                changed = await watch.change(self._settings.queue_seconds)
            return stream.response


def described(seen: Place | Ready) -> dict[str, Any]:
    """Describe where a ticket stands, as JSON."""
    if isinstance(seen, Ready):
        return {"state": "ready", "expires_in": math.ceil(seen.seconds)}
    place: dict[str, Any] = {"state": "waiting", "position": seen.position, "size": seen.size}
    if seen.seconds is not None:
        place["estimated_seconds"] = math.ceil(seen.seconds)
    return place


def _event(seen: Place | Ready) -> str:
    return f"event: queue\ndata: {json.dumps(described(seen))}\n\n"
