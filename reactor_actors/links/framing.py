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
from functools import cache, lru_cache, partial
from operator import attrgetter
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
    fields = (type(message).__name__, *_plain(message, tail))
    aside = partial(_plain, tail=tail)
    head = msgpack.packb(fields, default=aside, unicode_errors=_TEXT, buf_size=_BUFFER)
    size = sum(map(len, tail)) if tail else 0
    if len(head) > MAX_HEAD or size > MAX_TAIL:
        raise ValueError(
            f"a {type(message).__name__} of {len(head)} + {size} bytes is too large for the link"
        )
    return [_LENGTHS.pack(len(head), size) + head, *tail]


def _plain(value: Any, tail: list[bytes]) -> Any:
    """Return what msgpack does not know in terms of what it knows."""
    cls: type = type(value)
    if (values := _values(cls)) is not None:
        fields = values(value)
        if bytes in map(type, fields):
            return [_aside(v, tail) if type(v) is bytes else v for v in fields]
        return fields
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {cls.__name__} cannot cross the link")


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
        begin = 0
        if not self._bytes:
            # Nearly every frame comes whole, and is read where it lies.
            while (cut := self._cut(data, begin)) is not None:
                split, end = cut
                yield self._read(data[begin + _LENGTHS.size : split], data[split:end])
                begin = end
        self._bytes += data[begin:]
        while (cut := self._cut(self._bytes, 0)) is not None:
            split, end = cut
            frame = bytes(self._bytes[_LENGTHS.size : split]), self._bytes[split:end]
            del self._bytes[:end]
            yield self._read(*frame)

    def _cut(self, data: bytes | bytearray, begin: int) -> tuple[int, int] | None:
        """Return where the head of the frame that begins there ends, and where its tail does."""
        have, start = len(data), begin + _LENGTHS.size
        if have < start:
            self._missing = start - have
            return None
        head, tail = _LENGTHS.unpack_from(data, begin)
        if head > MAX_HEAD or tail > MAX_TAIL:
            raise FrameError(f"a frame of {head} + {tail} bytes is too large")
        split = start + head
        self._missing = max(0, split + tail - have)
        return None if self._missing else (split, split + tail)

    def _read(self, head: bytes, tail: bytes | bytearray) -> Any:
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
    if type(values) is not list or len(values) != len(_fields(cls)):
        raise FrameError(f"a {cls.__name__} has {len(_fields(cls))} fields")
    for index, read in _readers(cls, *map(type, values)):
        values[index] = read(values[index])
    return cls(*values)


@lru_cache(maxsize=1024)
def _readers(cls: type, *types: type) -> list[tuple[int, Reader]]:
    """Return what reads the fields that are not plain. Raises `FrameError` for wrong types."""
    readers = []
    for index, (found, (allowed, read)) in enumerate(zip(types, _fields(cls), strict=True)):
        if allowed and found not in allowed:
            raise FrameError(f"a {cls.__name__} holds a {found.__name__} for {allowed[0].__name__}")
        if read is not None:
            readers.append((index, read))
    return readers


@cache
def _names(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


@cache
def _values(cls: type) -> Callable[[Any], Sequence[Any]] | None:
    """Return what takes the values of the fields out of a message; None for what is no message."""
    if not dataclasses.is_dataclass(cls):
        return None
    match _names(cls):
        case ():
            return lambda _: ()
        case (name,):
            return lambda message: (getattr(message, name),)
        case names:
            return attrgetter(*names)


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
