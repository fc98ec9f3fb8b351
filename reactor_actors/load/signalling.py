"""`Front`: what a viewer asks a server over HTTP: a session, its turn, and a connection."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from reactor_actors.core.errors import SetupError
from reactor_actors.transports.lobby import SHARED_SESSION
from reactor_actors.transports.webrtc.settings import IceServer

TURN_SECONDS = 0.5
"""How often a viewer asks whether it is its turn."""

REQUEST_SECONDS = 10.0

UNREACHABLE = aiohttp.ClientError
"""What is raised where no server answers any more."""


class RefusedError(Exception):
    """A request was answered with an error; the text is one line."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Seat:
    """A session that a viewer may connect to. `queued` seconds it has waited for that."""

    session: str
    tracks: tuple[Mapping[str, str], ...]
    queued: float

    @property
    def alone(self) -> bool:
        """Whether nobody else has this session: then it ends when its viewer leaves."""
        return self.session != SHARED_SESSION


class Front:
    """The routes of one server."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url.rstrip("/")

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, token: str | None) -> AsyncIterator[Self]:
        """Ask a server as long as the block lasts."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        patience = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
        async with aiohttp.ClientSession(headers=headers, timeout=patience) as http:
            yield cls(http, url)

    async def model(self) -> tuple[str, Mapping[str, Any]]:
        """Return the model's name, and its OpenAPI document.

        Raises `SetupError` with one line a person can act on.
        """
        try:
            health = await self._ask("GET", "/health", well=(200, 503))
            if health["state"] == "loading":
                raise SetupError(f"{self._url}: the model is still loading; try again then")
            if health["state"] == "terminated":
                raise SetupError(f"{self._url}: the model has been given up: {health['detail']}")
            return str(health["model"]), await self._ask("GET", "/schema")
        except RefusedError as error:
            if error.status == 401:
                raise SetupError(f"{self._url} wants a token: see --token") from None
            raise SetupError(f"{self._url}: {error}") from None
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            raise SetupError(f"{self._url}: no server answers there: {_reason(error)}") from None

    async def metrics(self) -> str:
        """Return what the server counts, as Prometheus text."""
        text, status = await self._text("GET", "/metrics")
        if status != 200:
            detail = (_object(text) or {}).get("detail")
            raise RefusedError(status, f"/metrics: {detail or f'status {status}'}")
        return text

    async def seat(self) -> Seat:
        """Start a session, join the running one, or wait for a turn."""
        began, ticket = time.monotonic(), None
        while True:
            body: dict[str, Any] = {"ticket": ticket} if ticket else {}
            told = await self._ask("POST", "/start_session", body, well=(200, 503))
            if "session_id" in told:
                tracks = tuple(told["capabilities"]["tracks"])
                waited = time.monotonic() - began if ticket else 0.0
                return Seat(told["session_id"], tracks, waited)
            if "queue" not in told:
                raise RefusedError(503, str(told.get("detail")))
            ticket = str(told["queue"]["ticket"])
            await self._turn(ticket)

    async def _turn(self, ticket: str) -> None:
        """Wait in the queue; the asking keeps the place in it."""
        while (await self._ask("GET", f"/queue/{ticket}"))["state"] != "ready":  # noqa: ASYNC110
            await asyncio.sleep(TURN_SECONDS)

    async def stop(self, seat: Seat) -> None:
        """End a session that was begun for one viewer alone."""
        if seat.alone:
            await self._ask("POST", "/stop_session", {"session_id": seat.session})

    async def ice_servers(self, session: str) -> list[IceServer]:
        """Return the STUN and TURN servers that the server names."""
        told = await self._ask("GET", f"{_base(session)}/ice_servers")
        return [
            _ice_server(uri, server) for server in told["ice_servers"] for uri in server["uris"]
        ]

    async def answer(self, session: str, sdp: str, tracks: Sequence[Mapping[str, str]]) -> str:
        """Make a connection: hand in an offer, and return the answer."""
        made = await self._ask("POST", f"{_base(session)}/connections", {}, well=(201,))
        path = f"{_base(session)}/connections/{made['connection_id']}/sdp_params"
        offer = {"sdp_offer": sdp, "track_mapping": list(tracks)}
        await self._ask("POST", path, offer, well=(202,))
        while "sdp_answer" not in (told := await self._ask("GET", path, well=(200, 202))):
            pass  # the server holds each question for a while
        return str(told["sdp_answer"])

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        well: Sequence[int] = (200,),
    ) -> dict[str, Any]:
        text, status = await self._text(method, path, body)
        told = _object(text or "{}")
        if status not in well or told is None:
            detail = (told or {}).get("detail")
            raise RefusedError(status, str(detail or f"{path}: status {status}, and no JSON"))
        return told

    async def _text(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[str, int]:
        try:
            async with self._http.request(method, self._url + path, json=body) as response:
                return await response.text(), response.status
        except TimeoutError:
            raise RefusedError(0, f"no answer to {path} within {REQUEST_SECONDS:g} s") from None


def _object(text: str) -> dict[str, Any] | None:
    try:
        told = json.loads(text)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _base(session: str) -> str:
    return f"/sessions/{session}/transport/webrtc"


def _ice_server(uri: str, told: Mapping[str, Any]) -> IceServer:
    known = told.get("credentials") or {}
    return IceServer(uri, known.get("username"), known.get("password"))


def _reason(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    told = os.strerror(number) if number and number > 0 else str(error)
    return " ".join(told.split()) or type(error).__name__
