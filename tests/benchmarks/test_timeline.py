"""From the stages of a server and what a viewer saw to rows."""

from __future__ import annotations

import pytest

from benchmarks.report import Report
from benchmarks.timeline import SEEN, figures_of
from reactor_actors.load.stages import Stage

STAGES = [
    Stage("turn", 9, 0.010, 0.009, 0.012),
    Stage("hand-off", 9, 0.002, 0.001, 0.003),
    Stage("encode", 9, 0.006, 0.005, 0.007),
]


def test_what_no_stage_after_the_turn_accounts_for_is_left_to_network_and_viewer() -> None:
    rows = figures_of(STAGES, [20, 10, 15, 11])
    assert list(rows) == ["turn", "hand-off", "encode", "network, viewer", SEEN]
    assert rows["encode"] == pytest.approx({"mean, ms": 6.0, "p50, ms": 5.0, "p95, ms": 7.0})
    assert rows["network, viewer"] == pytest.approx({"mean, ms": 6.0})
    assert rows[SEEN] == {"mean, ms": 14.0, "p50, ms": 13.0, "p95, ms": 15}


def test_ratios_are_parts_of_what_is_seen_with_as_many_viewers() -> None:
    report = Report("timeline", "Told.", SEEN)
    for viewers, seen in ((1, 12), (8, 24)):
        for stage, figures in figures_of(STAGES, [seen]).items():
            report.add(stage, figures, viewers)
    for viewers, part in ((1, 0.5), (8, 0.25)):
        row = report.row("encode", viewers)
        assert row is not None
        assert report.ratio(row, "mean, ms") == pytest.approx(part)
