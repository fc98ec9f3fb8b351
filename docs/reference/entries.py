"""Writes one entry: a function, a class with its members, or a constant."""

from __future__ import annotations

import ast
import enum
import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

from docs.reference.chapters import KNOWN, Chapter
from docs.reference.docstrings import items, one_line, sections
from docs.reference.signatures import attribute, class_code, function_code, members

# One that is a plain word may be meant as the name of an argument.
_NAME = re.compile(r"(?<!\[)`(\w*[A-Z_]\w*)`")
_TITLES = {"Args": "Arguments:", "Raises": "Raises:"}


def anchor(title: str) -> str:
    """Return what a heading is linked by."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def link(name: str) -> str:
    """Return a name as a link to its entry."""
    return f"[`{name}`](#{anchor(name)})"


def linked(text: str, own: str = "") -> str:
    """Link the names in a text that have an entry, but for the one whose `own` text it is."""
    known = KNOWN - {own}
    return _NAME.sub(lambda found: link(found[1]) if found[1] in known else found[0], text)


def entry(chapter: Chapter, name: str, item: Any) -> Iterator[str]:
    """Yield the paragraphs of an entry."""
    yield f"### {name}"
    if inspect.isclass(item):
        yield from _class(chapter, item)
    elif callable(item):
        yield from _function(name, item, own=name)
    else:
        yield linked(_text_below(item, name), name)


def _function(
    name: str, function: Callable[..., Any], *, own: str, of_class: bool = False
) -> Iterator[str]:
    yield function_code(name, function, of_class=of_class)
    parts = sections(function.__doc__)
    yield linked(parts.pop(""), own)
    for title, section in parts.items():
        told = [f"- `{name}`: {words}" for name, words in items(section)]
        yield f"{_TITLES[title]}\n\n" + linked("\n".join(told), own)


def _class(chapter: Chapter, cls: type) -> Iterator[str]:
    name = cls.__name__
    if chapter.bare:
        yield f"From `{cls.__module__}`."
    elif bases := [base.__name__ for base in cls.__mro__[1:] if base.__name__ in KNOWN]:
        yield f"A kind of {link(bases[0])}."
    if not chapter.is_made(name) and (code := class_code(cls)) is not None:
        yield code
    parts = sections(cls.__doc__)
    yield linked(parts[""], name)
    shown = {} if chapter.bare else members(cls)
    if told := list(_attributes(cls, parts.get("Attributes", ""), shown)):
        yield "\n".join(told)
    if issubclass(cls, enum.Enum):
        yield ", ".join(f"`{member.name}`" for member in cls)
        return
    for member, value in shown.items():
        if not isinstance(value, property):
            yield f"#### {name}.{member}"
            function = getattr(value, "__func__", value)
            yield from _function(member, function, own=name, of_class=True)


def _attributes(cls: type, section: str, shown: dict[str, Any]) -> Iterator[str]:
    """Yield those that the docstring lists, then the properties."""
    told = dict(items(section))
    for name, value in shown.items():
        if isinstance(value, property):
            told.setdefault(name, one_line(value.__doc__))
    for name, words in told.items():
        yield f"- `{attribute(cls, name)}`: {linked(words, cls.__name__)}"


def _text_below(item: object, name: str) -> str:
    """Return the text that stands below the assignment of a constant, in the module of its type."""
    body = ast.parse(inspect.getsource(sys.modules[type(item).__module__])).body
    for node, after in itertools.pairwise(body):
        named = isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name
        if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return str(after.value.value)
    raise LookupError(f"{name} has no text below it")
