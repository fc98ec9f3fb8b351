"""What is told of several runs, and what a ratio is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D

from benchmarks.plots import draw, picture
from benchmarks.report import Place, Report, short


@pytest.fixture
def report() -> Report:
    made = Report("loop", "Told.", "plain", axis="viewers")
    for slow in (1.0, 2.0, 10.0):  # the last run met a busy machine
        for viewers in (1, 4):
            made.add("plain", {"cores": 0.4 * viewers * slow, "fps": 30.0}, viewers)
            made.add("ours", {"cores": 0.2 * slow, "lead": 0.0}, viewers)
    return made


def test_a_ratio_is_taken_within_each_run(report: Report) -> None:
    row = report.row("ours", 4)
    assert row is not None
    assert report.ratio(row, "cores") == pytest.approx(0.125)


def test_what_the_baseline_has_not_measured_has_no_ratio(report: Report) -> None:
    ours, plain = report.row("ours", 4), report.row("plain", 4)
    assert ours is not None
    assert plain is not None
    assert report.ratio(ours, "lead") is None
    assert report.ratio(plain, "cores") is None


def test_a_baseline_without_a_place_is_compared_with_everywhere() -> None:
    made = Report("copy", "Told.", "copy", axis="lines")
    made.add("copy", {"ms": 2.0})
    row = made.add("ours", {"ms": 3.0}, 720)
    assert made.ratio(row, "ms") == 1.5


def test_the_table_shows_the_spread_and_the_ratio_in_brackets(report: Report) -> None:
    lines = report.table().splitlines()
    first, *_, last = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    assert first == ["by viewers", "cores", "fps", "lead"]
    assert last[:3] == ["ours, 4", "0.2 / 0.4 / 2 (0.125)", ""]
    assert len({len(line) for line in lines}) == 1


def test_a_single_run_is_told_as_one_figure() -> None:
    made = Report("once", "Told.", "base")
    made.add("base", {"ms": 1234.5})
    assert made.table().splitlines()[-1] == "| base | 1234 |"


def test_a_report_is_read_as_it_was_written(report: Report, tmp_path: Path) -> None:
    report.write(tmp_path / "deeper" / "loop.json")
    assert Report.read(tmp_path / "deeper" / "loop.json") == report


def test_a_plot_has_a_panel_for_every_figure_with_places(report: Report, tmp_path: Path) -> None:
    report.add("ours", {"only a row": 1.0})
    draw(report, tmp_path / "loop.png")
    assert (tmp_path / "loop.png").read_bytes().startswith(b"\x89PNG")
    assert report.lines("only a row") == {}


def test_every_series_is_drawn_however_many_there_are() -> None:
    made = Report("many", "Told.", "0", axis="viewers")
    names = [str(number) for number in range(13)]
    for name in names:
        made.add(name, {"ms": 1.0}, 1)
        made.add(name, {"ms": 2.0}, 2)
    [panel, _] = picture(made).axes
    assert [line.get_label() for line in panel.lines] == names
    looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in panel.lines}
    assert len(looks) == len(names)


@pytest.mark.parametrize("places", [(1.0, 4.0), ("fast", "slow")])
def test_a_series_looks_the_same_in_panels_that_lack_another(places: tuple[Place, ...]) -> None:
    made = Report("lacking", "Told.", "plain", axis="viewers")
    for place in places:
        made.add("plain", {"cores": 1.0}, place)
        made.add("ours", {"cores": 2.0, "lead": 1.0}, place)
        made.add("other", {"lead": 3.0}, place)
    [cores, lead] = picture(made).axes
    [_, key] = cores.get_legend_handles_labels()[0]
    [same, _] = lead.get_legend_handles_labels()[0]
    colours = [_colour(one) for one in (key, same)]
    assert colours[0] == colours[1]
    legend = cores.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["plain", "ours", "other"]


def _colour(key: Any) -> object:
    return to_rgb(key.get_color() if isinstance(key, Line2D) else key.patches[0].get_facecolor())


@pytest.mark.parametrize(
    ("value", "told"), [(0.0123456, "0.0123"), (99.96, "100"), (1234.5, "1234"), (-5.0, "-5")]
)
def test_three_digits_are_told(value: float, told: str) -> None:
    assert short(value) == told


def test_named_places_stay_in_the_order_of_measuring_and_are_drawn(tmp_path: Path) -> None:
    made = Report("models", "Told.", "off", axis="model")
    for ms in (30.0, 40.0):
        for model in ("fast", "bursts"):
            made.add("off", {"ms": 4 * ms}, model)
            made.add("on", {"ms": ms}, model)
    assert made.lines("ms")["on"] == [("fast", [30.0, 40.0]), ("bursts", [30.0, 40.0])]
    assert made.table().splitlines()[-1].startswith("| on, bursts  | 30 / 35 / 40 (0.25) |")
    draw(made, tmp_path / "models.png")
    assert (tmp_path / "models.png").read_bytes().startswith(b"\x89PNG")
