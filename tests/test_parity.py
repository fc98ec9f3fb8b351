"""`docs/parity.md` tells the truth: every row is there, and every test it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "parity.md"
ROW = re.compile(r"^\| (G2|G1|RT|W)-(\d{3}) \| ([^|]*) \| (.*) \|$", re.MULTILINE)
ROWS = [(f"{m[1]}-{m[2]}", m[4]) for m in ROW.finditer(PAGE.read_text())]
COUNTS = {"G2": 118, "G1": 29, "W": 79, "RT": 51}


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


@pytest.mark.parametrize(("kind", "count"), COUNTS.items(), ids=COUNTS)
def test_every_row_is_listed_once(kind: str, count: int) -> None:
    listed = [name for name, _ in ROWS if name.startswith(f"{kind}-")]
    assert listed == [f"{kind}-{number:03}" for number in range(1, count + 1)]


@pytest.mark.parametrize(("row", "proof"), ROWS, ids=[name for name, _ in ROWS])
def test_a_row_names_tests_that_exist_or_a_reason(row: str, proof: str) -> None:
    named = re.findall(r"`([^`]+)::([^`]+)`", proof)
    assert named or proof.startswith("later:"), f"{row} has neither a test nor a reason"
    for file, test in named:
        assert test in names_in(file), f"{row} names {file}::{test}"
