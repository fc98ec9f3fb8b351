"""What a command takes: from annotations and defaults to a JSON Schema and a parser.

The schema is what crosses to the edge and refuses bad payloads there; the parser runs in the
model's process, on payloads that have passed, and makes the types the author wrote. Both come from
pydantic, so neither is a validator of our own.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Annotated, Any, Literal, Union

import pydantic
from jsonschema import Draft202012Validator
from pydantic.fields import FieldInfo as PydanticField

from reactor_actors.core.errors import ClientError
from reactor_actors.core.fields import REQUIRED, FieldInfo, UploadedFile, from_pydantic
from reactor_actors.core.values import plain

_SCALARS = (str, int, float, bool)
_RANGE = ("ge", "le")
_LENGTH = ("min_length", "max_length")


@dataclasses.dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command. `default` is the value as published, or `REQUIRED`."""

    name: str
    schema: dict[str, Any]
    default: Any
    parser: pydantic.TypeAdapter[Any]

    @property
    def required(self) -> bool:
        """Whether a payload without it is refused."""
        return self.default is REQUIRED


@dataclasses.dataclass(frozen=True, slots=True)
class Arguments:
    """The payload of one command."""

    items: tuple[Argument, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the whole payload, an object that allows nothing extra."""
        required = [a.name for a in self.items if a.required]
        return {
            "type": "object",
            "properties": {a.name: a.schema for a in self.items},
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def parse(
        self, payload: Mapping[str, Any], files: Mapping[str, UploadedFile] | None = None
    ) -> dict[str, Any]:
        """Turn a payload that fits the schema into what the author annotated.

        A missing argument takes its default, made anew each time. Raises `ClientError` with code
        `invalid_command`.
        """
        parsed = {}
        for item in self.items:
            value = payload.get(item.name, REQUIRED)
            if value is REQUIRED:
                value = copy.deepcopy(item.default)
            if value is REQUIRED:
                raise ClientError("invalid_command", f"{item.name}: is required")
            try:
                parsed[item.name] = item.parser.validate_python(value, context=files or {})
            except pydantic.ValidationError as error:
                reason = error.errors(include_url=False, include_context=False)[0]["msg"]
                raise ClientError("invalid_command", f"{item.name}: {reason}") from None
        return parsed


def argument(name: str, annotation: Any, default: Any, where: str) -> Argument:
    """Describe one declared value; `where` names it in errors.

    Raises `TypeError` for an unsupported type, a mutable default, or one that breaks its bounds.
    """
    annotation, info = _described(annotation, default, where)
    if isinstance(info.default, list | dict | set | bytearray):
        raise TypeError(
            f"{where}: a default of type {type(info.default).__name__} would be shared between "
            "calls. Write a list as a tuple; anything else needs a dataclass or None."
        )
    annotation = Any if annotation is inspect.Parameter.empty else annotation
    _check_supported(annotation, where)
    if info.default is None and annotation is not Any:
        annotation = annotation | None if _allows_or(annotation) else Union[annotation, None]  # noqa: UP007 - built at run time
    _check_bounds(annotation, info, where)
    parser = _adapter(annotation, info)
    schema = _published(parser, info)
    if info.default is REQUIRED:
        return Argument(name, schema, REQUIRED, parser)
    default = schema["default"] = _published_default(info.default, schema, where)
    return Argument(name, schema, default, parser)


def signature(
    handler: Callable[..., Any], where: str, *, client: bool = True
) -> tuple[Arguments, bool]:
    """Read a handler's payload from its signature; also say whether it takes the client.

    The parameter `self` is never part of the payload, and neither is `client`, unless told.
    """
    try:
        hints = typing.get_type_hints(handler, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"{where}: an annotation cannot be resolved ({error}). Use types that its module "
            "defines or imports at the top level."
        ) from None
    items, wanted = [], False
    for index, parameter in enumerate(inspect.signature(handler).parameters.values()):
        if index == 0:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            star = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
            raise TypeError(
                f"{where}: {star}{parameter.name} cannot be published to clients. "
                "Name every argument."
            )
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise TypeError(
                f"{where}: {parameter.name!r} is positional-only, but arguments come by name. "
                "Remove the '/'."
            )
        if client and parameter.name == "client":
            wanted = True
            continue
        default = REQUIRED if parameter.default is parameter.empty else parameter.default
        annotation = hints.get(parameter.name, Any)
        items.append(
            argument(parameter.name, annotation, default, f"{where}, argument {parameter.name!r}")
        )
    return Arguments(tuple(items)), wanted


def describe(annotation: Any) -> dict[str, Any]:
    """Return the JSON Schema of what a message may hold; {} when there is no telling."""
    try:
        raw = pydantic.TypeAdapter(annotation).json_schema(mode="serialization")
    except pydantic.errors.PydanticUserError:
        return {}
    return _tidy(raw, raw.get("$defs", {}))


def _adapter(annotation: Any, info: FieldInfo) -> pydantic.TypeAdapter[Any]:
    bounds: dict[str, Any] = {
        key: getattr(info, key) for key in (*_RANGE, *_LENGTH) if getattr(info, key) is not None
    }
    try:
        return pydantic.TypeAdapter(Annotated[annotation, *info.rules, pydantic.Field(**bounds)])
    except TypeError as error:
        raise TypeError(f"a bound does not apply to {_show(annotation)}: {error}") from None


def _described(annotation: Any, default: Any, where: str) -> tuple[Any, FieldInfo]:
    """Return the bare annotation, and what default and annotation say of the value."""
    extras: list[Any] = []
    if typing.get_origin(annotation) is Annotated:
        annotation, *extras = typing.get_args(annotation)
    fields = [extra for extra in extras if isinstance(extra, PydanticField)]
    if isinstance(default, FieldInfo):
        return annotation, default
    if isinstance(default, PydanticField):
        return annotation, from_pydantic(default, where)
    if fields:
        info = from_pydantic(fields[-1], where)
        own = {} if default is REQUIRED else {"default": default}
        return annotation, dataclasses.replace(info, **own)
    return annotation, FieldInfo(default)


def _check_bounds(annotation: Any, info: FieldInfo, where: str) -> None:
    """Refuse bounds that cannot apply to the type, or that no value could meet."""
    options = [part for part in typing.get_args(annotation) if part is not type(None)]
    bare = options[0] if type(None) in typing.get_args(annotation) else annotation
    sized = bare in (str, list) or typing.get_origin(bare) is list
    for keys, fits in ((_RANGE, bare in (int, float)), (_LENGTH, sized)):
        low, high = (getattr(info, key) for key in keys)
        for key, bound in zip(keys, (low, high), strict=True):
            if bound is None:
                continue
            if not fits:
                raise TypeError(f"{where}: {key}={bound!r} does not apply to {_show(bare)}")
            if isinstance(bound, bool) or not isinstance(bound, int | float):
                raise TypeError(f"{where}: {key} expects a number; got {bound!r}")
        if low is not None and high is not None and low > high:
            raise TypeError(f"{where}: {keys[0]}={low!r} is above {keys[1]}={high!r}")


def _published(parser: pydantic.TypeAdapter[Any], info: FieldInfo) -> dict[str, Any]:
    raw = parser.json_schema()
    schema = _tidy(raw, raw.get("$defs", {}))
    if info.choices is not None:
        nullable = any(option.get("type") == "null" for option in schema.get("anyOf", ()))
        options = [plain(choice, "choices") for choice in info.choices]
        schema["enum"] = [*options, None] if nullable and None not in options else options
    if info.description:
        schema["description"] = info.description
    if info.moderate:
        schema["x-reactor-moderate"] = True
    return schema


def _published_default(default: Any, schema: dict[str, Any], where: str) -> Any:
    try:
        value = plain(default, f"{where}: the default")
    except ValueError as error:
        raise TypeError(str(error)) from None
    refusal = next(Draft202012Validator(schema).iter_errors(value), None)
    if refusal is not None:
        raise TypeError(f"{where}: its own default is refused: {refusal.message}")
    return value


def _tidy(schema: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Inline references, drop generated titles, and close objects against unknown keys."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        return _tidy({**target, **{k: v for k, v in schema.items() if k != "$ref"}}, definitions)
    tidy: dict[str, Any] = {}
    for key, value in schema.items():
        match key:
            case "title" | "$defs":
                continue
            case "properties":
                tidy[key] = {name: _tidy(inner, definitions) for name, inner in value.items()}
            case "anyOf":
                tidy[key] = [_tidy(inner, definitions) for inner in value]
            case "items" | "additionalProperties" if isinstance(value, dict):
                tidy[key] = _tidy(value, definitions)
            case _:
                tidy[key] = value
    if "properties" in tidy:
        tidy.setdefault("additionalProperties", False)
    return tidy


def _check_supported(annotation: Any, where: str, inside: tuple[type, ...] = ()) -> None:
    """Refuse every annotation that is not in the documented table."""
    if annotation in (Any, object, None, type(None), list, dict, UploadedFile, *_SCALARS):
        return None
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        if all(part is None or isinstance(part, _SCALARS) for part in parts):
            return None
    elif origin in (Union, types.UnionType):
        others = [part for part in parts if part is not type(None)]
        if len(others) == 1 and len(parts) == 2:
            return _check_supported(others[0], where, inside)
    elif origin is Annotated:
        return _check_supported(parts[0], where, inside)
    elif origin is list or (origin is dict and parts[:1] in ((), (str,))):
        return _check_supported(parts[-1] if parts else Any, where, inside)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        if all(isinstance(member.value, _SCALARS) for member in annotation):
            return None
    elif isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        if annotation in inside:
            raise TypeError(f"{where}: {annotation.__name__} contains itself")
        try:
            hints = typing.get_type_hints(annotation)
        except NameError as error:
            name = annotation.__name__
            raise TypeError(
                f"{where}: an annotation of {name} cannot be resolved: {error}"
            ) from None
        for field in dataclasses.fields(annotation):
            inner = f"{where}, field {annotation.__name__}.{field.name}"
            _check_supported(hints[field.name], inner, (*inside, annotation))
        return None
    raise TypeError(
        f"{where}: {_show(annotation)} is not a type that clients can send. Use int, float, str, "
        "bool, Literal, an Enum, Optional, list[T], dict[str, T], a dataclass, UploadedFile or Any."
    )


def _allows_or(annotation: Any) -> bool:
    return isinstance(annotation, type | types.UnionType | types.GenericAlias)


def _show(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
