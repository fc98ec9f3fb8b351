"""The documentation's Python blocks run, page by page and in order."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from typer.main import get_command

from docs.reference.entries import anchor
from reactor_actors import VideoModel
from reactor_actors.cli.app import app
from reactor_actors.core.session import State
from reactor_actors.interface.later import COVERED, LATER
from tests.local import Local, serving

ROOT = Path(__file__).parents[1]
CLASSIC = ROOT / "docs" / "classic.md"
PAGES = [ROOT / "README.md", ROOT / "docs" / "authoring.md", CLASSIC]
LINKED = [
    ROOT / "README.md",
    *(ROOT / "docs").glob("*.md"),
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "examples").rglob("README.md"),
]
# What this project says itself: the reference says it by docstrings.
OURS = [page for page in LINKED if page.name != "reference.md"]
OF_OTHERS = {"--object-store-memory"}
"""Options of Ray's."""
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@contextmanager
def executed(page: Path) -> Iterator[ModuleType]:
    """Run the blocks of a page, as the module that they make up."""
    blocks = BLOCK.findall(page.read_text())
    assert blocks
    module = ModuleType(f"page_{page.stem}")
    sys.modules[module.__name__] = module
    try:
        for block in blocks:
            exec(compile(block, str(page), "exec"), module.__dict__)
        yield module
    finally:
        del sys.modules[module.__name__]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_on_a_page_runs(page: Path) -> None:
    with executed(page):
        pass


async def lit(local: Local) -> None:
    """Wait for a picture that is not black."""
    await local.until(lambda: local.screen.newest().max() > 30 or None)


async def test_every_model_on_the_page_about_generation_1_shows_pictures() -> None:
    with executed(CLASSIC) as module:
        found = [value for value in vars(module).values() if isinstance(value, type)]
        models = [cls for cls in found if issubclass(cls, VideoModel) and cls is not VideoModel]
        assert len(models) == 7
        for cls in models:
            async with serving(cls) as local:
                anna = local.join()
                await local.shown(1)
                if any(track.name == "webcam" for track in local.contract.tracks):
                    anna.show("webcam", np.full((64, 96, 3), 200, np.uint8))
                await lit(local)
                await local.stopped()
                assert local.transport.state is State.READY


async def test_the_model_in_the_readme_pulses_and_gets_dark() -> None:
    with executed(ROOT / "README.md") as module:
        async with serving(module.Pulse, config={"size": 64}) as local:
            anna = local.join()
            assert len({int(picture[0, 0, 0]) for picture in await local.shown(8)}) > 3
            assert local.screen.newest().shape == (64, 64, 3)
            await anna.ask("set_brightness", brightness=0.0)
            await local.until(lambda: local.screen.newest().max() < 10 or None)


def named_on_pages(pattern: str) -> set[str]:
    """Return what a pattern finds on the pages."""
    found = (re.findall(pattern, page.read_text(), re.MULTILINE) for page in OURS)
    return {word for words in found for word in words}


def test_every_option_that_a_text_names_is_one_of_the_command() -> None:
    group: Any = get_command(app)
    verbs = [group, *group.commands.values()]
    known = {option for verb in verbs for param in verb.params for option in param.opts}
    named = named_on_pages(r"`(--[a-z][a-z-]*)(?![\w.-])")
    assert {"--replicas", "--address", "--watchdog"} <= named <= known | {"--help"} | OF_OTHERS


def test_every_program_that_a_page_names_is_there() -> None:
    programs = named_on_pages(r"python -m ([\w.]+)")
    assert {"benchmarks.loopback", "examples.watch"} <= programs
    assert not {name for name in programs if find_spec(name) is None}


def test_every_verb_of_make_that_a_page_names_is_there() -> None:
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "docs"} <= named_on_pages(r"(?:^ {4}|`)make ([a-z-]+)") <= rules


def test_every_page_can_be_found_from_the_first_one() -> None:
    listed = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert len(pages) > 8
    assert pages <= set(listed)


def test_every_picture_is_shown_on_a_page() -> None:
    shown = {
        (page.parent / target).resolve()
        for page in LINKED
        for target in re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text())
    }
    assert {picture.resolve() for picture in (ROOT / "docs").rglob("*.png")} == shown


@pytest.fixture
def authoring() -> Iterator[ModuleType]:
    """The guide, run where no event loop is: it has one of its own."""
    with executed(ROOT / "docs" / "authoring.md") as module:
        yield module


async def test_a_pipeline_that_reads_begins_anew_with_the_next_client(
    authoring: ModuleType,
) -> None:
    async with serving(authoring.Negative) as local:
        for level in (200, 100):
            client = local.join()
            await local.eventually(lambda: local.model.connected.is_set() or None)
            begun = len(local.screen.ticks)
            client.show("webcam", np.full((64, 96, 3), level, np.uint8))
            shown = (await local.shown(begun + 1))[-1]
            assert abs(int(shown.mean()) - (255 - level)) < 4
            client.leave()
            await local.eventually(lambda: not local.model.connected.is_set() or None)


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_the_links_on_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def anchors(page: Path) -> list[str]:
    """Return what the headings of a page are linked by."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [anchor(title) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)]


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.name)
def test_the_links_into_a_page_lead_to_a_heading_of_its_own(page: Path) -> None:
    for target, place in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text()):
        assert anchors(page.parent / target if target else page).count(place) == 1, place


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
