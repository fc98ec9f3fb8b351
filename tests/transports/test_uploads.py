from __future__ import annotations

import asyncio

import pytest

from reactor_actors.core.errors import ClientError
from reactor_actors.core.fields import UploadedFile
from reactor_actors.transports.uploads import (
    ABANDONED_SECONDS,
    FILE_BYTES,
    SESSION_BYTES,
    SESSION_FILES,
    WAIT_SECONDS,
    Uploads,
)
from tests.fakes import ManualClock, run_virtually


def stored(uploads: Uploads, data: bytes = b"abc") -> str:
    upload = uploads.open("a.txt", "text/plain", len(data))
    uploads.fill(upload, data)
    return upload


async def test_a_file_is_found_any_number_of_times() -> None:
    uploads = Uploads()
    upload = stored(uploads)
    for _ in range(2):
        assert await uploads.find([upload]) == {
            upload: UploadedFile("a.txt", "text/plain", 3, b"abc")
        }


async def test_several_files_are_found_together() -> None:
    uploads = Uploads()
    names = [stored(uploads, bytes([n])) for n in range(3)]
    found = await uploads.find(names)
    assert [found[name].data for name in names] == [b"\0", b"\1", b"\2"]


def test_ids_are_never_used_twice() -> None:
    uploads = Uploads()
    assert len({uploads.open("a", "b", 1) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("name", "mime_type", "size", "code"),
    [
        ("", "text/plain", 1, "malformed"),
        ("a", "", 1, "malformed"),
        ("a", "text/plain", 0, "malformed"),
        ("a", "text/plain", -5, "malformed"),
        ("a", "text/plain", FILE_BYTES + 1, "too_large"),
    ],
)
def test_a_place_that_cannot_be_is_refused(name: str, mime_type: str, size: int, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        Uploads().open(name, mime_type, size)
    assert refused.value.code == code


def test_a_file_and_a_session_have_their_bounds() -> None:
    assert Uploads().open("a", "b", FILE_BYTES)
    uploads = Uploads()
    for _ in range(SESSION_BYTES // FILE_BYTES):
        uploads.open("a", "b", FILE_BYTES)
    with pytest.raises(ClientError) as refused:
        uploads.open("a", "b", 1)
    assert refused.value.code == "too_large"


def test_places_that_nobody_fills_give_way_when_their_time_has_passed() -> None:
    clock = ManualClock()
    uploads = Uploads(clock=clock)
    kept = stored(uploads)
    begun = uploads.open("a", "b", 3)
    with uploads.filling(begun) as filling:
        for _ in range(SESSION_FILES - 2):
            uploads.open("a", "b", 1)
        clock.advance(ABANDONED_SECONDS - 1)
        with pytest.raises(ClientError, match="may have 1024 files"):
            uploads.open("a", "b", 1)
        clock.advance(1)
        uploads.open("a", "b", 1)
        filling.write(b"abc")
        filling.finish()
    for upload in (kept, begun):
        with pytest.raises(ClientError) as refused:
            uploads.fill(upload, b"abc")
        assert refused.value.code == "filled"


def test_a_place_is_filled_once_and_with_its_size() -> None:
    uploads = Uploads()
    upload = uploads.open("a", "b", 3)
    for data in (b"", b"ab", b"abcd"):
        with pytest.raises(ClientError) as refused:
            uploads.fill(upload, data)
        assert refused.value.code == "wrong_size"
    uploads.fill(upload, b"abc")
    for wrong, code in ((upload, "filled"), ("nobody's", "unknown")):
        with pytest.raises(ClientError) as refused:
            uploads.fill(wrong, b"abc")
        assert refused.value.code == code


async def test_an_unknown_id_is_refused_at_once() -> None:
    with pytest.raises(ClientError) as refused:
        await Uploads().find(["x" * 10_000])
    assert refused.value.code == "unresolved_upload"
    assert len(refused.value.message) < 200


def test_bytes_on_their_way_are_waited_for() -> None:
    async def main() -> bytes:
        uploads = Uploads()
        upload = uploads.open("a", "b", 3)
        finding = asyncio.create_task(uploads.find([upload]))
        await asyncio.sleep(WAIT_SECONDS - 0.1)
        uploads.fill(upload, b"abc")
        return (await finding)[upload].data

    assert run_virtually(main()) == b"abc"


def test_bytes_that_do_not_come_are_given_up() -> None:
    async def main() -> float:
        uploads, loop = Uploads(), asyncio.get_running_loop()
        names = [uploads.open("a", "b", 3) for _ in range(3)]
        began = loop.time()
        with pytest.raises(ClientError, match="within 8 s") as refused:
            await uploads.find(names)
        assert refused.value.code == "unresolved_upload"
        return loop.time() - began

    assert run_virtually(main()) == WAIT_SECONDS


async def test_clearing_deletes_files_and_frees_their_room() -> None:
    uploads = Uploads(file_bytes=4, session_bytes=4)
    upload = stored(uploads, b"abcd")
    uploads.clear()
    with pytest.raises(ClientError):
        await uploads.find([upload])
    with pytest.raises(ClientError):
        uploads.fill(upload, b"abcd")
    assert uploads.open("a", "b", 4)
