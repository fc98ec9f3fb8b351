"""Cut messages into chunks and put them together again, where both sides have agreed to.

A chunk is one data channel message: a prefix of one byte, then a piece. The prefix says whether
more pieces follow. Text is cut into text and bytes into bytes, and a channel carries one message
at a time, so nothing has to be numbered.
"""

from __future__ import annotations

from reactor_actors.core.wire.inbound import Undecodable, Violation

CHUNK_SIZE = 65_536
"""Bytes of one chunk at most, prefix included."""

MESSAGE_LIMIT = 8_388_608
"""Bytes of one message at most, put together and without prefixes. What the answer promises."""

_LAST, _MORE = 0, 1


def cut(message: str | bytes, size: int = CHUNK_SIZE) -> list[str | bytes]:
    """Return the chunks of a message, each at most `size` bytes: 5 or more, for text to fit."""
    if isinstance(message, bytes):
        return [_prefix(more) + piece for more, piece in _pieces(message, size - 1)]
    pieces = _pieces(message.encode(), size - 1, whole_characters=True)
    return [(_prefix(more) + piece).decode() for more, piece in pieces]


class Joiner:
    """Put the chunks of one channel together. Holds at most `limit` bytes."""

    def __init__(self, limit: int = MESSAGE_LIMIT) -> None:
        self._limit = limit
        self._held = bytearray()
        self._begun: type[str | bytes] | None = None

    def feed(self, chunk: str | bytes) -> str | bytes | Undecodable | Violation | None:
        """Take the next chunk; return the message it completes, or None while more will follow.

        A chunk that cannot be one abandons the message that was begun, and the next chunk starts
        a new one. After a `Violation` the connection is to be closed.
        """
        kind = type(chunk)
        data = chunk if isinstance(chunk, bytes) else chunk.encode("utf-8", "surrogatepass")
        if self._begun not in (None, kind):
            self._reset()
        if not data or data[0] not in (_LAST, _MORE):
            self._reset()
            return Undecodable("a chunk without its prefix")
        if len(self._held) + len(data) - 1 > self._limit:
            self._reset()
            return Violation(f"a message of more than {self._limit} bytes")
        self._held += memoryview(data)[1:]
        self._begun = kind
        return None if data[0] == _MORE else self._finish()

    def _finish(self) -> str | bytes:
        text = self._begun is str
        message = bytes(self._held)
        self._reset()
        return message.decode("utf-8", "surrogatepass") if text else message

    def _reset(self) -> None:
        self._held = bytearray()
        self._begun = None


def _prefix(more: bool) -> bytes:
    return bytes((_MORE if more else _LAST,))


def _pieces(data: bytes, size: int, *, whole_characters: bool = False) -> list[tuple[bool, bytes]]:
    pieces = []
    start = 0
    while len(data) - start > size:
        end = start + size
        while whole_characters and data[end] & 0b1100_0000 == 0b1000_0000:
            end -= 1
        pieces.append((True, data[start:end]))
        start = end
    pieces.append((False, data[start:]))
    return pieces
