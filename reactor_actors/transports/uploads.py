"""`Uploads`: the files that the clients of one session have sent, until the session ends."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from reactor_actors.core.errors import ClientError
from reactor_actors.core.fields import UploadedFile

FILE_BYTES = 64 * 2**20
SESSION_BYTES = 256 * 2**20
WAIT_SECONDS = 8.0


@dataclass(slots=True)
class _Place:
    name: str
    mime_type: str
    size: int
    data: bytes | None = None
    filled: asyncio.Event = field(default_factory=asyncio.Event)


class Uploads:
    """Places for files: opened with a size, filled once, found any number of times.

    `ClientError` carries the code `too_large`, `malformed`, `unknown`, `filled` or `wrong_size`.
    """

    def __init__(self, file_bytes: int = FILE_BYTES, session_bytes: int = SESSION_BYTES) -> None:
        self._file_bytes = file_bytes
        self._session_bytes = session_bytes
        self._places: dict[str, _Place] = {}

    def open(self, name: str, mime_type: str, size: int) -> str:
        """Reserve a place for a file and return its id."""
        if not name or not mime_type or size <= 0:
            raise ClientError("malformed", "an upload needs a name, a type and a size above 0")
        if size > self._file_bytes:
            raise ClientError("too_large", f"a file may have {self._file_bytes} bytes; got {size}")
        reserved = sum(place.size for place in self._places.values())
        if reserved + size > self._session_bytes:
            raise ClientError(
                "too_large", f"the files of a session may have {self._session_bytes} bytes together"
            )
        upload_id = str(uuid.uuid4())
        self._places[upload_id] = _Place(name, mime_type, size)
        return upload_id

    def fill(self, upload_id: str, data: bytes) -> None:
        """Store the bytes of a file."""
        place = self._places.get(upload_id)
        if place is None:
            raise ClientError("unknown", "there is no such upload")
        if place.data is not None:
            raise ClientError("filled", "this upload is complete already")
        if len(data) != place.size:
            raise ClientError("wrong_size", f"expected {place.size} bytes; got {len(data)}")
        place.data = data
        place.filled.set()

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
        self._places.clear()

    async def _file(self, upload_id: str) -> UploadedFile:
        place = self._places.get(upload_id)
        if place is None:
            raise ClientError("unresolved_upload", f"there is no upload {upload_id[:80]!r}")
        await place.filled.wait()
        data = place.data or b""
        return UploadedFile(place.name, place.mime_type, len(data), data)
