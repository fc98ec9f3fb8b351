"""Draw what a benchmark has found: one panel a figure, one line a series, all runs as a band.

Where the axis has names instead of numbers, a series is a bar at each, and its runs a whisker.

python -m benchmarks.plots build/bench/growth-viewers.json docs/plots/growth-viewers.png
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from pathlib import Path
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.report import Place, Report, place_name

PANEL = (4.6, 2.9)
COLUMNS = 2
LETTERS = 10
"""After which a name below a bar is broken."""

Lines = dict[str, list[tuple[Place, list[float]]]]
Colours = dict[str, str]

TICKS = 12
"""So many places of an axis are named, each; of more, round ones are."""

LOOKS = ("o-", "s--", "^:", "d-.", "v-", "x--")


def draw(report: Report, path: Path) -> None:
    """Write a PNG of every figure that at least one series has along the report's axis."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(report).savefig(path, format="png", dpi=110)


def picture(report: Report) -> Figure:
    """Return the picture. A series has the same looks in every panel."""
    series = list(dict.fromkeys(row.series for row in report.rows if row.at is not None))
    colours = {name: f"C{number}" for number, name in enumerate(series)}
    figures = list(dict.fromkeys(name for row in report.rows for name in row.figures))
    figures = [name for name in figures if report.lines(name)]
    rows = -(-len(figures) // COLUMNS)
    canvas = Figure(figsize=(PANEL[0] * COLUMNS, PANEL[1] * rows), layout="constrained")
    FigureCanvasAgg(canvas)
    panels = list(canvas.subplots(rows, COLUMNS, squeeze=False).flat)
    for panel, name in zip(panels, figures, strict=False):
        _panel(panel, report, name, colours)
    for panel in panels[len(figures) :]:
        panel.set_visible(False)
    keys: dict[str, Any] = {}
    for panel in panels:
        for key, label in zip(*panel.get_legend_handles_labels(), strict=True):
            keys.setdefault(label, key)
    told = [name for name in series if name in keys]
    panels[0].legend([keys[name] for name in told], told, frameon=False, fontsize="small")
    return canvas


def _panel(panel: Axes, report: Report, name: str, colours: Colours) -> None:
    lines = report.lines(name)
    if any(isinstance(place, str) for points in lines.values() for place, _ in points):
        _bars(panel, lines, colours)
    else:
        _lines(panel, lines, colours)
        panel.set_xlabel(report.axis, fontsize="small")
    panel.minorticks_off()
    panel.set_title(name, fontsize="medium", loc="left")
    panel.set_ylim(bottom=0)
    panel.spines[["top", "right"]].set_visible(False)


def _bars(panel: Axes, lines: Lines, colours: Colours) -> None:
    places = list(dict.fromkeys(place for points in lines.values() for place, _ in points))
    thick = 0.8 / len(lines)
    for number, (series, points) in enumerate(lines.items()):
        at = [places.index(place) + (number + 0.5) * thick - 0.4 for place, _ in points]
        medians = [statistics.median(values) for _, values in points]
        below = [middle - min(v) for middle, (_, v) in zip(medians, points, strict=True)]
        above = [max(v) - middle for middle, (_, v) in zip(medians, points, strict=True)]
        whiskers = (below, above) if any((*below, *above)) else None
        looks: dict[str, Any] = {
            "color": colours[series],
            "error_kw": {"linewidth": 1, "ecolor": "0.3"},
        }
        panel.bar(at, medians, 0.92 * thick, yerr=whiskers, label=series, **looks)
    names = [wrap(place_name(place), LETTERS) for place in places]
    panel.set_xticks(range(len(places)), ["\n".join(n) for n in names], fontsize="x-small")
    panel.grid(alpha=0.3, axis="y")


def _lines(panel: Axes, lines: Lines, colours: Colours) -> None:
    places: set[float] = set()
    looks = dict(zip(colours, itertools.cycle(LOOKS), strict=False))
    for series, points in lines.items():
        at = [float(place) for place, _ in points]
        medians = [statistics.median(values) for _, values in points]
        colour = colours[series]
        panel.plot(at, medians, looks[series], color=colour, label=series, markersize=4)
        low, high = [min(v) for _, v in points], [max(v) for _, v in points]
        panel.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
        places |= set(at)
    if len(places) > TICKS:
        panel.set_xlim(left=0)
    else:
        if len(places) > 1 and max(places) >= 16 * max(1.0, min(places)):
            panel.set_xscale("log", base=2)
        panel.set_xticks(sorted(places), [f"{place:g}" for place in sorted(places)])
    panel.grid(alpha=0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("results", type=Path, help="what a benchmark's --json has written")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    arguments = parser.parse_args()
    draw(Report.read(arguments.results), arguments.picture)
    print(f"{arguments.results} -> {arguments.picture}")


if __name__ == "__main__":
    main()
