from __future__ import annotations

import tracemalloc

import pytest

from reactor_actors.core.errors import ClientError
from reactor_actors.transports.uploads import SESSION_FILES, TEXT_LENGTH, Uploads

MEBIBYTE = 2**20


def transfer(uploads: Uploads, upload: str, *pieces: bytes | Exception) -> None:
    """Send a file; an exception in the place of a piece is the network failing there."""
    with uploads.filling(upload) as filling:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            filling.write(piece)
        filling.finish()


async def found(uploads: Uploads, upload: str) -> bytes:
    return (await uploads.find([upload], 0.01))[upload].data


async def test_a_file_is_filled_bit_by_bit_and_is_there_at_the_end() -> None:
    uploads = Uploads()
    upload = uploads.open("a.txt", "text/plain", 4)
    with uploads.filling(upload, announced=4) as filling:
        filling.write(b"ab")
        filling.write(b"cd")
        with pytest.raises(ClientError):
            await found(uploads, upload)
        filling.finish()

    assert await found(uploads, upload) == b"abcd"


@pytest.mark.parametrize("pieces", [[], [b"a"], [b"ab", b"cd"]])
async def test_a_transfer_of_the_wrong_size_leaves_the_place_as_it_was(pieces: list[bytes]) -> None:
    uploads = Uploads()
    upload = uploads.open("a", "b", 3)
    with pytest.raises(ClientError) as error:
        transfer(uploads, upload, *pieces)

    assert error.value.code == "wrong_size"
    transfer(uploads, upload, b"abc")
    assert await found(uploads, upload) == b"abc"


async def test_a_transfer_that_breaks_off_leaves_the_place_as_it_was() -> None:
    uploads = Uploads()
    upload = uploads.open("a", "b", 3)
    with pytest.raises(ConnectionResetError):
        transfer(uploads, upload, b"ab", ConnectionResetError())

    transfer(uploads, upload, b"a", b"bc")
    assert await found(uploads, upload) == b"abc"


@pytest.mark.parametrize(("announced", "code"), [(2, "wrong_size"), (11, "too_large")])
def test_a_transfer_that_cannot_fit_is_refused_before_its_bytes(announced: int, code: str) -> None:
    uploads = Uploads(file_bytes=10)
    upload = uploads.open("a", "b", 3)
    with pytest.raises(ClientError) as error, uploads.filling(upload, announced):
        pytest.fail("it was let in")
    assert error.value.code == code


async def test_the_newest_transfer_wins() -> None:
    uploads = Uploads()
    upload = uploads.open("a", "b", 3)
    with uploads.filling(upload) as older:
        older.write(b"ab")
        with uploads.filling(upload) as newer:
            newer.write(b"xyz")
            with pytest.raises(ClientError) as error:
                older.write(b"c")
            newer.finish()

    assert error.value.code == "unknown"
    assert await found(uploads, upload) == b"xyz"


def test_the_end_of_a_session_ends_its_transfers() -> None:
    uploads = Uploads()
    upload = uploads.open("a", "b", 2)
    with uploads.filling(upload) as filling:
        filling.write(b"a")
        uploads.clear()
        with pytest.raises(ClientError) as error:
            filling.write(b"b")
        assert error.value.code == "unknown"
        with pytest.raises(ClientError):
            filling.finish()


def test_transfers_that_never_finish_keep_the_bytes_of_one() -> None:
    uploads = Uploads()
    upload = uploads.open("a", "b", 4 * MEBIBYTE)
    tracemalloc.start()
    try:
        held = [uploads.filling(upload) for _ in range(20)]
        for filling in held:
            filling.__enter__().write(bytes(3 * MEBIBYTE))
        kept, _ = tracemalloc.get_traced_memory()
        for filling in held:
            filling.__exit__(None, None, None)
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 8 * MEBIBYTE
    assert left < MEBIBYTE


def test_the_number_of_files_is_bounded() -> None:
    uploads = Uploads()
    for _ in range(SESSION_FILES):
        uploads.open("a", "b", 1)
    with pytest.raises(ClientError) as error:
        uploads.open("a", "b", 1)
    assert error.value.code == "too_large"


@pytest.mark.parametrize("text", [("a" * (TEXT_LENGTH + 1), "b"), ("a", "b" * (TEXT_LENGTH + 1))])
def test_names_and_types_are_bounded(text: tuple[str, str]) -> None:
    with pytest.raises(ClientError) as error:
        Uploads().open(*text, 1)
    assert error.value.code == "malformed"
