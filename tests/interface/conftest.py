from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

WriteModule = Callable[[str, str], ModuleType]


@pytest.fixture
def write_module(tmp_path: Path) -> Iterator[WriteModule]:
    """Write a module as its author would, and import it; it is gone after the test."""
    written: list[str] = []

    def write(name: str, source: str) -> ModuleType:
        path = tmp_path / f"{name}.py"
        path.write_text(dedent(source))
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        written.append(name)
        spec.loader.exec_module(module)
        return module

    yield write
    for name in written:
        sys.modules.pop(name, None)
