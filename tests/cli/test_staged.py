from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from reactor_actors.cli.staged import TITLE, way
from reactor_actors.load.stages import Stage, timeline

STAGES = [
    Stage("turn", 30, 0.012, 0.0118, 0.0131),
    Stage("until due", 30, 0.006, 0.0061, 0.0089),
    Stage("encode", 30, 0.006, 0.0057, float("inf")),
]


def told(document: dict[str, Any], encoding: str = "utf-8") -> list[str]:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    Console(file=file, width=80, highlight=False).print(way(document))
    file.flush()
    return [line.rstrip() for line in raw.getvalue().decode(encoding).splitlines()]


def test_every_stage_has_a_line_whose_bar_goes_on_from_the_one_before() -> None:
    lines = told({"timeline": timeline(STAGES), "timeline_missing": None})
    assert lines[0] == TITLE
    assert lines[1].split() == ["stage", "mean", "p50", "p95", "share"]
    turn, due, encode, total = lines[2:]
    assert turn.split()[:5] == ["turn", "12.0", "11.8", "13.1", "50%"]
    assert due.split()[:6] == ["until", "due", "6.0", "6.1", "8.9", "25%"]
    assert encode.split()[:5] == ["encode", "6.0", "5.7", "long", "25%"]
    assert total.split() == ["sum", "24.0"]
    assert [line.count("█") for line in lines[2:5]] == [15, 7, 8]
    assert turn.rindex("█") + 1 == due.index("█")
    assert due.rindex("█") + 1 == encode.index("█")


def test_the_slowest_stage_stands_out_on_a_terminal() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system="standard")
    console.print(way({"timeline": timeline(STAGES), "timeline_missing": None}))
    bold = [line for line in file.getvalue().splitlines() if "\x1b[1m" in line]
    assert len([line for line in bold if "turn" in line]) == 1
    assert not [line for line in bold if "encode" in line or "until" in line]


def test_a_terminal_without_blocks_gets_signs_that_it_has() -> None:
    lines = told({"timeline": timeline(STAGES), "timeline_missing": None}, "latin-1")
    assert lines[2].count("#") == 15


def test_without_a_time_line_one_line_says_why() -> None:
    lines = told({"timeline": [], "timeline_missing": "/metrics: status 404"})
    assert lines == ["no time line of the pictures: /metrics: status 404"]
