"""The documentation's Python blocks run, page by page and in order."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from reactor_actors.interface.later import COVERED, LATER

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "docs" / "authoring.md"]
LINKED = [*PAGES, *(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md"]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_on_a_page_runs(page: Path) -> None:
    blocks = BLOCK.findall(page.read_text())
    assert blocks
    module = ModuleType(f"page_{page.stem}")
    sys.modules[module.__name__] = module
    try:
        for block in blocks:
            exec(compile(block, str(page), "exec"), module.__dict__)
    finally:
        del sys.modules[module.__name__]


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_the_links_on_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_name_that_sends_its_importer_to_the_list_is_on_it() -> None:
    page = (ROOT / "docs" / "migrating.md").read_text()
    assert COVERED.startswith("docs/migrating.md ")
    for name in LATER:
        assert f"`{name}`" in page, name


def test_every_failure_that_operators_are_told_of_is_held_by_a_test() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    assert len(named) >= 11
    for file, test in named:
        assert f"def {test}(" in (ROOT / "tests" / file).read_text(), test
