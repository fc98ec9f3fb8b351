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
from typing import Any, ClassVar

_MARKER = "_keyword_only_"


def as_record(cls: type, *, eq: bool = False) -> None:
    """Make a dataclass of `cls`, in place; instances compare by value with `eq`."""
    cls.__annotations__ = {_MARKER: dataclasses.KW_ONLY, **inspect.get_annotations(cls)}
    dataclasses.dataclass(eq=eq)(cls)
    for name in own_fields(cls):
        field = cls.__dict__["__dataclass_fields__"].get(name)
        if field is not None and field.default_factory is not dataclasses.MISSING:
            # A pass takes factories off the class; the second one has to find them again.
            setattr(cls, name, field)


def is_remade(cls: type) -> bool:
    """Whether `cls` is the copy that `@dataclass(slots=True)` makes of a record."""
    return "__dataclass_fields__" in cls.__dict__


def own_fields(cls: type) -> dict[str, Any]:
    """Return the raw annotations that `cls` itself declares, in order; strings stay strings.

    Class variables are no fields.
    """
    return {
        name: raw
        for name, raw in inspect.get_annotations(cls).items()
        if name != _MARKER and not _is_class_variable(raw)
    }


def check_annotated(cls: type, kind: type, form: str) -> None:
    """Raise `TypeError` for a value of `kind` in the body of `cls` whose name has no annotation."""
    fields = own_fields(cls)
    for name, value in vars(cls).items():
        if isinstance(value, kind) and name not in fields:
            raise TypeError(
                f"{cls.__name__}.{name} has no annotation, so it is no field: write "
                f"`{name}: float = {form}`, with its own type."
            )


def _is_class_variable(raw: Any) -> bool:
    if isinstance(raw, str):
        return raw.partition("[")[0].rpartition(".")[2].strip() == "ClassVar"
    return raw is ClassVar or typing.get_origin(raw) is ClassVar


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
