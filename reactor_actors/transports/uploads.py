"""`Uploads`: the files that the clients of one session have sent, until the session ends."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from reactor_actors.core.errors import ClientError
from reactor_actors.core.fields import UploadedFile

FILE_BYTES = 64 * 2**20
SESSION_BYTES = 256 * 2**20
SESSION_FILES = 1024
TEXT_LENGTH = 255
WAIT_SECONDS = 8.0
ABANDONED_SECONDS = 60.0
"""After so long a place that nobody has begun to fill makes room for others."""


@dataclass(slots=True)
class _Place:
    name: str
    mime_type: str
    size: int
    opened: float
    data: bytes | None = None
    filling: Filling | None = None
    filled: asyncio.Event = field(default_factory=asyncio.Event)


class Filling:
    """The bytes of one file on their way in: `write` them in order, then `finish`.

    Both raise `ClientError`: `wrong_size`, or `unknown` once a newer transfer of the same file has
    begun or the session has ended. The file counts as received only with `finish`.
    """

    def __init__(self, place: _Place) -> None:
        self._place = place
        self._data = bytearray()

    def write(self, data: bytes) -> None:
        """Take the next bytes in; there is never more kept than the place was opened for."""
        self._check()
        if len(self._data) + len(data) > self._place.size:
            raise ClientError("wrong_size", f"expected {self._place.size} bytes; got more")
        self._data += data

    def finish(self) -> None:
        """Make the file available."""
        self._check()
        if len(self._data) != self._place.size:
            raise _wrong_size(self._place, len(self._data))
        self._place.data = bytes(self._data)
        self._place.filled.set()
        self.drop()

    def drop(self) -> None:
        """Forget the bytes received; the place can be filled by another transfer."""
        self._data = bytearray()
        if self._place.filling is self:
            self._place.filling = None

    def _check(self) -> None:
        if self._place.filling is not self:
            raise ClientError("unknown", "the upload is gone, or a newer transfer fills it")


class Uploads:
    """Places for files: opened with a size, filled once, found any number of times.

    `ClientError` carries the code `too_large`, `malformed`, `unknown`, `filled` or `wrong_size`.
    """

    def __init__(
        self,
        file_bytes: int = FILE_BYTES,
        session_bytes: int = SESSION_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._file_bytes = file_bytes
        self._session_bytes = session_bytes
        self._places: dict[str, _Place] = {}

    def __contains__(self, upload_id: str) -> bool:
        return upload_id in self._places

    def open(self, name: str, mime_type: str, size: int) -> str:
        """Reserve a place for a file and return its id."""
        if not name or not mime_type or size <= 0:
            raise ClientError("malformed", "an upload needs a name, a type and a size above 0")
        if len(name) > TEXT_LENGTH or len(mime_type) > TEXT_LENGTH:
            raise ClientError("malformed", f"name and type may have {TEXT_LENGTH} characters each")
        if size > self._file_bytes:
            raise ClientError("too_large", f"a file may have {self._file_bytes} bytes; got {size}")
        if self._crowded(size) is not None:
            self._give_up_abandoned()
        if (refusal := self._crowded(size)) is not None:
            raise ClientError("too_large", refusal)
        upload_id = str(uuid.uuid4())
        self._places[upload_id] = _Place(name, mime_type, size, self._clock())
        return upload_id

    @contextmanager
    def filling(self, upload_id: str, announced: int | None = None) -> Iterator[Filling]:
        """Fill a place bit by bit; `announced` is the number of bytes to come, if it is known.

        Takes the place over from a transfer that has not finished. Left unfinished, for whatever
        reason, the place is as it was before, and nothing of the transfer is kept.
        """
        place = self._places.get(upload_id)
        if place is None:
            raise ClientError("unknown", "there is no such upload")
        if place.data is not None:
            raise ClientError("filled", "this upload is complete already")
        if announced is not None and announced > self._file_bytes:
            raise ClientError("too_large", f"a file may have {self._file_bytes} bytes")
        if announced is not None and announced != place.size:
            raise _wrong_size(place, announced)
        if place.filling is not None:
            place.filling.drop()
        filling = place.filling = Filling(place)
        try:
            yield filling
        finally:
            filling.drop()

    def fill(self, upload_id: str, data: bytes) -> None:
        """Store the bytes of a file."""
        with self.filling(upload_id, len(data)) as filling:
            filling.write(data)
            filling.finish()

    async def find(
        self, upload_ids: Sequence[str], seconds: float = WAIT_SECONDS
    ) -> dict[str, UploadedFile]:
        """Return files by id, waiting for bytes on their way.

        Raises `ClientError` with code `unresolved_upload` for an unknown id, or after `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                return {upload_id: await self._file(upload_id) for upload_id in upload_ids}
        except TimeoutError:
            raise ClientError(
                "unresolved_upload", f"the bytes of an upload did not come within {seconds:g} s"
            ) from None

    def clear(self) -> None:
        """Delete everything: the session is over."""
        for place in self._places.values():
            if place.filling is not None:
                place.filling.drop()
        self._places.clear()

    def _crowded(self, size: int) -> str | None:
        """Say why there is no room for another file of this size; None if there is."""
        if sum(place.size for place in self._places.values()) + size > self._session_bytes:
            return f"the files of a session may have {self._session_bytes} bytes together"
        if len(self._places) >= SESSION_FILES:
            return f"a session may have {SESSION_FILES} files"
        return None

    def _give_up_abandoned(self) -> None:
        """Forget the places nobody fills: one client's promises may not keep the others out."""
        latest = self._clock() - ABANDONED_SECONDS
        for upload_id, place in list(self._places.items()):
            if place.data is None and place.filling is None and place.opened <= latest:
                del self._places[upload_id]

    async def _file(self, upload_id: str) -> UploadedFile:
        place = self._places.get(upload_id)
        if place is None:
            raise ClientError("unresolved_upload", f"there is no upload {upload_id[:80]!r}")
        await place.filled.wait()
        data = place.data or b""
        return UploadedFile(place.name, place.mime_type, len(data), data)


def _wrong_size(place: _Place, size: int) -> ClientError:
    return ClientError("wrong_size", f"expected {place.size} bytes; got {size}")
