"""How an author declares one value: `InputField`, `MessageField`, `UploadedFile`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, NoReturn

from pydantic.fields import FieldInfo as PydanticField
from pydantic_core import core_schema

UPLOAD_FORMAT = "reactor-upload-reference"
_BOUNDS = ("ge", "le", "min_length", "max_length")


class Missing(Enum):
    """The type of `REQUIRED`: no default was given."""

    REQUIRED = "required"

    def __repr__(self) -> str:
        return "<required>"


REQUIRED: Final[Literal[Missing.REQUIRED]] = Missing.REQUIRED


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A declared value: its default, its description and its bounds.

    `rules` are pydantic's own, for bounds that have no word here.
    """

    default: Any = REQUIRED
    description: str = ""
    ge: float | None = None
    le: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    choices: tuple[Any, ...] | None = None
    moderate: bool = False
    rules: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageFieldInfo:
    """A field of a message: its default and its description."""

    default: Any = REQUIRED
    description: str = ""


def _no_factory(where: str, extra: Mapping[str, Any]) -> NoReturn:
    if "default_factory" in extra:
        raise TypeError(
            f"{where}() takes no default_factory: the default is published in the schema, so it is "
            "one literal value. A list can be written as a tuple."
        )
    raise TypeError(f"{where}() got an unexpected argument {sorted(extra)[0]!r}")


def InputField(  # noqa: N802 - the documented name
    default: Any = REQUIRED,
    *,
    description: str = "",
    ge: float | None = None,
    le: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    choices: Sequence[Any] | None = None,
    moderate: bool = False,
    **extra: Any,
) -> Any:
    """Describe a live parameter: a state field or an argument of a handler.

    Bounds are inclusive; lengths apply to text and lists; `choices` is exhaustive. Without a
    default the argument is required. Any other argument, `default_factory` too, is a `TypeError`.
    Returns a `FieldInfo`, typed as `Any` so that `strength: float = InputField(...)` satisfies a
    type checker.
    """
    if extra:
        _no_factory("InputField", extra)
    options = None if choices is None else tuple(choices)
    return FieldInfo(default, description, ge, le, min_length, max_length, options, moderate)


def MessageField(default: Any = REQUIRED, *, description: str = "", **extra: Any) -> Any:  # noqa: N802 - the documented name
    """Describe a field of a `ModelMessage`. Returns a `MessageFieldInfo`, typed as `Any`."""
    if extra:
        _no_factory("MessageField", extra)
    return MessageFieldInfo(default, description)


def from_pydantic(field: PydanticField, where: str) -> FieldInfo:
    """Return what a `pydantic.Field(...)` says. `TypeError` for a `default_factory`."""
    if field.default_factory is not None:
        _no_factory(where, {"default_factory": field.default_factory})
    known: dict[str, Any] = {}
    rules = []
    for rule in field.metadata:
        # Each rule is a small object with one attribute, named like the argument that made it.
        name = next((name for name in _BOUNDS if hasattr(rule, name)), None)
        if name is None:
            rules.append(rule)
        else:
            known[name] = getattr(rule, name)
    default = REQUIRED if field.is_required() else field.default
    return FieldInfo(default, field.description or "", **known, rules=tuple(rules))


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file a client uploaded: `size` is always `len(data)`."""

    name: str
    mime_type: str
    size: int
    data: bytes

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        """Read a reference: the bytes are looked up among the files that came with a command."""
        return core_schema.with_info_plain_validator_function(cls._find)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        """Describe the reference that stands for a file on the wire."""
        texts: dict[str, Any] = {
            key: {"type": "string"} for key in ("upload_id", "name", "mime_type")
        }
        return {
            "type": "object",
            "format": UPLOAD_FORMAT,
            "properties": {**texts, "size": {"type": "integer"}},
            "required": ["upload_id", "name", "mime_type", "size"],
            "additionalProperties": True,
        }

    @classmethod
    def _find(cls, value: Any, info: core_schema.ValidationInfo) -> UploadedFile:
        if isinstance(value, cls):
            return value
        files: Mapping[str, UploadedFile] = info.context or {}
        found = files.get(value.get("upload_id", "")) if isinstance(value, dict) else None
        if found is None:
            raise ValueError("no uploaded file belongs to this reference")
        return found
