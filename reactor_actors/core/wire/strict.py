"""Strict JSON: what a value may be on the wire, the same in both framings and both directions.

Neither a browser nor the model process ever meets what it cannot carry: half of a surrogate pair,
an integer beyond 64 bits, a tower of lists. A number that is not finite leaves as null; a client
that sends one is refused by the decoders, since a null may mean something to a command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite

MAX_DEPTH = 32
"""Containers inside one another. Protobuf readers stop at 100 nested messages, and a level of a
Struct takes three of them: the Struct, the map entry, the Value."""

_REPEATED = 64
_SURROGATE = re.compile("[\ud800-\udfff]")


def plain(value: object, depth: int = MAX_DEPTH) -> object:
    """Return a value as plain JSON: None, bool, int, float, str, list, or dict with text keys.

    Raises:
        ValueError: it is nested deeper than `depth`, or holds what JSON cannot say.
    """
    match value:
        case None | bool():
            return value
        case str():
            return clean(value)
        case float():
            return value if isfinite(value) else None
        case int():
            return value if fits(value) else _rounded(value)
        case Mapping():
            return record(value, depth)
        case list() | tuple():
            _descend(depth)
            return [plain(item, depth - 1) for item in value]
        case _:
            raise ValueError(f"{type(value).__name__} is not a JSON type")


def record(value: object, depth: int = MAX_DEPTH) -> dict[str, object]:
    """Return a mapping as a plain JSON object.

    Raises:
        ValueError: it is no mapping, a key is not text, or `plain` refuses what it holds.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"an object was expected, not {type(value).__name__}")
    _descend(depth)
    if not all(isinstance(key, str) for key in value):
        raise ValueError("a key is not text")
    return {clean(key): plain(item, depth - 1) for key, item in value.items()}


def clean(text: str) -> str:
    """Return text that UTF-8 can carry: half of a surrogate pair becomes U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def brief(text: str) -> str:
    """Return as much of a client's text as a log line or an error may repeat."""
    return text[:_REPEATED]


def fits(value: int) -> bool:
    """Return whether an integer may stay one: links carry 64 bits, signed or not."""
    return -(2**63) <= value < 2**64


def size_of(payload: str | bytes) -> int:
    """Return the number of bytes a frame takes on the wire."""
    if isinstance(payload, bytes) or payload.isascii():
        return len(payload)
    return len(payload.encode("utf-8", "surrogatepass"))


def _descend(depth: int) -> None:
    if depth < 1:
        raise ValueError("nested too deeply")


def _rounded(value: int) -> float | None:
    """Return the double that a client would see; there is none beyond its range."""
    try:
        return float(value)
    except OverflowError:
        return None
