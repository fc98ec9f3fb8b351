"""Reads signatures and members, and spells them as people write them.

Not as `inspect` prints them, which differs between versions of Python.
"""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, get_origin

from docs.reference.chapters import KNOWN
from docs.reference.docstrings import OURS

PACKAGE = "reactor_actors"
WIDTH = 100
_CLASS_VARIABLE = re.compile(r"^ClassVar\[(.*)\]$")
_STARS: dict[int, str] = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}


def function_code(name: str, function: Callable[..., Any], *, of_class: bool) -> str:
    """Return the signature of a function, or of a method without its first parameter."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[1 if of_class else 0 :]
    kind = "async def" if inspect.iscoroutinefunction(function) else "def"
    returns = signature.return_annotation
    hidden = returns is signature.empty or name == "__init__"
    return _code(f"{kind} {name}", parameters, "" if hidden else f" -> {spelled(returns)}")


def class_code(cls: type) -> str | None:
    """Return what a class is constructed with; None if it takes nothing of its own."""
    owners = [owner for owner in cls.__mro__ if _is_ours(owner)]
    made_here = any({"__init__", "__new__"} & vars(owner).keys() for owner in owners)
    if not made_here or issubclass(cls, enum.Enum) or "__init__" in members(cls):
        return None
    found = list(inspect.signature(cls).parameters.values())
    if any(each.kind is each.VAR_POSITIONAL for each in found):
        return None
    return _code(f"class {cls.__name__}", found)


def members(cls: type) -> dict[str, Any]:
    """Return the public members that a class has by itself, or from bases without an entry."""
    found: dict[str, Any] = {}
    for owner in reversed(cls.__mro__):
        if _is_ours(owner) and (owner is cls or owner.__name__ not in KNOWN):
            found.update({n: v for n, v in vars(owner).items() if _is_shown(n, v)})
    return found


def attribute(cls: type, name: str) -> str:
    """Return an attribute as it is declared: its name, and its type where there is one."""
    member = inspect.getattr_static(cls, name, None)
    if isinstance(member, property):
        kind = inspect.get_annotations(member.fget).get("return") if member.fget else None
    else:
        owners = (inspect.get_annotations(owner) for owner in cls.__mro__)
        kind = next((own[name] for own in owners if name in own), None)
    if kind in (None, "Any", Any):
        return name
    return f"{name}: " + _CLASS_VARIABLE.sub(r"\1", spelled(kind))


def spelled(annotation: Any) -> str:
    """Return an annotation as it stands in the source."""
    if isinstance(annotation, str):
        return annotation.replace("'", '"')
    if inspect.isclass(annotation) and get_origin(annotation) is None:
        return annotation.__name__
    return str(annotation)


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == PACKAGE


def _is_shown(name: str, value: Any) -> bool:
    public = not name.startswith("_") or name == "__init__"
    member = inspect.isfunction(value) or isinstance(value, property | classmethod)
    text = getattr(value, "__doc__", None) or ""
    return public and member and bool(text) and OURS not in text


def _code(start: str, parameters: list[inspect.Parameter], end: str = "") -> str:
    words = list(_listed(parameters))
    line = f"{start}({', '.join(words)}){end}"
    if len(line) > WIDTH:
        line = f"{start}(\n" + "".join(f"    {word},\n" for word in words) + f"){end}"
    return f"```python\n{line}\n```"


def _listed(parameters: list[inspect.Parameter]) -> Iterator[str]:
    """Yield parameters, with `/` and `*` where their kind changes."""
    before: int = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for parameter in parameters:
        kind = parameter.kind
        if before == parameter.POSITIONAL_ONLY != kind:
            yield "/"
        if kind == parameter.KEYWORD_ONLY and before < parameter.VAR_POSITIONAL:
            yield "*"
        yield _spelled_parameter(parameter)
        before = kind


def _spelled_parameter(parameter: inspect.Parameter) -> str:
    text = _STARS.get(parameter.kind, "") + parameter.name
    annotated = parameter.annotation is not parameter.empty
    if annotated:
        text += f": {spelled(parameter.annotation)}"
    if parameter.default is parameter.empty:
        return text
    return text + (" = " if annotated else "=") + _value(parameter.default)


def _value(default: Any) -> str:
    """Return a default as it could be written; `...` where that would say nothing."""
    if isinstance(default, enum.Enum) and type(default).__name__ in KNOWN:
        return f"{type(default).__name__}.{default.name}"
    text = repr(default).replace("'", '"')
    return "..." if text.startswith("<") else text
