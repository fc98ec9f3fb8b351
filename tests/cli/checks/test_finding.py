from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from reactor_actors.cli.checks.finding import Finding, Mark, as_json, show, verdict

GOOD = Finding("python", "3.11")
WARNING = Finding("gpu", "torch sees none", Mark.WARNING, "install another")
BAD = Finding("import", "it [bold]fails[/]", Mark.BAD, detail="Traceback\n  File\n")


def written(finding: Finding, encoding: str) -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding)
    show(finding, Console(file=file, width=30, highlight=False))
    file.seek(0)
    return file.read().splitlines()


def test_a_line_has_a_mark_and_below_it_what_to_do() -> None:
    assert written(GOOD, "utf-8") == ["✓ python         3.11"]
    assert written(WARNING, "utf-8") == [
        "! gpu            torch sees none",
        "                 install another",
    ]
    assert written(BAD, "utf-8") == [
        "✗ import         it [bold]fails[/]",
        "                 Traceback",
        "                   File",
    ]


def test_marks_can_be_written_in_ascii() -> None:
    told = [written(one, "ascii")[0][0] for one in (GOOD, WARNING, BAD)]
    assert told == ["+", "!", "x"]


@pytest.mark.parametrize(
    ("findings", "told"),
    [
        ([GOOD], "the model can be served here"),
        ([GOOD, WARNING], "the model can be served here; 1 warning"),
        ([BAD, GOOD], "1 thing keeps it from being served here"),
        ([BAD, WARNING, WARNING, BAD], "2 things keep it from being served here; 2 warnings"),
    ],
)
def test_the_verdict_counts(findings: list[Finding], told: str) -> None:
    assert verdict(findings) == told


def test_for_programs_it_is_one_object() -> None:
    told = json.loads(as_json([GOOD, WARNING]))
    assert told["ok"] is True
    assert told["findings"][1] == {
        "subject": "gpu",
        "found": "torch sees none",
        "mark": "warning",
        "remedy": "install another",
        "detail": "",
    }
    assert json.loads(as_json([BAD]))["ok"] is False
