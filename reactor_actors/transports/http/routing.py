"""Which route a request means. Pure: paths in, routes out.

The published clients need two things of a path that no redirect can give them, since a preflight
follows none: slashes that a base URL leaves in front are one slash, and a prefix `/t/<token>`
stands in for the header that these clients cannot send.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from aiohttp import web

Handler: TypeAlias = Callable[..., Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path. Segments in braces become arguments of the handler.

    `free` routes need no token. `locked` answers who has none, in place of a plain refusal.
    """

    method: str
    path: str
    handler: Handler
    free: bool = False
    locked: Handler | None = None

    def arguments(self, segments: Sequence[str]) -> dict[str, str] | None:
        """Return the handler's arguments if the path of a request is this one."""
        pattern = self.path.split("/")[1:]
        if len(pattern) != len(segments):
            return None
        found = {}
        for expected, segment in zip(pattern, segments, strict=True):
            if expected.startswith("{"):
                found[expected[1:-1]] = segment
            elif expected != segment:
                return None
        return found


class Routes:
    """All routes of a server."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(routes)

    def find(self, method: str, segments: Sequence[str]) -> tuple[Route, dict[str, str]] | None:
        """Return the route a request means, and the arguments of its handler."""
        for route in self._routes:
            if route.method == method and (found := route.arguments(segments)) is not None:
                return route, found
        return None


def address(raw_path: str, *, prefixed: bool) -> tuple[list[str], str | None]:
    """Split a path, as it was sent, into its segments and the token in front of them.

    A token is looked for only if `prefixed`; None if there is none.
    """
    segments = _after_slashes([unquote(part) for part in raw_path.split("/")])
    if prefixed and len(segments) > 1 and segments[0] == "t":
        return _after_slashes(segments[2:]), segments[1]
    return segments, None


def _after_slashes(segments: list[str]) -> list[str]:
    """Drop what is empty in front; the root is one empty segment."""
    while len(segments) > 1 and not segments[0]:
        segments = segments[1:]
    return segments or [""]
