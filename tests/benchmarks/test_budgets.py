from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.budgets import BUDGETS, Budget, Figure, read, told
from benchmarks.report import Report


def report(name: str, *rows: tuple[str, float | None, dict[str, list[float]]]) -> Report:
    made = Report(name, "What and how.", "bare", machine={})
    for series, at, figures in rows:
        for figure, values in figures.items():
            for value in values:
                made.add(series, {figure: value}, at)
    return made


SHOWN = report(
    "shown",
    ("ours", 1, {"cores": [0.3, 0.2, 0.4], "MB": [700, 600]}),
    ("ours", 4, {"cores": [0.5], "MB": [770, 720]}),
    ("ours", 8, {"MB": [900]}),
    ("idle", None, {"MB": [100]}),
)
ALL = {"shown": SHOWN}
CORES = Figure("shown", "ours", "cores", 1)


def row(budget: Budget) -> list[str]:
    return budget.row(ALL)


def test_the_median_of_the_runs_is_judged_and_their_spread_told() -> None:
    assert row(Budget(text="cores", figure=CORES, most=0.4)) == [
        "cores", "≤ 0.4", "0.3 (0.2 to 0.4)", "met, 25% to spare",
    ]  # fmt: skip


def test_one_run_has_no_spread() -> None:
    four = Figure("shown", "ours", "cores", 4)
    assert row(Budget(text="cores", figure=four, most=0.4))[2:] == ["0.5", "missed by 25%"]


def test_a_figure_at_its_limit_is_within_it() -> None:
    assert row(Budget(text="cores", figure=CORES, most=0.3))[3] == "met, 0% to spare"
    assert row(Budget(text="cores", figure=CORES, least=0.3))[3] == "met, 0% to spare"


def test_a_budget_may_ask_for_at_least_so_much() -> None:
    assert row(Budget(text="rate", figure=CORES, least=0.2))[1:] == [
        "≥ 0.2", "0.3 (0.2 to 0.4)", "met, 50% to spare",
    ]  # fmt: skip
    assert row(Budget(text="rate", figure=CORES, least=0.6))[3] == "missed by 50%"


def test_a_ratio_is_taken_within_each_run() -> None:
    one, four = (Figure("shown", "ours", "MB", at) for at in (1, 4))
    assert Budget(text="flat", figure=four, over=one, most=1.1).runs(ALL) == [1.1, 1.2]


def test_a_difference_is_taken_within_each_run() -> None:
    one, four = (Figure("shown", "ours", "MB", at) for at in (1, 4))
    assert Budget(text="growth", figure=four, beyond=one, most=0).runs(ALL) == [70, 120]


def test_with_a_limit_of_nothing_the_difference_itself_is_told() -> None:
    idle = Figure("shown", "idle", "MB")
    assert row(Budget(text="left", figure=idle, most=0))[3] == "missed by 100"
    assert row(Budget(text="left", figure=idle, beyond=idle, most=0))[3] == "met"


def test_without_a_place_the_last_one_on_the_axis_counts() -> None:
    assert Figure("shown", "ours", "MB").runs(ALL) == [900]


@pytest.mark.parametrize(
    "figure",
    [
        Figure("another", "ours", "cores", 1),
        Figure("shown", "theirs", "cores", 1),
        Figure("shown", "ours", "fps", 1),
        Figure("shown", "ours", "cores", 2),
    ],
)
def test_what_no_report_has_was_not_measured(figure: Figure) -> None:
    unknown = ["cores", "≤ 1", "not measured", ""]
    assert row(Budget(text="cores", figure=figure, most=1)) == unknown
    assert row(Budget(text="cores", figure=CORES, over=figure, most=1)) == unknown
    assert row(Budget(text="cores", figure=CORES, beyond=figure, most=1)) == unknown


def test_every_budget_has_one_limit() -> None:
    assert all((budget.most is None) != (budget.least is None) for budget in BUDGETS)


def test_the_table_has_a_line_for_every_budget_whatever_was_measured(tmp_path: Path) -> None:
    startup = report("startup", ("ours", None, {"ready, s": [5.0, 4.0, 4.5]}))
    startup.write(tmp_path / "startup.json")
    lines = told(read(tmp_path)).splitlines()
    assert len(lines) == 2 + len(BUDGETS)
    [healthy] = [line for line in lines if "start to healthy" in line]
    assert [cell.strip() for cell in healthy.strip("|").split("|")] == [
        "start to healthy, s", "≤ 6", "4.5 (4 to 5)", "met, 25% to spare",
    ]  # fmt: skip
    assert sum("not measured" in line for line in lines) == len(BUDGETS) - 1
