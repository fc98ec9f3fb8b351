"""Draw what a benchmark has found: one panel a figure, one line a series, all runs as a band.

python -m benchmarks.plots build/bench/growth-viewers.json docs/plots/growth-viewers.png
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.report import Report

PANEL = (4.6, 2.9)
COLUMNS = 2
LOOKS = ("o-", "s--", "^:", "d-.", "v-", "x--")


def draw(report: Report, path: Path) -> None:
    """Write a PNG of every figure that at least one series has along the report's axis."""
    figures = list(dict.fromkeys(name for row in report.rows for name in row.figures))
    figures = [name for name in figures if report.lines(name)]
    rows = -(-len(figures) // COLUMNS)
    canvas = Figure(figsize=(PANEL[0] * COLUMNS, PANEL[1] * rows), layout="constrained")
    FigureCanvasAgg(canvas)
    panels = list(canvas.subplots(rows, COLUMNS, squeeze=False).flat)
    for panel, name in zip(panels, figures, strict=False):
        _panel(panel, report, name)
    for panel in panels[len(figures) :]:
        panel.set_visible(False)
    panels[0].legend(frameon=False, fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, format="png", dpi=110)


def _panel(panel: Axes, report: Report, name: str) -> None:
    places: set[float] = set()
    for (series, points), look in zip(report.lines(name).items(), LOOKS, strict=False):
        at = [place for place, _ in points]
        medians = [statistics.median(values) for _, values in points]
        [line] = panel.plot(at, medians, look, label=series, markersize=4)
        low, high = [min(v) for _, v in points], [max(v) for _, v in points]
        panel.fill_between(at, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
        places |= set(at)
    if len(places) > 1 and max(places) >= 16 * max(1.0, min(places)):
        panel.set_xscale("log", base=2)
    panel.set_xticks(sorted(places), [f"{place:g}" for place in sorted(places)])
    panel.minorticks_off()
    panel.set_title(name, fontsize="medium", loc="left")
    panel.set_ylim(bottom=0)
    panel.grid(alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    panel.set_xlabel(report.axis, fontsize="small")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("results", type=Path, help="what a benchmark's --json has written")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    arguments = parser.parse_args()
    draw(Report.read(arguments.results), arguments.picture)
    print(f"{arguments.results} -> {arguments.picture}")


if __name__ == "__main__":
    main()
