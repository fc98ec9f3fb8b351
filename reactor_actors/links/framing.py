"""Frames: how a dataclass becomes bytes on a stream, and how it comes back, checked.

A frame is two lengths, then a head and a tail. The head is the msgpack of `[name, *fields]`. Bytes
of some size are not packed: they follow the head as they are, in the tail, so an uploaded file is
never copied on its way out. What a frame may hold is derived from the dataclasses themselves: the
reader accepts the types it was given, each with fields of the types that are declared.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgpack

from reactor_actors.core.errors import ReactorError

MAX_HEAD = 64 * 2**20
MAX_TAIL = 512 * 2**20
"""All the files of one command; those of a session have 256 MiB together."""

LARGE = 64 * 2**10
"""From this size on, bytes travel in the tail."""

_LENGTHS = struct.Struct("!II")
_PLACE = struct.Struct("!II")
_IN_TAIL = 1
# What came as JSON may hold half of a surrogate pair, which UTF-8 alone refuses.
_TEXT = "surrogatepass"

# By default msgpack takes 256 KiB of fresh memory for every message.
_BUFFER = 2048

Reader = Callable[[Any], Any]


class FrameError(ReactorError):
    """Bytes that are no frame, or a frame that is not allowed here."""


def encode(message: Any) -> list[bytes]:
    """Return a frame in parts: the first holds all but the large bytes, which are not copied.

    Raises `TypeError` for what msgpack cannot say and `ValueError` for what is too large.
    """
    tail: list[bytes] = []

    def plain(value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = (getattr(value, name) for name in _names(type(value)))
            return [_aside(v, tail) if type(v) is bytes else v for v in fields]
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError(f"a {type(value).__name__} cannot cross the link")

    fields = [type(message).__name__, *plain(message)]
    head = msgpack.packb(fields, default=plain, unicode_errors=_TEXT, buf_size=_BUFFER)
    size = sum(map(len, tail))
    if len(head) > MAX_HEAD or size > MAX_TAIL:
        raise ValueError(
            f"a {type(message).__name__} of {len(head)} + {size} bytes is too large for the link"
        )
    return [_LENGTHS.pack(len(head), size) + head, *tail]


def _aside(value: bytes, tail: list[bytes]) -> Any:
    if len(value) < LARGE:
        return value
    place = _PLACE.pack(sum(map(len, tail)), len(value))
    tail.append(value)
    return msgpack.ExtType(_IN_TAIL, place)


class Decoder:
    """Cut a stream into frames and read those of the given types.

    Holds at most one unfinished frame. After a `FrameError` the stream cannot be gone on with.
    """

    def __init__(self, types: Sequence[type]) -> None:
        self._types = {cls.__name__: cls for cls in types}
        self._bytes = bytearray()
        self._missing = _LENGTHS.size

    @property
    def missing(self) -> int:
        """How many bytes the unfinished frame still needs, at least."""
        return self._missing

    def feed(self, data: bytes) -> Iterator[Any]:
        """Take the next bytes; yield the messages that they complete. Raises `FrameError`."""
        self._bytes += data
        while (frame := self._next()) is not None:
            yield self._read(*frame)

    def _next(self) -> tuple[bytes, bytearray] | None:
        have, start = len(self._bytes), _LENGTHS.size
        if have < start:
            self._missing = start - have
            return None
        head, tail = _LENGTHS.unpack_from(self._bytes)
        if head > MAX_HEAD or tail > MAX_TAIL:
            raise FrameError(f"a frame of {head} + {tail} bytes is too large")
        self._missing = max(0, start + head + tail - have)
        if self._missing:
            return None
        split = start + head
        frame = bytes(self._bytes[start:split]), self._bytes[split : split + tail]
        del self._bytes[: split + tail]
        return frame

    def _read(self, head: bytes, tail: bytearray) -> Any:
        def aside(code: int, place: bytes) -> bytes:
            if code != _IN_TAIL or len(place) != _PLACE.size:
                raise FrameError(f"a frame holds an unknown extension {code}")
            start, size = _PLACE.unpack(place)
            if start + size > len(tail):
                raise FrameError("a frame refers to bytes beyond its end")
            return bytes(memoryview(tail)[start : start + size])

        try:
            fields = msgpack.unpackb(
                head, ext_hook=aside, unicode_errors=_TEXT, strict_map_key=False
            )
        except (ValueError, TypeError, RecursionError) as error:
            raise FrameError(f"a frame is no msgpack: {error}") from error
        if not isinstance(fields, list) or not fields or not isinstance(fields[0], str):
            raise FrameError("a frame is no list that begins with a name")
        name, *values = fields
        if name not in self._types:
            raise FrameError(f"a frame of the unexpected type {name[:80]!r}")
        return _build(self._types[name], values)


def _build(cls: type, values: Any) -> Any:
    fields = _fields(cls)
    if type(values) is not list or len(values) != len(fields):
        raise FrameError(f"a {cls.__name__} has {len(fields)} fields")
    found = []
    for value, (types, read) in zip(values, fields, strict=True):
        if types and type(value) not in types:
            kind = type(value).__name__
            raise FrameError(f"a {cls.__name__} holds a {kind} for {types[0].__name__}")
        found.append(value if read is None else read(value))
    return cls(*found)


@cache
def _names(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


@cache
def _fields(cls: Any) -> list[tuple[tuple[type, ...], Reader | None]]:
    """Return, for each field, the plain types it may come as (none: any), and what reads it."""
    hints = get_type_hints(cls)
    return [_field(hints[name]) for name in _names(cls)]


def _field(hint: Any) -> tuple[tuple[type, ...], Reader | None]:
    if hint is Any:
        return (), None
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return (list,), partial(_build, hint)
    origin, inside = get_origin(hint), get_args(hint)
    if origin is list:
        return (list,), partial(_list, *_field(inside[0]))
    if origin is Mapping:
        return (dict,), partial(_map, *_field(inside[1]))
    types = inside if origin in (Union, UnionType) else (hint,)
    if not _PLAIN.issuperset(types):
        raise TypeError(f"no field of type {hint} can cross the link")
    return (*types, int) if float in types else types, None


_PLAIN = {str, bytes, bool, int, float, NoneType}


def _list(types: tuple[type, ...], read: Reader | None, items: list[Any]) -> list[Any]:
    for item in items:
        if types and type(item) not in types:
            raise FrameError(f"a list holds a {type(item).__name__} for {types[0].__name__}")
    return items if read is None else [read(item) for item in items]


def _map(types: tuple[type, ...], read: Reader | None, items: dict[Any, Any]) -> dict[Any, Any]:
    values = _list(types, read, list(items.values()))
    return items if read is None else dict(zip(items, values, strict=True))
