"""What a model class declares, read once: tracks, state, handlers, hooks and messages.

Nothing is registered anywhere: a class declares what its own modules and its own body name. So
importing a library that has models of its own adds nothing.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from reactor_actors.core.arguments import Arguments, signature
from reactor_actors.core.contract import Command, Contract
from reactor_actors.core.media import Track
from reactor_actors.core.naming import snake_case, summary_of
from reactor_actors.interface.events import EventSpec, Hook, event_of, hook_of
from reactor_actors.interface.messages import (
    ModelMessage,
    message_name,
    message_type,
)
from reactor_actors.interface.records import fields_of, resolved
from reactor_actors.interface.state import InputState, parameters
from reactor_actors.interface.tracks import Input, Output, merged, tracks_of

log = logging.getLogger("reactor_actors.model")
T = TypeVar("T")

_LIBRARY = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Handler:
    """One `@event` method: the function itself, not whatever has its name further down."""

    spec: EventSpec
    function: Callable[..., Any]
    arguments: Arguments
    wants_client: bool
    reply: type[ModelMessage] | None


@dataclass(frozen=True, slots=True)
class Declaration:
    """Everything a model class declares."""

    title: str
    description: str
    tracks: tuple[Track, ...]
    inputs: dict[str, type[Input]]
    outputs: tuple[type[Output], ...]
    messages: tuple[type[ModelMessage], ...]
    handlers: dict[str, Handler]
    hooks: dict[Hook, Callable[..., Any]]
    state: type[InputState] | None
    parameters: Arguments

    def commands(self) -> tuple[Command, ...]:
        """Return setters and handlers as clients see them, each name once."""
        told = {}
        for item in self.parameters.items:
            name = f"set_{item.name}"
            summary = item.schema.get("description") or f"Set {item.name}"
            told[name] = Command(name, summary, Arguments((item,)).schema)
        for name, handler in self.handlers.items():
            summary = handler.spec.description or summary_of(handler.function)
            reply = message_name(handler.reply) if handler.reply else None
            told[name] = Command(name, summary, handler.arguments.schema, reply)
        return tuple(told.values())

    def contract(self, **facts: Any) -> Contract:
        """Return what crosses to the clients' side; `facts` are the fields a class cannot tell."""
        return Contract(
            description=self.description,
            tracks=self.tracks,
            commands=self.commands(),
            messages=tuple(message_type(m) for m in self.messages),
            wants_files=Hook.FILE_UPLOADED in self.hooks,
            **facts,
        )


@functools.cache
def declare(cls: type, base: type) -> Declaration:
    """Read a model class that derives from `base`.

    Raises `TypeError` or `ValueError` naming what is declared wrongly.
    """
    for mixin in _mixins(cls, base):
        check_body(mixin)
    annotations = dict(_annotations(cls, base))
    annotated = set(annotations.values())
    outputs = _belonging(cls, base, Output, "output", annotated)
    inputs = _belonging(cls, base, Input, "input", annotated)
    hooks = _hooks(cls, base)
    handlers = _handlers(cls, base)
    replies = {h.reply for h in handlers.values() if h.reply is not None}
    messages = _belonging(cls, base, ModelMessage, "messages", annotated | replies)
    _check_names(messages)
    placed = {n: kind for n, kind in annotations.items() if issubclass(kind, Input)}
    for kind in inputs:
        if kind not in placed.values():
            log.warning(
                "%s declares tracks, but no attribute of %s holds it: add `input: %s` to read them",
                kind.__name__, cls.__name__, kind.__name__,
            )  # fmt: skip
    states = [kind for kind in annotations.values() if issubclass(kind, InputState)]
    state = annotations.get("state")
    if states and state not in states:
        raise TypeError(f"{cls.__name__}: declare it as `state: {states[0].__name__}`")
    return Declaration(
        title=snake_case(cls.__name__),
        description=summary_of(cls),
        tracks=merged([*inputs, *outputs]),
        inputs=placed,
        outputs=outputs,
        messages=messages,
        handlers=handlers,
        hooks=hooks,
        state=state,
        parameters=parameters(state) if state else Arguments(),
    )


def check_body(cls: type) -> None:
    """Find what one class body declares twice. Raises `ValueError` or `TypeError`."""
    events: dict[str, str] = {}
    hooks: dict[Hook, str] = {}
    for attribute, member in vars(cls).items():
        inner = member.__func__ if type(member) in (staticmethod, classmethod) else None
        if event_of(inner) or hook_of(inner):
            raise TypeError(
                f"{cls.__name__}.{attribute}: events and hooks are methods of the instance; "
                f"remove @{type(member).__name__}"
            )
        if spec := event_of(member):
            if other := events.get(spec.name):
                raise ValueError(
                    f"{cls.__name__}: {other}() and {attribute}() both handle the event "
                    f"{spec.name!r}. Keep one, or give them different names."
                )
            events[spec.name] = attribute
        if hook := hook_of(member):
            if other := hooks.get(hook):
                raise TypeError(
                    f"{cls.__name__}: {other}() and {attribute}() are both @{hook.value} hooks. "
                    "Keep one and call the other from it."
                )
            hooks[hook] = attribute
            _check_hook(cls, hook, attribute, member)


def _check_hook(cls: type, hook: Hook, attribute: str, member: Any) -> None:
    names = list(inspect.signature(member).parameters)[1:]
    wanted = ["self", "uploaded_file"] if hook is Hook.FILE_UPLOADED else ["self"]
    of_session = hook in (Hook.SESSION_STARTED, Hook.SESSION_ENDED)
    if ["self", *(n for n in names if of_session or n != "client")] != wanted:
        takes = f"({', '.join(wanted)}){'' if of_session else ', and `client` if it wants to'}"
        raise TypeError(
            f"{cls.__name__}.{attribute}: a @{hook.value} hook takes {takes}; "
            f"got ({', '.join(['self', *names])})"
        )


def _annotations(cls: type, base: type) -> Iterator[tuple[str, type]]:
    """Yield the annotations of a model, and of its mixins, that are classes of ours."""
    for name, (owner, raw) in fields_of(cls, object).items():
        try:
            kind = resolved(owner, name, raw)
        except TypeError as error:
            if name == "state" and hasattr(cls, "inference"):
                raise  # a pipeline without its state fails only when somebody is watching
            if issubclass(owner, base):
                log.warning("%s; the annotation is ignored", error)
            continue
        if isinstance(kind, type) and issubclass(kind, Input | Output | InputState | ModelMessage):
            yield name, kind


def _belonging(
    cls: type, base: type, kind: type[T], attribute: str, also: set[type]
) -> tuple[type[T], ...]:
    """Return the classes of one kind that belong to a model, in order of declaration."""
    found: dict[type, None] = {}
    for owner in reversed(cls.__mro__):
        if _is_ours(owner):
            continue
        module = sys.modules.get(owner.__module__)
        candidates: list[Any] = [*vars(module).values()] if module else []
        if issubclass(owner, base):
            candidates += _explicit(owner, attribute, kind)
        for candidate in candidates:
            # By type(): a lazy proxy among a module's globals minds being asked for its class.
            if issubclass(type(candidate), type) and issubclass(candidate, kind):
                found[candidate] = None
    found.update({c: None for c in sorted(also, key=lambda c: c.__name__) if issubclass(c, kind)})
    return tuple(c for c in found if not _is_ours(c) and _counts(c))


def _explicit(owner: type, attribute: str, kind: type) -> list[type]:
    """Return the classes named in a declaration such as `output = (A, B)`."""
    value = vars(owner).get(attribute, ())
    if attribute == "input" or (
        attribute == "output" and callable(value) and not isinstance(value, type)
    ):
        return []
    classes = list(value) if isinstance(value, tuple | list) else [value]
    for item in classes:
        if not (isinstance(item, type) and issubclass(item, kind)):
            raise TypeError(
                f"{owner.__name__}.{attribute} names {kind.__name__} subclasses; got {item!r}"
            )
    return classes


def _counts(candidate: type) -> bool:
    """Whether a class declares anything: an `Output` or `Input` without tracks does not."""
    return not issubclass(candidate, Output | Input) or bool(tracks_of(candidate))


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == _LIBRARY


def _handlers(cls: type, base: type) -> dict[str, Handler]:
    """Return the most derived decorated handler of every name."""
    found: dict[str, Handler] = {}
    for attribute, member in _members(cls, base):
        if spec := event_of(member):
            where = f"{cls.__name__}.{attribute}"
            arguments, client = signature(member, where)
            found[spec.name] = Handler(spec, member, arguments, client, _reply_of(member))
    return found


def _hooks(cls: type, base: type) -> dict[Hook, Callable[..., Any]]:
    """Return the most derived hook of every kind."""
    return {hook: member for _, member in _members(cls, base) if (hook := hook_of(member))}


def _mixins(cls: type, base: type) -> list[type]:
    """Return the classes a model derives from that are no models themselves."""
    return [c for c in cls.__mro__ if not issubclass(c, base) and not issubclass(base, c)]


def _members(cls: type, base: type) -> Iterator[tuple[str, Any]]:
    """Yield the members of a class and its parents below `base`, most derived last."""
    for owner in reversed(cls.__mro__):
        if owner is not base and owner is not object:
            yield from vars(owner).items()


def _reply_of(function: Callable[..., Any]) -> type[ModelMessage] | None:
    """Return the message class that a return annotation publishes as the reply, if any."""
    hint = typing.get_type_hints(function).get("return")
    options = [option for option in typing.get_args(hint) if option is not type(None)] or [hint]
    reply = options[0] if len(options) == 1 else None
    if isinstance(reply, type) and issubclass(reply, ModelMessage):
        return reply
    return None


def _check_names(messages: tuple[type[ModelMessage], ...]) -> None:
    named: dict[str, type] = {}
    for message in messages:
        name = message_name(message)
        if other := named.get(name):
            raise ValueError(
                f"{other.__name__} and {message.__name__} are both sent as {name!r}. Give one of "
                'them another name: `name = "..."` in its body.'
            )
        named[name] = message
