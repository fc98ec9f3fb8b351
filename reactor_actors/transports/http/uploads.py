"""Files on their way in: a place is asked for, then filled at an address that is its own secret."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from reactor_actors.core.errors import ClientError
from reactor_actors.transports.http.body import json_object
from reactor_actors.transports.http.replies import RefusedError, refused, reply
from reactor_actors.transports.http.routing import Route
from reactor_actors.transports.http.session import require_session
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.lobby import Lobby


class UploadRoutes:
    """Takes the files of the sessions' clients."""

    def __init__(self, lobby: Lobby, settings: HttpSettings) -> None:
        self._lobby = lobby
        self._settings = settings

    def routes(self) -> Iterator[Route]:
        """List the routes. The address of a place is free: it cannot be guessed."""
        yield Route("POST", "/sessions/{session}/uploads", self.open)
        yield Route("PUT", "/uploads/{upload}", self.fill, free=True)

    async def open(self, request: web.Request, session: str) -> web.Response:
        """Reserve a place for a file."""
        body = await json_object(request, self._settings.body_seconds)
        room = require_session(self._lobby, session)
        name, mime_type, size = announced_in(body)
        try:
            upload = await room.place(session, name, mime_type, size)
        except LookupError:
            raise RefusedError(404, "There is no such session.") from None
        except ClientError as error:
            if error.code == "malformed":
                raise RefusedError(400, error.message) from None
            raise refused(error) from None
        return reply(
            {
                "presigned_id": upload,
                "presigned_url": f"{request.scheme}://{_authority(request)}/uploads/{upload}",
                "path": f"sessions/{session}/uploads/{upload}",
            },
            201,
        )

    async def fill(self, request: web.Request, upload: str) -> web.Response:
        """Take the bytes of a file. Whatever goes wrong, it may be tried again."""
        room = self._lobby.holder(upload)
        if room is None:
            raise RefusedError(404, "There is no such upload.")
        try:
            with room.filling(upload, request.content_length) as filling:
                async with asyncio.timeout(self._settings.upload_seconds):
                    async for piece in request.content.iter_any():
                        filling.write(piece)
                await filling.finish()
        except ClientError as error:
            raise refused(error) from None
        except TimeoutError:
            raise RefusedError(400, "The file did not arrive in time.") from None
        except web.RequestPayloadError:
            raise RefusedError(400, "The file is cut off, or broken.") from None
        return reply({})


def announced_in(body: dict[str, Any]) -> tuple[str, str, int]:
    """Read what a client says about a file it is going to send."""
    name, mime_type, size = body.get("name"), body.get("mime_type"), body.get("size")
    if not isinstance(name, str) or not isinstance(mime_type, str):
        raise RefusedError(400, "name and mime_type: texts are required.")
    if not isinstance(size, int) or isinstance(size, bool):
        raise RefusedError(400, "size: a whole number of bytes is required.")
    return name, mime_type, size


def _authority(request: web.Request) -> str:
    """Return host and port as the client wrote them, since it is the client who comes back."""
    if host := request.headers.get("Host"):
        return host
    own = request.transport.get_extra_info("sockname") if request.transport else None
    return f"{own[0]}:{own[1]}" if own else "localhost"
