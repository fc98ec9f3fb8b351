"""`ModelMessage`: what a model says to its clients."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, ClassVar, dataclass_transform

from reactor_actors.core.arguments import describe
from reactor_actors.core.contract import MessageType
from reactor_actors.core.fields import REQUIRED, MessageField, MessageFieldInfo
from reactor_actors.core.naming import snake_case, summary_of
from reactor_actors.core.values import plain
from reactor_actors.interface.records import (
    as_record,
    check_annotated,
    fields_of,
    is_remade,
    own_fields,
    resolved,
)

_RESERVED = ("modelRestarting", "modelRestarted")


@dataclass_transform(kw_only_default=True, field_specifiers=(MessageField,))
class ModelMessage:
    """Subclass it, one field per value: `class Progress(ModelMessage): step: int; total: int = 0`.

    Clients see the class name in snake case, or `name`, and the values. The first paragraph of the
    docstring is the summary in the schema.
    """

    name = ""
    __reactor_descriptions__: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make a dataclass of the subclass; its fields may also be given by position."""
        super().__init_subclass__(**kwargs)
        if is_remade(cls):
            return
        check_annotated(cls, MessageFieldInfo, "MessageField(...)")
        for field in own_fields(cls):
            _set_default(cls, field)
        own = "__init__" in vars(cls)
        as_record(cls, eq=True)
        if not own:
            _accept_positions(cls)


def message_name(cls: type[ModelMessage]) -> str:
    """Return the name of a message on the wire."""
    given = cls.name if "name" not in _names(cls) else ""
    return given or snake_case(cls.__name__)


def message_data(message: ModelMessage) -> dict[str, Any]:
    """Return the values of a message as JSON holds them.

    Raises `TypeError` or `ValueError` naming the field that cannot be sent.
    """
    cls = type(message)
    return {name: plain(getattr(message, name), f"{cls.__name__}.{name}") for name in _names(cls)}


def message_type(cls: type[ModelMessage]) -> MessageType:
    """Describe a message class for the schema. Raises `ValueError` for a reserved name."""
    name = message_name(cls)
    if name in _RESERVED:
        raise ValueError(f"{cls.__name__}: the message name {name!r} belongs to the runtime")
    owners = fields_of(cls, ModelMessage)
    properties: dict[str, Any] = {}
    for field in _fields(cls):
        owner, annotation = owners[field.name]
        schema = properties[field.name] = describe(resolved(owner, field.name, annotation))
        if description := cls.__reactor_descriptions__.get(field.name):
            schema["description"] = description
        if field.default is not dataclasses.MISSING:
            schema["default"] = plain(field.default, f"{cls.__name__}.{field.name}")
    required = [field for field, schema in properties.items() if "default" not in schema]
    schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return MessageType(name, summary_of(cls), schema)


def _set_default(cls: type[ModelMessage], name: str) -> None:
    """Replace a `MessageField(...)` by the plain default it holds."""
    value = cls.__dict__.get(name, REQUIRED)
    description = ""
    if isinstance(value, MessageFieldInfo):
        value, description = value.default, value.description
        if value is REQUIRED:
            delattr(cls, name)
        else:
            setattr(cls, name, value)
    where = f"{cls.__name__}.{name}"
    if isinstance(value, dataclasses.Field):
        raise TypeError(f"{where}: use MessageField(default=...) instead of dataclasses.field()")
    if isinstance(value, list | dict | set | bytearray):
        raise TypeError(
            f"{where}: a default of type {type(value).__name__} would be shared by all messages. "
            "Use a tuple or None."
        )
    cls.__reactor_descriptions__ = {**cls.__reactor_descriptions__, name: description}


def _names(cls: type) -> list[str]:
    return [field.name for field in _fields(cls)]


def _fields(cls: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)


def _accept_positions(cls: Any) -> None:
    by_keyword = cls.__init__
    names = _names(cls)

    @functools.wraps(by_keyword)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        if len(args) > len(names):
            raise TypeError(f"{cls.__name__} has {len(names)} fields; got {len(args)} values")
        for name, value in zip(names, args, strict=False):
            if name in kwargs:
                raise TypeError(f"{cls.__name__} got two values for {name!r}")
            kwargs[name] = value
        by_keyword(self, **kwargs)

    cls.__init__ = __init__
