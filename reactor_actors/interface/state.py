"""`InputState`: typed live parameters, shared by all clients of a session."""

from __future__ import annotations

import dataclasses
from typing import Any, dataclass_transform

from reactor_actors.core.arguments import Argument, Arguments, argument
from reactor_actors.core.fields import REQUIRED, FieldInfo, InputField, UploadedFile
from reactor_actors.interface.records import (
    as_record,
    check_annotated,
    fields_of,
    is_remade,
    own_fields,
    resolved,
)


@dataclass_transform(kw_only_default=True, field_specifiers=(InputField, dataclasses.field))
class InputState:
    """Subclass it, one field per parameter: `brightness: float = InputField(default=1.0, ge=0)`.

    Every public field is a command `set_<field>`. Fields that begin with an underscore are private:
    they hold what the model needs between turns, and clients never see them.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the declared defaults and make a dataclass of the subclass."""
        super().__init_subclass__(**kwargs)
        if is_remade(cls):
            return
        check_annotated(cls, FieldInfo, "InputField(...)")
        declared = {}
        for name, annotation in own_fields(cls).items():
            if name.startswith("_"):
                continue
            default = declared[name] = cls.__dict__.get(name, REQUIRED)
            _check_default(cls, name, annotation, default)
            _set_plain_default(cls, name, default)
        cls.__reactor_fields__ = {**getattr(cls, "__reactor_fields__", {}), **declared}
        as_record(cls)

    __reactor_fields__: Any = {}  # noqa: RUF012 - replaced, never changed, in every subclass


def parameters(cls: type[InputState]) -> Arguments:
    """Return the public fields of a state as the arguments of one imaginary command.

    Raises `TypeError` naming class and field for one without a default, or with a bad one.
    """
    items = []
    for name, (owner, annotation) in fields_of(cls, InputState).items():
        if name.startswith("_"):
            continue
        kind = resolved(owner, name, annotation)
        default = cls.__reactor_fields__[name]
        items.append(_parameter(owner, name, kind, default))
    return Arguments(tuple(items))


def _parameter(owner: type, name: str, kind: Any, default: Any) -> Argument:
    where = f"{owner.__name__}.{name}"
    info = default if isinstance(default, FieldInfo) else FieldInfo(default)
    if info.default is REQUIRED and kind is UploadedFile:
        info = dataclasses.replace(info, default=None)
    if info.default is REQUIRED:
        raise TypeError(
            f"{where} has no default, but a session begins with one: write "
            f"`{name}: {getattr(kind, '__name__', kind)} = InputField(default=...)`."
        )
    return argument(name, kind, info, where)


def _check_default(cls: type, name: str, annotation: Any, default: Any) -> None:
    """Find a bad default as the class is created, unless its type is not known yet."""
    if isinstance(default, dataclasses.Field):
        raise TypeError(
            f"{cls.__name__}.{name}: use InputField(default=...) instead of dataclasses.field(); "
            "only private fields may have a default_factory."
        )
    if default is REQUIRED:
        return
    try:
        kind = resolved(cls, name, annotation)
    except TypeError:
        kind = Any  # a name defined further down: `parameters` resolves it at load
    argument(name, kind, default, f"{cls.__name__}.{name}")


def _set_plain_default(cls: type, name: str, default: Any) -> None:
    """Let the dataclass see the value that a `FieldInfo` holds."""
    value = default.default if isinstance(default, FieldInfo) else default
    if value is REQUIRED:
        # A field without default is an error at load; until then the class must be creatable.
        value = None
    if isinstance(value, tuple):
        items = value
        setattr(cls, name, dataclasses.field(default_factory=lambda: list(items)))
    else:
        setattr(cls, name, value)
