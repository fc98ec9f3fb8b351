from __future__ import annotations

import pytest
from aiohttp import web

from reactor_actors.transports.http.routing import Route, Routes, address


async def handler(request: web.Request) -> web.Response:
    return web.Response()


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("/", [""]),
        ("//", [""]),
        ("", [""]),
        ("/health", ["health"]),
        ("//health", ["health"]),
        ("////sessions/a/uploads", ["sessions", "a", "uploads"]),
        ("/health/", ["health", ""]),
        ("/a//b", ["a", "", "b"]),
        ("/a%2Fb/c%20d", ["a/b", "c d"]),
        ("/t/secret/health", ["t", "secret", "health"]),
        ("/../etc/passwd", ["..", "etc", "passwd"]),
    ],
)
def test_a_path_is_split_as_it_was_sent(path: str, segments: list[str]) -> None:
    assert address(path, prefixed=False) == (segments, None)


@pytest.mark.parametrize(
    ("path", "segments", "token"),
    [
        ("/t/secret/health", ["health"], "secret"),
        ("//t/secret//health", ["health"], "secret"),
        ("/t/a%2Fb%20c/health", ["health"], "a/b c"),
        ("/t/secret", [""], "secret"),
        ("/t/secret/t/other", ["t", "other"], "secret"),
        ("/t", ["t"], None),
        ("/health", ["health"], None),
    ],
)
def test_a_token_in_front_is_taken_off(path: str, segments: list[str], token: str | None) -> None:
    assert address(path, prefixed=True) == (segments, token)


def test_segments_in_braces_become_arguments() -> None:
    route = Route("GET", "/sessions/{session}/uploads/{upload}", handler)
    found = Routes([route]).find("GET", ["sessions", "a/b", "uploads", ""])

    assert found == (route, {"session": "a/b", "upload": ""})


@pytest.mark.parametrize(
    ("method", "segments"),
    [
        ("POST", ["health"]),
        ("GET", ["health", ""]),
        ("GET", ["Health"]),
        ("GET", []),
        ("GET", ["{any}"]),
    ],
)
def test_what_is_no_route_is_not_found(method: str, segments: list[str]) -> None:
    assert Routes([Route("GET", "/health", handler)]).find(method, segments) is None


def test_the_root_is_a_path_like_any_other() -> None:
    route = Route("GET", "/", handler)

    assert Routes([route]).find("GET", address("//", prefixed=False)[0]) == (route, {})
