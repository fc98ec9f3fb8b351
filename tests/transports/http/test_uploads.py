from __future__ import annotations

import asyncio
import io
from typing import Any

import aiohttp
import pytest

from reactor_actors.core.errors import ClientError
from reactor_actors.core.session import State
from tests.transports.http.site import Reply, Site, serving

PLACES = "/sessions/local/uploads"
MEBIBYTE = 2**20


async def opened(site: Site, size: int, **headers: str) -> Reply:
    body = {"name": "dog.png", "size": size, "mime_type": "image/png"}
    answer = await site.post(PLACES, json=body, headers=headers)
    assert answer.status == 201
    return answer


async def place(site: Site, size: int) -> tuple[str, str]:
    """Open a place; return its id and its path."""
    upload: str = (await opened(site, size)).body["presigned_id"]
    return upload, f"/uploads/{upload}"


async def stored(site: Site, upload: str) -> bytes:
    return (await site.host.uploads.find([upload], 0.05))[upload].data


async def filled(site: Site, path: str, data: bytes) -> None:
    assert (await site.put(path, data=data)).status == 200


async def test_a_place_has_an_absolute_address_on_the_host_that_was_asked(session: Site) -> None:
    answer = await opened(session, 3)
    upload = answer.body["presigned_id"]

    assert set(answer.body) == {"presigned_id", "presigned_url", "path"}
    assert answer.body["presigned_url"] == str(session.url(f"/uploads/{upload}"))
    assert answer.body["path"] == f"sessions/local/uploads/{upload}"

    answer = await opened(session, 3, Host="app.example:1234")
    upload = answer.body["presigned_id"]
    assert answer.body["presigned_url"] == f"http://app.example:1234/uploads/{upload}"


async def test_a_client_that_names_no_host_gets_the_address_it_has_reached(session: Site) -> None:
    body = b'{"name": "a", "size": 1, "mime_type": "b"}'
    head = b"POST /sessions/local/uploads HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with session.connected() as (reader, writer):
        writer.write(head + body)
        answer = (await reader.read()).decode()

    assert f"http://127.0.0.1:{session.server.port}/uploads/" in answer


async def test_the_bytes_of_a_file_are_stored(session: Site) -> None:
    upload, path = await place(session, 3)
    answer = await session.put(path, data=b"abc")

    assert (answer.status, answer.body) == (200, {})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert await stored(session, upload) == b"abc"


async def test_an_address_of_no_place_is_404(session: Site) -> None:
    for path in ("/uploads/unknown", "/uploads/00000000-0000-4000-8000-000000000000"):
        assert (await session.put(path, data=b"abc")).status == 404


async def test_a_place_is_filled_once(session: Site) -> None:
    upload, path = await place(session, 3)
    await filled(session, path, b"abc")

    assert (await session.put(path, data=b"xyz")).status == 409
    assert await stored(session, upload) == b"abc"


@pytest.mark.parametrize("data", [b"", b"ab", b"abcd"])
async def test_a_wrong_size_is_400_and_leaves_the_place_fillable(
    session: Site, data: bytes
) -> None:
    async def stream() -> Any:
        yield data

    upload, path = await place(session, 3)
    assert (await session.put(path, data=data)).status == 400
    assert (await session.put(path, data=stream())).status == 400
    await filled(session, path, b"abc")
    assert await stored(session, upload) == b"abc"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "", "size": 3, "mime_type": "a/b"},
        {"name": "a", "size": 3, "mime_type": ""},
        {"name": "a", "size": 0, "mime_type": "a/b"},
        {"name": "a", "size": -1, "mime_type": "a/b"},
        {"name": "a", "size": 1.5, "mime_type": "a/b"},
        {"name": "a", "size": True, "mime_type": "a/b"},
        {"name": "a", "size": "3", "mime_type": "a/b"},
        {"name": 1, "size": 3, "mime_type": "a/b"},
        {"name": "a", "size": 3},
        {"name": "a" * 256, "size": 3, "mime_type": "a/b"},
    ],
    ids=repr,
)
async def test_a_file_that_is_not_described_is_400(session: Site, body: Any) -> None:
    answer = await session.post(PLACES, json=body)

    assert answer.status == 400
    assert answer.detail


async def test_a_file_beyond_the_limit_is_413() -> None:
    async with serving(max_upload_mb=1) as site:
        await site.started()
        body = {"name": "a", "mime_type": "b", "size": MEBIBYTE + 1}
        assert (await site.post(PLACES, json=body)).status == 413

        _, path = await place(site, MEBIBYTE)
        assert (await site.put(path, data=io.BytesIO(bytes(MEBIBYTE + 1)))).status == 413
        await filled(site, path, bytes(MEBIBYTE))


async def test_a_session_has_room_for_its_files_and_no_more() -> None:
    async with serving(max_upload_mb=64) as site:
        await site.started()
        for _ in range(4):
            await opened(site, 64 * MEBIBYTE)
        body = {"name": "a", "mime_type": "b", "size": 1}
        assert (await site.post(PLACES, json=body)).status == 413


async def test_uploads_belong_to_the_running_session(site: Site) -> None:
    body = {"name": "a", "size": 3, "mime_type": "b"}
    assert (await site.post(PLACES, json=body)).status == 400
    await site.started()
    assert (await site.post("/sessions/other/uploads", json=body)).status == 404
    _, path = await place(site, 3)
    await site.post("/stop_session")
    site.wound_down()
    assert site.host.state is State.READY
    assert (await site.put(path, data=b"abc")).status == 404


async def test_a_large_file_needs_no_content_length(session: Site) -> None:
    async def stream() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    upload, path = await place(session, 2_000_000)
    assert (await session.put(path, data=stream())).status == 200
    assert await stored(session, upload) == b"x" * 2_000_000


async def test_a_transfer_that_is_cut_off_leaves_the_place_fillable(session: Site) -> None:
    upload, path = await place(session, 3)
    for head in ("Content-Length: 3\r\n\r\na", "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"):
        async with session.connected() as (_, writer):
            writer.write(f"PUT {path} HTTP/1.1\r\nHost: x\r\n{head}".encode())
            await writer.drain()

    with pytest.raises(ClientError):
        await stored(session, upload)
    await filled(session, path, b"abc")


async def test_a_newer_transfer_takes_over_from_one_that_does_not_finish(session: Site) -> None:
    upload, path = await place(session, 3)
    async with session.connected() as (reader, writer):
        head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nx"
        writer.write(head.encode())
        assert (await session.get("/health")).status == 200
        await filled(session, path, b"abc")
        writer.write(b"yz")
        assert (await reader.readline()).startswith(b"HTTP/1.1 404")

    assert await stored(session, upload) == b"abc"


async def test_a_transfer_that_stops_is_given_up() -> None:
    async with serving(upload_seconds=0.05) as site:
        await site.started()
        upload, path = await place(site, 3)
        head = f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nx"
        assert (await site.raw(head.encode())).startswith("HTTP/1.1 400")
        site.host.uploads.fill(upload, b"abc")


async def test_a_transfer_of_a_session_that_ended_is_404(session: Site) -> None:
    _, path = await place(session, 3)
    async with session.connected() as (reader, writer):
        writer.write(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nx".encode())
        assert (await session.get("/health")).status == 200
        await session.post("/stop_session")
        session.wound_down()
        writer.write(b"yz")
        assert (await reader.readline()).startswith(b"HTTP/1.1 404")


async def test_a_command_waits_for_a_file_on_its_way(session: Site) -> None:
    upload, path = await place(session, 3)
    found = asyncio.create_task(session.host.uploads.find([upload]))
    async with aiohttp.ClientSession() as client, client.put(session.url(path), data=b"abc"):
        assert (await found)[upload].data == b"abc"
