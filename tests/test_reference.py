"""The reference says what the docstrings say, of every name that can be imported."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, ClassVar

import pytest

from docs.reference.chapters import DOORS
from docs.reference.docstrings import OURS, items, sections
from docs.reference.entries import linked
from docs.reference.page import page
from docs.reference.signatures import attribute, class_code, function_code, members
from reactor_actors.interface import InputFrame, Output, ReactorModel, ReadMode, UploadedFile

COMMITTED = Path(__file__).parents[1] / "docs" / "reference.md"


class Coat:
    """Keeps warm.

    It has pockets.

    Args:
        size: How large it is; a text that
            goes on.
        colour: Red.

    Raises:
        ValueError: It is torn.
    """

    worn: ClassVar[bool] = False

    def __init__(self, size: int = 3, *, colour: str = "red") -> None:
        self.size = size

    @property
    def warm(self) -> bool:
        """Whether it keeps warm."""
        return True

    @property
    def lining(self) -> Any:
        """Belongs to the runtime."""

    def button(self, one: Any, /, two: int, *others: float, tight: bool = False) -> None:
        """Close it."""

    async def wash(self, *, mode: ReadMode = ReadMode.FIFO, weight: Any = object()) -> list[str]:  # noqa: B008
        """Clean it."""
        return []

    def _mend(self) -> None:
        """Sew."""


def test_the_committed_page_is_what_the_docstrings_say() -> None:
    assert COMMITTED.read_text() == page(), "the reference is out of date: run `make docs`"


def test_a_name_that_can_be_imported_and_is_in_no_chapter_is_told() -> None:
    with pytest.raises(LookupError, match="ChainMap, Counter"):
        page([*DOORS, "collections"])


def test_nothing_private_and_nothing_of_the_runtimes_own_is_on_the_page() -> None:
    written = page()
    headings = [line for line in written.splitlines() if line.startswith("#")]
    names = {line.rpartition(" ")[2].rpartition(".")[2] for line in headings}
    assert not {name for name in names if name.startswith("_")} - {"__init__"}
    assert {"emit", "load", "inference", "read"} <= names
    assert not {"push", "wrap", "joined", "begin"} & names
    assert OURS not in written


def test_a_docstring_is_cut_into_prose_and_items() -> None:
    parts = sections(Coat.__doc__)
    assert parts.keys() == {"", "Args", "Raises"}
    assert parts[""] == "Keeps warm.\n\nIt has pockets."
    told = dict(items(parts["Args"]))
    assert told == {"size": "How large it is; a text that goes on.", "colour": "Red."}


def test_a_signature_is_spelled_like_its_source() -> None:
    assert function_code("button", Coat.button, of_class=True).splitlines()[1] == (
        "def button(one: Any, /, two: int, *others: float, tight: bool = False) -> None"
    )
    assert function_code("wash", Coat.wash, of_class=True).splitlines()[1] == (
        "async def wash(*, mode: ReadMode = ReadMode.FIFO, weight: Any = ...) -> list[str]"
    )


def test_a_long_signature_has_a_line_for_each_parameter() -> None:
    def long(first: dict[str, list[int]], second: dict[str, list[int]], third: int = 0) -> int:
        return third

    code = function_code("a_function_with_a_long_name", long, of_class=False)
    assert code.splitlines()[1:-1] == [
        "def a_function_with_a_long_name(",
        "    first: dict[str, list[int]],",
        "    second: dict[str, list[int]],",
        "    third: int = 0,",
        ") -> int",
    ]


def test_a_class_is_shown_as_it_is_constructed_if_it_takes_anything() -> None:
    assert "class InputFrame(array: " in (class_code(InputFrame) or "")
    assert "class UploadedFile(name: str, " in (class_code(UploadedFile) or "")
    for cls in (ReactorModel, ReadMode, Output):
        assert class_code(cls) is None


def test_members_are_public_documented_and_for_authors() -> None:
    found = members(ReactorModel)
    assert {"load", "run", "emit", "send", "__init__"} == found.keys()
    assert inspect.iscoroutinefunction(found["emit"])


def test_an_attribute_has_the_type_it_is_declared_with() -> None:
    assert attribute(Coat, "worn") == "worn: bool"
    assert attribute(Coat, "warm") == "warm: bool"
    assert attribute(Coat, "lining") == "lining"


def test_names_with_an_entry_are_linked_and_plain_words_are_not() -> None:
    text = "`Output`, `get_ctx`, `model`, `Other`"
    assert linked(text) == "[`Output`](#output), [`get_ctx`](#get_ctx), `model`, `Other`"
    assert linked("An `Output`.", own="Output") == "An `Output`."
