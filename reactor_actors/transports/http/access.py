"""Who may ask: the token, and the headers without which a browser hides an answer from its page."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from aiohttp import web

METHODS = "GET, POST, PUT, DELETE, OPTIONS"


class Access:
    """The token, checked in constant time. It is never logged, nor part of any text."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    @property
    def guarded(self) -> bool:
        """Whether there is a token at all."""
        return self._token is not None

    def admits(self, request: web.Request, prefix: str | None) -> bool:
        """Whether a request shows the token; `prefix` is the one its path began with."""
        token = self._token
        if token is None:
            return True
        return any(_same(shown, token) for shown in _shown(request, prefix))


def _shown(request: web.Request, prefix: str | None) -> Iterator[str]:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield value.strip()
    if prefix is not None:
        yield prefix
    if request.method == "GET":
        yield from request.query.getall("token", [])


def _same(shown: str, token: str) -> bool:
    return hmac.compare_digest(shown.encode(errors="replace"), token.encode(errors="replace"))


def preflight(request: web.Request) -> web.Response:
    """Answer a browser that asks whether it may ask."""
    response = web.Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = METHODS
    response.headers["Access-Control-Max-Age"] = "600"
    # Echoed, because a literal * does not cover Authorization.
    if wanted := request.headers.get("Access-Control-Request-Headers"):
        response.headers["Access-Control-Allow-Headers"] = wanted
    if "Access-Control-Request-Private-Network" in request.headers:
        response.headers["Access-Control-Allow-Private-Network"] = "true"
    return response


def readable_from(response: web.StreamResponse, origin: str) -> None:
    """Let the pages of an origin read an answer, its `Retry-After` included."""
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
