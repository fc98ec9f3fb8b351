"""What an operator asks: is it well, what does it declare, how much, and what is happening."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from reactor_actors.core import events as ev
from reactor_actors.core.errors import ClientError
from reactor_actors.core.schema import openapi
from reactor_actors.core.session import State
from reactor_actors.transports.host import TransportHost
from reactor_actors.transports.http.metrics import CONTENT_TYPE
from reactor_actors.transports.http.record import Record
from reactor_actors.transports.http.replies import RefusedError, busy, refused, reply
from reactor_actors.transports.http.routing import Route
from reactor_actors.transports.http.settings import HttpSettings

log = logging.getLogger("reactor_actors.http")

STALLED_SECONDS = 60.0
_WORDS = {State.CREATED: "loading", State.READY: "available", State.TERMINATED: "terminated"}


class OperatorRoutes:
    """Answers about one replica, loaded or not; `model` is its name."""

    def __init__(
        self, host: TransportHost, record: Record, settings: HttpSettings, model: str
    ) -> None:
        self._host = host
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
        """Say how the replica is."""
        body = health(self._model, self._host.state, self._host.model_news)
        return reply(body, 200 if body["status"] == "healthy" else 503)

    async def schema(self, request: web.Request) -> web.Response:
        """Return the OpenAPI document of the model."""
        if self._host.contract is None:
            gone = self._host.state is State.TERMINATED
            raise busy("The model is not loaded.", retry_after=None if gone else 1)
        return reply(openapi(self._host.contract))

    async def metrics(self, request: web.Request) -> web.Response:
        """Return the numbers, for Prometheus."""
        headers = {"Content-Type": CONTENT_TYPE}
        return web.Response(body=self._record.metrics.render(), headers=headers)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Stream the journal, from where the reader was the last time."""
        try:
            with self._record.journal.reader(_since(request)) as reader:
                stream = _Stream(request)
                await stream.open()
                while (news := await reader.news(self._settings.comment_seconds)) is not None:
                    await stream.write("".join(entry.event() for entry in news) or ": quiet\n\n")
                return stream.response
        except ClientError as error:
            raise refused(error) from None


class _Stream:
    """Server-sent events to a reader that may stop reading: it is given up after a minute."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )

    async def open(self) -> None:
        await self.response.prepare(self._request)
        await self.write(": journal\n\n")  # the headers leave with the first bytes

    async def write(self, text: str) -> None:
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await self.response.write(text.encode())
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ConnectionResetError("a reader of /events has stopped reading") from None


def health(
    model: str, state: State, news: ev.ModelReady | ev.ModelLost | ev.ModelGivenUp | None
) -> dict[str, Any]:
    """Describe how a replica is. Loading is no defect, and neither is restarting."""
    word, detail = _WORDS.get(state, "serving"), ""
    if isinstance(news, ev.ModelGivenUp):
        word, detail = "terminated", "the model has failed too often and was given up"
    elif isinstance(news, ev.ModelLost) and state is not State.TERMINATED:
        word, detail = "loading", f"restart {news.attempt} of {news.max_attempts}"
    return {
        "status": "unhealthy" if isinstance(news, ev.ModelGivenUp) else "healthy",
        "state": word,
        "model": model,
        "detail": detail,
        "replicas": {"total": 1, "free": int(state is State.READY)},
    }


def _since(request: web.Request) -> int | None:
    """Return where to go on; the header is newer than the address when a browser reconnects."""
    told = request.headers.get("Last-Event-ID") or request.query.get("since")
    if not told:
        return None
    if not (told.isascii() and told.isdigit() and len(told) < 20):
        raise RefusedError(422, "since: a number is expected.")
    return int(told)
