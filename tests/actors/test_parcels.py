"""Files collected for a room elsewhere."""

from __future__ import annotations

import tracemalloc

import pytest

from reactor_actors.actors.parcels import PLACES, Parcels
from reactor_actors.core.errors import ClientError


class Elsewhere:
    """Where files are handed over; `refusal` is what it raises."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.refusal: ClientError | None = None
        self.parcels = Parcels(self.take)
        self.parcels.expect("f", 6)

    async def take(self, upload: str, data: bytes) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.got.append((upload, data))

    async def fill(self, *pieces: bytes, upload: str = "f", announced: int | None = None) -> None:
        with self.parcels.filling(upload, announced) as parcel:
            for piece in pieces:
                parcel.write(piece)
            await parcel.finish()

    async def refused(self, *pieces: bytes, upload: str = "f", announced: int | None = None) -> str:
        with pytest.raises(ClientError) as caught:
            await self.fill(*pieces, upload=upload, announced=announced)
        return caught.value.code


async def test_a_file_is_handed_over_once_it_is_complete() -> None:
    there = Elsewhere()
    await there.fill(b"abc", b"def", announced=6)
    assert there.got == [("f", b"abcdef")]
    assert await there.refused(b"abcdef") == "filled"


@pytest.mark.parametrize("pieces", [(b"abcdefg",), (b"abcdef", b"g"), (b"abc",), ()])
async def test_a_file_of_another_size_is_refused_and_can_be_sent_again(
    pieces: tuple[bytes, ...],
) -> None:
    there = Elsewhere()
    assert await there.refused(*pieces) == "wrong_size"
    assert there.got == []
    await there.fill(b"abcdef")


async def test_another_size_is_refused_before_a_byte_is_read() -> None:
    there = Elsewhere()
    with pytest.raises(ClientError, match="expected 6 bytes; got 7"):
        there.parcels.filling("f", 7).__enter__()


async def test_what_nobody_expects_is_unknown() -> None:
    there = Elsewhere()
    assert await there.refused(b"abcdef", upload="g") == "unknown"


async def test_a_newer_transfer_takes_the_place_over() -> None:
    there = Elsewhere()
    with there.parcels.filling("f") as older:
        older.write(b"abc")
        await there.fill(b"ghijkl")
        with pytest.raises(ClientError, match="newer transfer"):
            older.write(b"def")
    assert there.got == [("f", b"ghijkl")]


async def test_what_an_older_transfer_has_collected_is_not_kept() -> None:
    there = Elsewhere()
    there.parcels.expect("large", 4 * 2**20)
    tracemalloc.start()
    try:
        with there.parcels.filling("large") as older:
            older.write(b"x" * 3 * 2**20)
            assert tracemalloc.get_traced_memory()[0] > 2 * 2**20
            with there.parcels.filling("large"):
                assert tracemalloc.get_traced_memory()[0] < 2**20
    finally:
        tracemalloc.stop()


async def test_an_older_transfer_that_ends_leaves_the_newer_one_alone() -> None:
    there = Elsewhere()
    with there.parcels.filling("f") as older:
        newer = there.parcels.filling("f")
        parcel = newer.__enter__()
        older.drop()
        parcel.write(b"abcdef")
        await parcel.finish()
        newer.__exit__(None, None, None)
    assert there.got == [("f", b"abcdef")]


async def test_the_end_of_the_session_ends_transfers() -> None:
    there = Elsewhere()
    with there.parcels.filling("f") as parcel:
        parcel.write(b"abcdef")
        there.parcels.clear()
        with pytest.raises(ClientError) as caught:
            await parcel.finish()
    assert caught.value.code == "unknown"
    assert "f" not in there.parcels
    assert there.got == []


async def test_what_is_refused_elsewhere_is_refused_here_and_may_be_tried_again() -> None:
    there = Elsewhere()
    there.refusal = ClientError("overloaded", "not now")
    assert await there.refused(b"abcdef") == "overloaded"
    there.refusal = None
    await there.fill(b"abcdef")


async def test_promises_that_nobody_keeps_make_room_for_others() -> None:
    there = Elsewhere()
    for number in range(PLACES):
        there.parcels.expect(str(number), 1)
    assert "f" not in there.parcels
    assert "0" in there.parcels
