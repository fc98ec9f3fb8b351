"""Puts the page together."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator

from docs.reference.chapters import CHAPTERS, DOORS, KNOWN, Chapter
from docs.reference.entries import anchor, entry, link, linked

HEAD = """# Reference

The names that a program may import, with what their docstrings say of them; `make docs` writes
this page. How they are used together is in [authoring.md](authoring.md), [classic.md](classic.md)
and [api.md](api.md)."""


def page(doors: Iterable[str] = DOORS) -> str:
    """Return the whole page.

    Raises:
        LookupError: A name that a module of `doors` exports is in no chapter.
    """
    exported = {name for door in doors for name in importlib.import_module(door).__all__}
    if missing := sorted(exported - KNOWN - {"__version__"}):
        raise LookupError(f"put into docs/reference/chapters.py: {', '.join(missing)}")
    index = "\n".join(_line(chapter) for chapter in CHAPTERS)
    return "\n\n".join([HEAD, index, *_paragraphs()]) + "\n"


def _line(chapter: Chapter) -> str:
    names = ", ".join(link(name) for name, _ in chapter.entries())
    return f"- [{chapter.title}](#{anchor(chapter.title)}): {names}"


def _paragraphs() -> Iterator[str]:
    for chapter in CHAPTERS:
        yield f"## {chapter.title}"
        yield linked(chapter.intro)
        for name, item in chapter.entries():
            yield from entry(chapter, name, item)
