from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from reactor_actors.core.ports import Candidate
from reactor_actors.core.session import State
from tests.fakes import FakeSignalling
from tests.transports.http.site import RTC, SDP, Site, serving

NO_OBJECT = [
    b"[]", b"null", b"7", b'"text"', b"{", b"{'a': 1}", b"\xff\xfe{}", b"{} {}", b"[" * 100_000,
    b'{"a":' * 40 + b"1" + b"}" * 40, b'{"a": ' + b"9" * 5000 + b"}",
]  # fmt: skip
POSTS = [
    "/start_session",
    "/stop_session",
    f"{RTC}/connections",
    f"{RTC}/sdp_params",
    f"{RTC}/ice_candidates",
    "/sessions/local/uploads",
]
VERSIONS = {
    "Reactor-API-Version": "99",
    "Reactor-API-Accept-Version": "nonsense",
    "Reactor-WebRTC-Version": "2.0",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
}


class BrokenSignalling(FakeSignalling):
    """Has a mistake in it, with a path in its text."""

    def candidates(self, connection: int, candidates: Sequence[Candidate]) -> None:
        raise RuntimeError("/home/somebody/secret.py is missing")


@pytest.mark.parametrize("body", NO_OBJECT, ids=lambda body: body[:10].decode(errors="replace"))
async def test_a_body_that_is_no_json_object_is_422(session: Site, body: bytes) -> None:
    for path in POSTS:
        answer = await session.post(path, data=body)
        assert (answer.status, bool(answer.detail)) == (422, True)


async def test_unknown_keys_parameters_and_headers_are_ignored(site: Site) -> None:
    body = {"extra_configs": {"a": [1, {"b": None}]}, "x": "ä"}
    answer = await site.post("/start_session?what=ever", json=body, headers={"X-Odd": "1"})

    assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("GET", "/start_session"),
        ("POST", "/session"),
        ("DELETE", "/health"),
        ("PATCH", "/stop_session"),
        ("PROPFIND", "/health"),
        ("GET", "/clips"),
        ("GET", "/clips?session_id=local&start=0&end=1"),
        ("POST", "/start_session/"),
        ("GET", "/sessions/local"),
        ("GET", "/queue/whatever"),
    ],
)
async def test_what_is_not_served_is_404_with_a_detail(
    session: Site, method: str, path: str
) -> None:
    answer = await session.ask(method, path)

    assert answer.status == 404
    assert answer.detail
    assert "/" not in answer.detail


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/uploads/../../etc/passwd",
        "/uploads/..%2F..%2Fetc%2Fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/sessions/../sessions/local/transport/webrtc/ice_servers",
        "/sessions/%00/transport/webrtc/ice_servers",
        "/uploads/%c0%ae%c0%ae/x",
    ],
)
async def test_a_path_that_climbs_leads_nowhere(session: Site, path: str) -> None:
    for method in ("GET", "PUT", "POST"):
        answer = await session.ask(method, path)
        assert answer.status == 404
        assert "root:" not in answer.text


async def test_leading_slashes_are_one_slash(site: Site) -> None:
    assert (await site.post("//start_session")).status == 200
    assert (await site.get("////session")).status == 200
    assert (await site.get(f"/{RTC}/ice_servers")).status == 200


async def test_no_version_header_changes_an_answer(site: Site) -> None:
    plain = {
        path: (await site.get(path)).status for path in ("/health", "/session", "/x", "/metrics")
    }
    for path, status in plain.items():
        assert (await site.get(path, headers=VERSIONS)).status == status
    assert (await site.post("/start_session", json={}, headers=VERSIONS)).status == 200
    answer = await site.post(f"{RTC}/sdp_params", json={"sdp_offer": SDP}, headers=VERSIONS)
    assert answer.status == 202


@pytest.mark.parametrize("path", ["/start_session", "/nowhere", "/uploads/x", "//session", "/"])
async def test_a_preflight_is_204_on_any_path(site: Site, path: str) -> None:
    wanted = "content-type, authorization,reactor-api-version"
    headers = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": wanted,
    }
    answer = await site.ask("OPTIONS", path, headers=headers)

    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, PUT, DELETE, OPTIONS"
    assert answer.headers["Access-Control-Allow-Headers"] == wanted
    assert answer.headers["Access-Control-Max-Age"] == "600"
    assert "Access-Control-Allow-Private-Network" not in answer.headers
    assert site.host.state is State.READY


async def test_a_preflight_speaks_of_the_private_network_only_when_asked(site: Site) -> None:
    headers = {"Access-Control-Request-Private-Network": "true"}
    answer = await site.ask("OPTIONS", "/health", headers=headers)

    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
    assert "Access-Control-Allow-Headers" not in answer.headers


async def test_pages_of_any_origin_may_read_every_answer_and_retry_after() -> None:
    async with serving(token="secret", load=False) as site:
        shown = {"Authorization": "Bearer secret"}
        answers = [
            await site.get("/session"),
            await site.get("/health"),
            await site.post("/start_session", headers=shown),
            await site.post(f"{RTC}/connections", headers=shown),
            await site.get("/nowhere", headers=shown),
            await site.post("/start_session", data=b"[]", headers=shown),
            await site.post("/start_session", data=io.BytesIO(b" " * (2**20 + 1)), headers=shown),
        ]
        assert [answer.status for answer in answers] == [401, 200, 503, 400, 404, 422, 413]
        for answer in answers:
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"
            assert answer.headers.get("Retry-After", "0").isdecimal()
            assert answer.status == 200 or isinstance(answer.detail, str)


async def test_a_configured_origin_is_the_only_one_named() -> None:
    async with serving(allow_origin="https://app.example") as site:
        for answer in (await site.get("/nowhere"), await site.ask("OPTIONS", "/health")):
            assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"


async def test_a_body_of_300_kb_is_fine_and_one_beyond_1_mib_is_413(session: Site) -> None:
    async def stream(size: int) -> Any:
        for _ in range(size // 1000):
            yield b" " * 1000

    assert (await session.post("/start_session", data=b" " * 300_000)).status == 200
    assert (await session.post("/start_session", data=stream(300_000))).status == 200
    assert (await session.post("/start_session", data=io.BytesIO(b" " * (2**20 + 1)))).status == 413
    assert (await session.post("/start_session", data=stream(2**21))).status == 413
    assert (await session.get("/health")).status == 200


async def test_a_compressed_body_is_not_unpacked(session: Site) -> None:
    answer = await session.post(
        "/start_session", data=b"\x1f\x8b\x08junk", headers={"Content-Encoding": "gzip"}
    )

    assert answer.status == 422


async def test_a_body_that_never_comes_is_given_up() -> None:
    async with serving(body_seconds=0.05) as site:
        answer = await site.raw(
            b"POST /start_session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        assert answer.startswith("HTTP/1.1 422")
        assert site.host.state is State.READY


async def test_a_client_that_hangs_up_while_sending_does_no_harm(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        async with site.connected() as (_, writer):
            writer.write(b"POST /start_session HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            await writer.drain()

    assert (await site.get("/health")).body["state"] == "available"
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


async def test_what_is_no_http_is_refused_without_being_logged(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    huge = b"X-Long: " + b"s3cret" * 10_000
    for request in (
        b"GET /t/s3cret/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n" + huge + b"\r\n\r\n",
        b"\x16\x03\x01s3cret\x00\x01\r\n\r\n",
    ):
        assert (await site.raw(request)).split()[1] == "400"

    assert (await site.get("/health")).status == 200
    assert "s3cret" not in caplog.text
    assert "a request was refused" in caplog.text


async def test_a_mistake_of_ours_is_500_and_tells_the_log_alone(
    session: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(signalling=BrokenSignalling()) as site:
        await site.started()
        answer = await site.post(f"{RTC}/ice_candidates?token=s3cret", json={})

    assert answer.status == 500
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert list(json.loads(answer.text)) == ["detail"]
    assert "secret.py" not in answer.text
    assert "Traceback" not in answer.text
    assert "secret.py" in caplog.text
    assert "s3cret" not in caplog.text


async def test_a_client_that_hangs_up_is_not_waited_for(session: Site) -> None:
    await session.post(f"{RTC}/sdp_params", json={"sdp_offer": SDP})
    async with session.connected() as (_, writer):
        writer.write(f"GET {RTC}/sdp_params HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await session.get("/health")).status == 200
    # The server closes at once: nothing of the 25 s is left to be waited for.
    async with asyncio.timeout(5):
        await session.server.close()
