"""Plain values: what may stand in a message to a client, and what a client's payload may hold.

Out: everything an author may put in a message becomes what strict JSON can say. In: a payload is
bounded in depth and size before anything walks it recursively.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from enum import Enum
from numbers import Real
from typing import Any

import numpy as np

MAX_DEPTH = 32
"""What both framings of the wire can carry."""

MAX_VALUES = 20_000


def is_number(value: Any) -> bool:
    """Whether an author's value is a real number: Python's or numpy's, but no bool."""
    return isinstance(value, Real) and not isinstance(value, bool)


def plain(value: Any, where: str, depth: int = 0) -> Any:
    """Return `value` as JSON would hold it; `where` names it in errors.

    Raises `TypeError` for what JSON cannot say (bytes, arrays, other objects, odd keys) and
    `ValueError` for NaN, infinities and deep nesting, and integers beyond 64 bits.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"{where} is nested deeper than {MAX_DEPTH} levels, or contains itself")
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise ValueError(f"{where} is an integer beyond 64 bits; send it as text")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{where} is {value}: JSON has no such number; send None instead")
        return value
    if isinstance(value, list | tuple):
        return [plain(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(value)]
    if isinstance(value, Mapping):
        return {_key(k, where): plain(v, f"{where}[{k!r}]", depth + 1) for k, v in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: plain(getattr(value, f.name), f"{where}.{f.name}", depth + 1)
            for f in dataclasses.fields(value)
        }
    raise TypeError(f"{where} is a {type(value).__name__}, which JSON cannot hold{_hint(value)}")


def trouble(value: Any) -> str | None:
    """Say what is wrong with a client's payload before it is looked at in detail, or None.

    Walks without recursion: a megabyte of opening brackets costs time, never the stack.
    """
    waiting: list[tuple[Any, int]] = [(value, 0)]
    seen = 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if seen > MAX_VALUES:
            return f"it holds more than {MAX_VALUES} values"
        if depth > MAX_DEPTH:
            return f"it is nested deeper than {MAX_DEPTH} levels"
        if isinstance(item, float) and not math.isfinite(item):
            return "it holds a number that is not finite"
        if isinstance(item, int) and not -(2**63) <= item < 2**64:
            return "it holds an integer beyond 64 bits"
        if isinstance(item, dict | list):
            # The count is taken before the copy: a huge list is never duplicated.
            if seen + len(waiting) + len(item) > MAX_VALUES:
                return f"it holds more than {MAX_VALUES} values"
            inside = item.values() if isinstance(item, dict) else item
            waiting.extend((inner, depth + 1) for inner in inside)
    return None


def _key(key: Any, where: str) -> str:
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, str):
        return key
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int | float):
        return repr(key)
    raise TypeError(f"{where} has a key of type {type(key).__name__}; JSON keys are text")


def _hint(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return "; send array.tolist(), or pictures through emit()"
    if isinstance(value, bytes | bytearray | memoryview):
        return "; send text, for example base64"
    return ""
