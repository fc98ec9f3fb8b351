"""What things are called: names on the wire, names out of class names, summaries."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def snake_case(name: str) -> str:
    """Return a class name in snake case: `HTTPServer` gives `http_server`."""
    return _WORD_STARTS.sub("_", name).lower()


def check_name(name: object, what: str, form: str) -> None:
    """Raise `ValueError` for a name that no client could use; `form` shows how to write one."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"{what} name is made of A-Z a-z 0-9 _ . - and not empty; got {name!r}. Write {form}."
        )


def file_of(cls: type) -> str:
    """Return the file that a class is written in; the name of its module where there is none."""
    module = sys.modules.get(cls.__module__)
    return getattr(module, "__file__", None) or cls.__module__


def summary_of(thing: Any) -> str:
    """Return the first paragraph of a docstring, on one line."""
    # A class has its own docstring only; a dataclass without one gets its signature for it.
    own = (vars(thing).get("__doc__") if isinstance(thing, type) else thing.__doc__) or ""
    if isinstance(thing, type) and own.startswith(f"{thing.__name__}("):
        return ""
    return " ".join(inspect.cleandoc(own).split("\n\n")[0].split())
