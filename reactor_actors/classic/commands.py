"""`@command`: what clients can make a generation 1 model do, and what they get back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from reactor_actors.core.arguments import Arguments, signature
from reactor_actors.core.contract import Command
from reactor_actors.core.naming import check_name, summary_of
from reactor_actors.core.values import plain

F = TypeVar("F", bound=Callable[..., Any])

_COMMAND = "__reactor_command__"


@dataclass(frozen=True, slots=True)
class Handler:
    """One `@command` method."""

    name: str
    description: str
    function: Callable[..., Any]
    arguments: Arguments

    @property
    def declared(self) -> Command:
        """What the contract says of it."""
        return Command(self.name, self.description, self.arguments.schema)


@dataclass(frozen=True, slots=True)
class Words:
    """A message for clients: `type` and `data`, or, where it is `flat`, one mapping of both."""

    type: str
    data: dict[str, Any]
    flat: bool = False


def command(name: str, description: str = "") -> Callable[[F], F]:
    """Let clients call a method by `name`, which is used letter for letter, on the wire too.

    The parameters are the payload; a default may be an `InputField(...)` or a
    `pydantic.Field(...)` with bounds. What the method returns goes back to the caller.
    """
    check_name(name, "a command", '@command("set_style")')

    def mark(method: F) -> F:
        if not inspect.isfunction(method):
            kind = type(method).__name__
            raise TypeError(f"@command goes on a method of the model; got a {kind}")
        setattr(method, _COMMAND, (name, description))
        return method

    return mark


def handlers_of(cls: type) -> dict[str, Handler]:
    """Return the commands of a class, its parents' first; the most derived of a name counts.

    Raises `ValueError` for a name twice in one class, `TypeError` for what cannot be published.
    """
    found: dict[str, Handler] = {}
    for owner in reversed(cls.__mro__):
        own: dict[str, str] = {}
        for attribute, function, (name, description) in _marked(owner):
            if other := own.get(name):
                raise ValueError(
                    f"{owner.__name__}: {other}() and {attribute}() both handle the command "
                    f"{name!r}. Keep one, or give them different names."
                )
            own[name] = attribute
            arguments, _ = signature(function, f"{owner.__name__}.{attribute}", client=False)
            summary = description or summary_of(function)
            found[name] = Handler(name, summary, function, arguments)
    return found


def worded(value: Mapping[str, Any], otherwise: str) -> Words:
    """Return a dict as the message it is; one without a `type` is the data of `otherwise`.

    Raises `TypeError` or `ValueError` naming what JSON cannot say.
    """
    data = plain(dict(value), "message")
    kind = data.get("type")
    if not isinstance(kind, str):
        return Words(otherwise, data)
    rest = {key: item for key, item in data.items() if key != "type"}
    inner = rest.get("data", {})
    if rest.keys() <= {"data"} and isinstance(inner, dict):
        return Words(kind, inner)
    return Words(kind, rest, flat=True)


def answered(name: str, value: Any) -> Words | None:
    """Return what a handler's value says to its caller; None says nothing."""
    if value is None:
        return None
    return worded(value if isinstance(value, Mapping) else {"result": value}, name)


def _marked(owner: type) -> Iterator[tuple[str, Callable[..., Any], tuple[str, str]]]:
    for attribute, member in vars(owner).items():
        inner = member.__func__ if type(member) in (staticmethod, classmethod) else member
        marked = vars(inner).get(_COMMAND) if inspect.isfunction(inner) else None
        if marked is not None and inner is not member:
            raise TypeError(
                f"{owner.__name__}.{attribute}: commands are methods of the instance; "
                f"remove @{type(member).__name__}"
            )
        if marked is not None:
            yield attribute, member, marked
