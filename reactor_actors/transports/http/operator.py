"""What an operator asks: is it well, what does it declare, how much, and what is happening."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from reactor_actors.core.errors import ClientError
from reactor_actors.core.schema import openapi
from reactor_actors.transports.health import health_of
from reactor_actors.transports.http.metrics import CONTENT_TYPE
from reactor_actors.transports.http.record import Record
from reactor_actors.transports.http.replies import RefusedError, busy, refused, reply
from reactor_actors.transports.http.routing import Route
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.http.sse import EventStream
from reactor_actors.transports.lobby import Lobby


class OperatorRoutes:
    """Answers about all replicas, loaded or not; `model` is what they are called until then."""

    def __init__(self, lobby: Lobby, record: Record, settings: HttpSettings, model: str) -> None:
        self._lobby = lobby
        self._record = record
        self._settings = settings
        self._model = model

    def routes(self) -> Iterator[Route]:
        """List the routes."""
        yield Route("GET", "/health", self.health, free=True)
        yield Route("GET", "/schema", self.schema)
        yield Route("GET", "/metrics", self.metrics)
        yield Route("GET", "/events", self.events)

    async def health(self, request: web.Request) -> web.Response:
        """Say how the replicas are."""
        health = health_of(room.facts for room in self._lobby.rooms.values())
        contract = self._lobby.contract
        body = {
            "status": "healthy" if health.healthy else "unhealthy",
            "state": health.state,
            "model": contract.name if contract is not None else self._model,
            "detail": health.detail,
            "replicas": {"total": health.total, "free": health.free},
        }
        return reply(body, 200 if health.healthy else 503)

    async def schema(self, request: web.Request) -> web.Response:
        """Return the OpenAPI document of the model."""
        contract = self._lobby.contract
        if contract is None:
            health = health_of(room.facts for room in self._lobby.rooms.values())
            gone = health.state == "terminated"
            raise busy("The model is not loaded.", retry_after=None if gone else 1)
        return reply(openapi(contract))

    async def metrics(self, request: web.Request) -> web.Response:
        """Return the numbers, for Prometheus."""
        headers = {"Content-Type": CONTENT_TYPE}
        return web.Response(body=self._record.metrics.render(), headers=headers)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream the journal, from where the reader was the last time."""
        try:
            with self._record.journal.reader(_since(request)) as reader:
                stream = EventStream(request)
                await stream.open()
                while (news := await reader.news(self._settings.comment_seconds)) is not None:
                    await stream.write("".join(entry.event() for entry in news) or ": quiet\n\n")
                return stream.response
        except ClientError as error:
            raise refused(error) from None


def _since(request: web.Request) -> int | None:
    """Return where to go on; the header is newer than the address when a browser reconnects."""
    told = request.headers.get("Last-Event-ID") or request.query.get("since")
    if not told:
        return None
    if not (told.isascii() and told.isdigit() and len(told) < 20):
        raise RefusedError(422, "since: a number is expected.")
    return int(told)
