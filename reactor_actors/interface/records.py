"""Classes with declared fields: what `Output`, `Input`, `InputState` and `ModelMessage` share.

A subclass becomes a dataclass by itself, constructed by keyword. Putting `@dataclass` on top
changes nothing: the marker below keeps every field keyword-only in that second pass, too, and the
constructor made in the first pass stays.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import typing
from typing import Any

_MARKER = "_keyword_only_"


def as_record(cls: type, *, eq: bool = False) -> None:
    """Make a dataclass of `cls`, in place; instances compare by value with `eq`."""
    cls.__annotations__ = {_MARKER: dataclasses.KW_ONLY, **inspect.get_annotations(cls)}
    dataclasses.dataclass(eq=eq)(cls)


def own_fields(cls: type) -> dict[str, Any]:
    """Return the raw annotations that `cls` itself declares, in order; strings stay strings."""
    return {n: value for n, value in inspect.get_annotations(cls).items() if n != _MARKER}


def resolved(owner: type, name: str, annotation: Any) -> Any:
    """Return what an annotation in the body of `owner` stands for.

    Raises `TypeError` naming class and field when a string cannot be resolved.
    """
    if not isinstance(annotation, str):
        return annotation
    names = dict(vars(sys.modules[owner.__module__])) if owner.__module__ in sys.modules else {}
    try:
        hints = typing.get_type_hints(_holder(annotation), names, dict(vars(owner)), True)
    except NameError as error:
        raise TypeError(
            f"{owner.__name__}.{name}: the annotation {annotation!r} cannot be resolved ({error}). "
            "Use a class that its module defines or imports at the top level."
        ) from None
    return hints["value"]


def _holder(annotation: str) -> type:
    return type("Holder", (), {"__annotations__": {"value": annotation}})


def fields_of(cls: type, base: type) -> dict[str, tuple[type, Any]]:
    """Return every annotated field between `base` and `cls`: name to (declaring class, raw type).

    Fields of a parent come first; one that is declared again keeps its place.
    """
    found: dict[str, tuple[type, Any]] = {}
    for owner in reversed(cls.__mro__):
        if owner is not base and issubclass(owner, base):
            for name, annotation in own_fields(owner).items():
                found[name] = (owner, annotation)
    return found
