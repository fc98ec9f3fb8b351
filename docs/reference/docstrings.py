"""Reads docstrings: prose first, then sections of items, as Google writes them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

OURS = "Belongs to the runtime."
"""What a docstring says of a public name that is not for authors."""

_SECTION = re.compile(r"^(Args|Raises|Attributes):$", re.MULTILINE)
_ITEM = re.compile(r"^(?=\S)", re.MULTILINE)


def sections(text: str | None) -> dict[str, str]:
    """Cut a docstring into its prose, under no name, and its sections."""
    parts = _SECTION.split(inspect.cleandoc(text or ""))
    return {"": parts[0].rstrip(), **dict(zip(parts[1::2], parts[2::2], strict=True))}


def items(section: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the words of each item of a section."""
    for item in _ITEM.split(inspect.cleandoc(section)):
        name, _, words = item.partition(": ")
        if words:
            yield name, one_line(words)


def one_line(text: str | None) -> str:
    """Return a text without its line breaks."""
    return " ".join((text or "").split())
