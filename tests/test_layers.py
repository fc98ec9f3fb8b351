"""The house's floors: who may import what, as a test. The table is the one in the architecture."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "reactor_actors"
TEMPLATES = ROOT / PACKAGE / "scaffold"  # below it is data: models as authors write them
SOURCES = sorted(
    path
    for path in (ROOT / PACKAGE).rglob("*.py")
    if TEMPLATES not in path.parents or path.parent == TEMPLATES
)

# What a folder may import of this package, itself included, and of other distributions.
INSIDE = {
    "core": {"core"},
    "flow": {"core", "flow"},
    "engine": {"core", "flow", "engine"},
    "links": {"core", "flow", "links"},
    "interface": {"core", "flow", "engine", "interface"},
    "classic": {"core", "flow", "engine", "manifest", "classic"},
    "tracks.py": {"classic"},
    "discovery.py": {"core", "classic", "compat"},
    "transports": {"core", "flow", "transports"},
    "client": {"core", "flow", "client"},
    "config.py": {"core"},
    "manifest.py": {"core", "config"},
    "scaffold": {"core"},
    "carrying.py": {"interface"},
    "compat.py": {"core", "interface"},
    "loader.py": {
        "core",
        "engine",
        "interface",
        "classic",
        "config",
        "manifest",
        "carrying",
        "compat",
        "discovery",
        "loader",
    },
    "actors": {
        "core",
        "flow",
        "engine",
        "links",
        "transports",
        "client",
        "config",
        "manifest",
        "carrying",
        "loader",
        "actors",
    },
    "load": {"core", "transports", "load"},
    "headless": {"core", "flow", "engine", "links", "transports", "loader", "headless"},
    "signals.py": set(),
    "declaring.py": {"core", "interface", "classic", "loader"},
    "apart.py": {"core"},
    "serving.py": {"core", "transports", "loader", "actors", "signals"},
    "launching.py": {"core", "transports", "actors", "version"},
    "cli": {
        "core",
        "engine",
        "links",
        "manifest",
        "transports",
        "loader",
        "actors",
        "serving",
        "apart",
        "declaring",
        "scaffold",
        "headless",
        "load",
        "version",
        "cli",
    },
    "__main__.py": {"cli"},
    "version.py": set(),
    "__init__.py": {"interface", "classic", "manifest", "launching", "version"},
}
OUTSIDE = {
    "core": {"numpy", "pydantic", "pydantic_core", "jsonschema", "msgpack", "google"},
    "flow": {"numpy"},
    "engine": set(),
    "links": {"numpy", "msgpack"},
    "interface": {"numpy"},
    "classic": {"numpy"},
    "tracks.py": set(),
    "discovery.py": set(),
    "transports": {"numpy"},
    "client": {"numpy"},
    "config.py": {"yaml"},
    "manifest.py": set(),
    "scaffold": set(),
    "carrying.py": set(),
    "compat.py": set(),
    "loader.py": set(),
    "launching.py": set(),
    "version.py": set(),
    "__init__.py": set(),
    "actors": set(),
    "load": set(),
    "headless": {"numpy"},
    "signals.py": set(),
    "declaring.py": set(),
    "apart.py": set(),
    "serving.py": set(),
    "cli": {"typer", "rich"},
    "__main__.py": set(),
}
# Confined to single files or folders.
CONFINED = {
    "cv2": {"core/pixels.py"},
    "matplotlib": {"load/plot.py"},
    "av": {"transports/webrtc", "headless"},
    "aiortc": {"transports/webrtc", "load/viewer.py"},
    "aiohttp": {"transports/http", "load/signalling.py"},
    "prometheus_client": {
        "transports/http/metrics.py",
        "transports/http/observatory.py",
        "load/scrape.py",
    },
    "ray": {"links/refs.py", "actors"},
    "yaml": {"config.py", "headless/script.py"},
}
IMPURE = {"asyncio", "threading", "time", "socket", "selectors", "subprocess", "multiprocessing"}


def place_of(path: Path) -> str:
    return path.relative_to(ROOT / PACKAGE).as_posix()


def folder_of(path: Path) -> str:
    return place_of(path).split("/")[0]


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, at any depth, as absolute names."""
    package = [PACKAGE, *path.relative_to(ROOT / PACKAGE).parts[:-1]]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            found.add(".".join([*base, *([node.module] if node.module else [])]))
    return found


def roots(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def test_every_folder_has_its_rule() -> None:
    assert {folder_of(path) for path in SOURCES} <= set(INSIDE)


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_a_module_imports_only_lower_floors(path: Path) -> None:
    inside = {name.split(".")[1] for name in imports_of(path) if name.startswith(f"{PACKAGE}.")}
    assert inside <= INSIDE[folder_of(path)]


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_a_module_imports_only_what_its_folder_allows(path: Path) -> None:
    outside = roots(imports_of(path)) - set(sys.stdlib_module_names) - {PACKAGE}
    confined = {name for name, homes in CONFINED.items() if place_of(path).startswith(tuple(homes))}
    assert outside - confined <= OUTSIDE[folder_of(path)]


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_confined_libraries_stay_in_their_files(path: Path) -> None:
    for library in roots(imports_of(path)) & set(CONFINED):
        assert place_of(path).startswith(tuple(CONFINED[library])), library


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_http_knows_nothing_of_webrtc(path: Path) -> None:
    if place_of(path).startswith("transports/http/"):
        assert not any(".webrtc" in name for name in imports_of(path))


@pytest.mark.parametrize("path", [p for p in SOURCES if folder_of(p) == "core"], ids=place_of)
def test_the_core_reads_no_clock_and_waits_for_nothing(path: Path) -> None:
    assert not roots(imports_of(path)) & IMPURE


def test_there_are_no_circles() -> None:
    graph = {}
    for path in SOURCES:
        name = ".".join([PACKAGE, *path.relative_to(ROOT / PACKAGE).with_suffix("").parts])
        graph[name.removesuffix(".__init__")] = imports_of(path)

    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join([*trail, name])
        if name in done or name not in graph:
            return
        for imported in graph[name]:
            visit(imported, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())
