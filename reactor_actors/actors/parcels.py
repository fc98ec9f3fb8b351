"""`Parcels`: files on their way to a room in another process, collected here.

A file is handed over in one piece once it is here. What is kept is bounded by the places that the
room has made: of one place there is never more than one transfer, with the bytes it was made for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reactor_actors.core.errors import ClientError
from reactor_actors.transports.uploads import SESSION_FILES

PLACES = 2 * SESSION_FILES
"""More than a session has at a time: it gives up places that nobody has begun to fill."""

Deliver = Callable[[str, bytes], Awaitable[None]]


@dataclass(slots=True)
class _Place:
    size: int
    filled: bool = False
    parcel: Parcel | None = None


class Parcel:
    """The bytes of one file: `write` them in order, then `finish`. Both raise `ClientError`."""

    def __init__(self, place: _Place, deliver: Callable[[bytes], Awaitable[None]]) -> None:
        self._place = place
        self._deliver = deliver
        self._data = bytearray()

    def write(self, data: bytes) -> None:
        """Take the next bytes in; there is never more kept than the place was made for."""
        self._check()
        if len(self._data) + len(data) > self._place.size:
            raise ClientError("wrong_size", f"expected {self._place.size} bytes; got more")
        self._data += data

    async def finish(self) -> None:
        """Hand the file over."""
        self._check()
        if len(self._data) != self._place.size:
            raise _wrong_size(self._place, len(self._data))
        data = bytes(self._data)
        self._data.clear()
        await self._deliver(data)
        self._place.filled = True

    def drop(self) -> None:
        """Forget the bytes collected; another transfer may fill the place."""
        self._data.clear()
        if self._place.parcel is self:
            self._place.parcel = None

    def _check(self) -> None:
        if self._place.parcel is not self:
            raise ClientError("unknown", "the upload is gone, or a newer transfer fills it")


class Parcels:
    """The places that a room elsewhere has made for files, until its session ends."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._places: dict[str, _Place] = {}

    def __contains__(self, upload: str) -> bool:
        return upload in self._places

    def expect(self, upload: str, size: int) -> None:
        """Take note of a place that the room has made."""
        self._places[upload] = _Place(size)
        if len(self._places) > PLACES:
            self._forget(next(iter(self._places)))

    @contextmanager
    def filling(self, upload: str, announced: int | None = None) -> Iterator[Parcel]:
        """Fill a place bit by bit; `announced` is the number of bytes to come, if it is known.

        Takes the place over from a transfer that has not finished. Left unfinished, for whatever
        reason, nothing of the transfer is kept. Raises `ClientError`.
        """
        place = self._places.get(upload)
        if place is None:
            raise ClientError("unknown", "there is no such upload")
        if place.filled:
            raise ClientError("filled", "this upload is complete already")
        if announced is not None and announced != place.size:
            raise _wrong_size(place, announced)
        if place.parcel is not None:
            place.parcel.drop()
        parcel = place.parcel = Parcel(place, lambda data: self._deliver(upload, data))
        try:
            yield parcel
        finally:
            parcel.drop()

    def clear(self) -> None:
        """Forget every place: the session is over."""
        for upload in list(self._places):
            self._forget(upload)

    def _forget(self, upload: str) -> None:
        place = self._places.pop(upload)
        if place.parcel is not None:
            place.parcel.drop()


def _wrong_size(place: _Place, size: int) -> ClientError:
    return ClientError("wrong_size", f"expected {place.size} bytes; got {size}")
