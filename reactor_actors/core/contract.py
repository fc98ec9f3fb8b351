"""`Contract`: what a model declares. Frozen plain data; it crosses to the edge once, at load.

`Gate` is the edge's use of it: a command is checked against the contract's JSON Schema where it
arrives, so that a bad one never reaches the model's process.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from reactor_actors.core.errors import ClientError
from reactor_actors.core.fields import UPLOAD_FORMAT
from reactor_actors.core.media import Direction, Track
from reactor_actors.core.values import trouble


@dataclass(frozen=True, slots=True)
class Command:
    """Something clients may ask for. `schema` describes its payload, `reply` names a message."""

    name: str
    summary: str
    schema: dict[str, Any]
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class MessageType:
    """Something the model may say to clients."""

    name: str
    summary: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contract:
    """What a model declares, in the order of declaration; input tracks come first.

    `pinned` says that `fps` was set by the author, `wants_files` that it has an upload hook, and
    `first_lead` how many ticks ahead a session begins if that is fewer than `buffer_size`.
    """

    name: str
    description: str = ""
    version: str = "0.0.0"
    tracks: tuple[Track, ...] = ()
    commands: tuple[Command, ...] = ()
    messages: tuple[MessageType, ...] = ()
    fps: float = 30.0
    pinned: bool = False
    buffer_size: int = 4
    fixed_latency: bool = False
    first_lead: int | None = None
    wants_files: bool = False

    def tracks_towards(self, direction: Direction) -> dict[str, Track]:
        """Return the tracks of one direction by name."""
        return {t.name: t for t in self.tracks if t.direction is direction}

    def declares_the_same_as(self, other: Contract) -> bool:
        """Whether clients of `other` can go on with this one: tracks, commands, messages."""
        return (self.tracks, self.commands, self.messages) == (
            other.tracks,
            other.commands,
            other.messages,
        )


class InvalidCommandError(ClientError):
    """A command the contract does not allow. `rule` is the JSON Schema keyword it breaks.

    `rule` is "name" for a command that does not exist, "payload" for one that no schema is asked
    about because its payload is too large, too deep or not finite.
    """

    def __init__(self, code: str, message: str, rule: str = "payload") -> None:
        super().__init__(code, message)
        self.args = (code, message, rule)
        self.rule = rule


@dataclass(slots=True)
class Gate:
    """Check commands against a contract."""

    contract: Contract
    _checks: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._checks = {c.name: _Check(c.schema) for c in self.contract.commands}

    def knows(self, name: str) -> bool:
        """Whether the contract has a command of this name."""
        return name in self._checks

    def admit(self, name: str, payload: Any) -> list[str]:
        """Accept a command, or raise `InvalidCommandError`.

        Returns the ids of the uploads that the payload refers to, each once.
        """
        check = self._checks.get(name)
        if check is None:
            raise InvalidCommandError("invalid_command", f"unknown command {_brief(name)}", "name")
        if reason := trouble(payload):
            raise InvalidCommandError(
                "invalid_command", f"{name}: the payload is refused: {reason}"
            )
        error = best_match(check.iter_errors(payload))
        if error is not None:
            raise InvalidCommandError("invalid_command", _explain(error), str(error.validator))
        return list(dict.fromkeys(_references(check.schema, payload)))


def _is_integer(checker: Any, value: object) -> bool:
    # A float beyond 64 bits has no fraction either, but the parser makes no integer of it.
    if isinstance(value, float):
        return value.is_integer() and abs(value) < 2.0**63
    return isinstance(value, int) and not isinstance(value, bool)


_Check: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def _explain(error: ValidationError) -> str:
    """Name the argument and the reason, in words that do not repeat a megabyte of payload."""
    where = _path(error.absolute_path)
    instance: Any = error.instance
    value = _brief(instance)
    bound: Any = error.validator_value
    schema: Any = error.schema
    match error.validator:
        case "additionalProperties" if isinstance(instance, Mapping):
            known = list(schema.get("properties", ()))
            extra = next(key for key in instance if key not in known)
            names = ", ".join(map(repr, known)) or "none"
            return f"{where or 'payload'}: unknown argument {_brief(extra)}; known are: {names}"
        case "required":
            missing = next(key for key in bound if key not in instance)
            return f"{_path([*error.absolute_path, missing])}: is required"
        case "type":
            return f"{where or 'payload'}: expected {_names(bound)}; got {value}"
        case "enum":
            return f"{where}: expected one of {', '.join(map(repr, bound))}; got {value}"
        case "minimum" | "maximum":
            side = "at least" if error.validator == "minimum" else "at most"
            return f"{where}: expected {side} {bound}; got {value}"
        case "exclusiveMinimum" | "exclusiveMaximum":
            side = "above" if error.validator == "exclusiveMinimum" else "below"
            return f"{where}: expected a number {side} {bound}; got {value}"
        case "multipleOf":
            return f"{where}: expected a multiple of {bound}; got {value}"
        case "pattern":
            return f"{where}: expected text that matches {_brief(bound)}; got {value}"
        case "minLength" | "minItems":
            return f"{where}: expected a length of at least {bound}; got {len(instance)}"
        case "maxLength" | "maxItems":
            return f"{where}: expected a length of at most {bound}; got {len(instance)}"
        case _:
            return f"{where or 'payload'}: {value} is not accepted"


def _references(schema: Any, value: Any) -> Iterator[str]:
    """Walk schema and value side by side and yield the id of every upload reference."""
    if not isinstance(schema, Mapping) or value is None:
        return
    if schema.get("format") == UPLOAD_FORMAT:
        yield value["upload_id"]
        return
    for option in schema.get("anyOf", ()):
        yield from _references(option, value)
    if isinstance(value, list):
        for item in value:
            yield from _references(schema.get("items"), item)
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        for key, item in value.items():
            yield from _references(known.get(key, schema.get("additionalProperties")), item)


def _path(parts: Any) -> str:
    told = ""
    for part in parts:
        told += f"[{part}]" if isinstance(part, int) else f".{str(part)[:80]}"
    return told.removeprefix(".")


def _names(types: Any) -> str:
    return " or ".join(types) if isinstance(types, list) else str(types)


def _brief(value: Any) -> str:
    told = _SHORT.repr(value)
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]}..."


_SHORT = reprlib.Repr()
_LONGEST = 160
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlevel = 3
