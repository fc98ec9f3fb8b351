"""The playground: what a person sees who opens the server's address in a browser.

One page and its files, all from this package. It has no route of its own to anything else: all it
does, it does with what is documented for every client.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from aiohttp import web

from reactor_actors.transports.http.replies import RefusedError
from reactor_actors.transports.http.routing import Route, address

_INDEX: Final = "index.html"
_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self' blob:",
        "media-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",  # the address may hold the token
    "X-Content-Type-Options": "nosniff",
}


class PlaygroundRoutes:
    """Serves the page. Its files are read once; nothing else of the disk can be asked for."""

    def __init__(self) -> None:
        folder = files(__package__) / "page"
        self._files = {
            entry.name: entry.read_text(encoding="utf-8")
            for entry in folder.iterdir()
            if _suffix(entry.name) in _TYPES
        }

    def routes(self) -> Iterator[Route]:
        """List the routes.

        The files are free: they hold nothing of the model, and the page that asks for the token
        needs them.
        """
        yield Route("GET", "/", self.show, locked=self.ask)
        yield Route("GET", "/page/{name}", self.file, free=True)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the page. Its links are relative, so its own address has to end with a slash."""
        path = request.rel_url.raw_path
        segments, prefix = address(path, prefixed=True)
        if prefix is not None and segments == [""] and not path.endswith("/"):
            query = f"?{request.rel_url.raw_query_string}" if request.rel_url.query else ""
            there = {"Location": f"./{path.rpartition('/')[2]}/{query}"}
            return web.Response(status=308, headers=HEADERS | there)
        return self._answer(_INDEX)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """Let a person without the token have the page, which asks for it; no one else."""
        if "text/html" not in request.headers.get("Accept", ""):
            raise RefusedError(401, "A valid token is required.")
        return self._answer(_INDEX, 401)

    async def file(self, request: web.Request, name: str) -> web.StreamResponse:
        """Return one of the page's files."""
        if name not in self._files or name == _INDEX:
            raise RefusedError(404, "There is no such file.")
        return self._answer(name)

    def _answer(self, name: str, status: int = 200) -> web.Response:
        return web.Response(
            text=self._files[name],
            status=status,
            content_type=_TYPES[_suffix(name)],
            charset="utf-8",
            headers=HEADERS,
        )


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2]}"
