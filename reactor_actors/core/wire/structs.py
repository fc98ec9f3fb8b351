"""Struct messages to and from Python dicts.

A Struct knows one kind of number, the double: integers leave as doubles, and doubles arrive as
floats. Whether 3.0 will do where an `int` is declared is for the contract to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from reactor_actors.core.values import MAX_VALUES
from reactor_actors.core.wire.envelopes import Envelope
from reactor_actors.core.wire.strict import MAX_DEPTH, record


def fill(struct: Envelope, data: Mapping[str, object]) -> None:
    """Write a dict into an empty Struct.

    Raises:
        ValueError: the data is nested too deeply or is not JSON.
    """
    _fill_struct(struct, record(data))


def read(struct: Envelope, depth: int = MAX_DEPTH) -> dict[str, object]:
    """Return a Struct as a dict.

    Raises:
        ValueError: it is nested too deeply, holds too many values, or a number is not finite.
    """
    return _Reader().struct(struct, depth)


def _fill_struct(struct: Envelope, data: Mapping[str, object]) -> None:
    struct.SetInParent()
    for key, item in data.items():
        _fill_value(struct.fields[key], item)


def _fill_value(value: Envelope, item: object) -> None:
    match item:
        case bool():
            value.truth = item
        case str():
            value.text = item
        case int() | float():
            value.number = item
        case dict():
            _fill_struct(value.struct, item)
        case list():
            value.list.SetInParent()
            for element in item:
                _fill_value(value.list.values.add(), element)
        case _:
            value.null = 0


def _finite(number: float) -> float:
    if not isfinite(number):
        raise ValueError("a number is not finite")
    return number


class _Reader:
    """Reads one Struct. Its values may take two bytes each: millions would hold up everybody."""

    def __init__(self) -> None:
        self._left = MAX_VALUES

    def struct(self, struct: Envelope, depth: int) -> dict[str, object]:
        if depth < 1:
            raise ValueError("nested too deeply")
        return {key: self._value(value, depth - 1) for key, value in struct.fields.items()}

    def _value(self, value: Envelope, depth: int) -> object:
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"it holds more than {MAX_VALUES} values")
        match value.WhichOneof("kind"):
            case "number":
                return _finite(value.number)
            case "text":
                return value.text
            case "truth":
                return value.truth
            case "struct":
                return self.struct(value.struct, depth)
            case "list":
                if depth < 1:
                    raise ValueError("nested too deeply")
                return [self._value(element, depth - 1) for element in value.list.values]
            case _:
                return None
