"""The budgets, and whether what was measured keeps to them.

python -m benchmarks.budgets [--folder build/bench]

Reads the reports in a folder, measures nothing. A budget is judged by the median of the runs, on a
machine of two cores with a synthetic model of 720p30 and Ray's own processes counted; a ratio or a
difference of two figures is taken within each run first. What is in no report was not measured.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Report, short, table

OURS = "ours"

Reports = Mapping[str, Report]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a report. Without a place on its axis, it is the row without, or the last one."""

    report: str
    series: str
    name: str
    at: float | None = None

    def runs(self, reports: Reports) -> list[float]:
        """Return its value of every run; none if it was not measured."""
        report = reports.get(self.report)
        rows = [row for row in report.rows if row.series == self.series] if report else []
        if self.at is not None:
            rows = [row for row in rows if row.at == self.at]
        if not rows:
            return []
        last = max(rows, key=lambda row: -1.0 if row.at is None else row.at)
        return last.figures.get(self.name, [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a figure may be, at most or at least.

    Attributes:
        text: What it is, for a person.
        figure: What was measured.
        over: Another figure, by which it is divided.
        beyond: Another figure, which is taken off it.
        most: The most it may be.
        least: The least it may be.
    """

    text: str
    figure: Figure
    over: Figure | None = None
    beyond: Figure | None = None
    most: float | None = None
    least: float | None = None

    @property
    def limit(self) -> str:
        """The limit, in words."""
        return f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"

    def runs(self, reports: Reports) -> list[float]:
        """Return what is judged, of every run."""
        values = self.figure.runs(reports)
        if self.over is not None:
            others = self.over.runs(reports)
            return [a / b for a, b in zip(values, others, strict=False) if b]
        if self.beyond is not None:
            return [a - b for a, b in zip(values, self.beyond.runs(reports), strict=False)]
        return values

    def verdict(self, value: float) -> str:
        """Say whether a value is within the budget, and by how much it is not, or is."""
        limit = self.most if self.most is not None else self.least
        assert limit is not None
        spare = limit - value if self.most is not None else value - limit
        word = "met" if spare >= 0 else "missed"
        if not limit:
            return word if not spare else f"{word} by {short(abs(spare))}"
        share = abs(spare / limit)
        return f"{word}, {share:.0%} to spare" if spare >= 0 else f"{word} by {share:.0%}"

    def row(self, reports: Reports) -> list[str]:
        """Return the cells of its row in the table."""
        values = self.runs(reports)
        if not values:
            return [self.text, self.limit, "not measured", ""]
        median = statistics.median(values)
        told = short(median)
        if len(values) > 1:
            told += f" ({short(min(values))} to {short(max(values))})"
        return [self.text, self.limit, told, self.verdict(median)]


def _watched(viewers: int, name: str) -> Figure:
    return Figure("loopback", OURS, name, viewers)


def _ring(name: str) -> Figure:
    return Figure("handoff", "ring link", name, 1)


def _conversion(name: str) -> Figure:
    return Figure("handoff", "RGB to I420, one process", name)


def _left(text: str, name: str, most: float) -> Budget:
    rest, warm = Figure("soak", "at rest", name), Figure("soak", "warmed up, at rest", name)
    return Budget(
        text=f"{text} after the soak, more than before", figure=rest, beyond=warm, most=most
    )


BUDGETS = (
    Budget(text="server CPU, 1 viewer, cores", figure=_watched(1, "cores"), most=0.34),
    Budget(text="server CPU, 4 viewers, cores", figure=_watched(4, "cores"), most=0.38),
    Budget(text="glass to glass p50, 1 viewer, ms", figure=_watched(1, "glass p50, ms"), most=35),
    Budget(text="glass to glass p95, 1 viewer, ms", figure=_watched(1, "glass p95, ms"), most=45),
    Budget(
        text="command to changed pixel p50, ms",
        figure=_watched(1, "command to pixel p50, ms"),
        most=55,
    ),
    Budget(text="connect, ms", figure=_watched(1, "connect, ms"), most=90),
    Budget(text="first picture, ms", figure=_watched(1, "first picture, ms"), most=160),
    Budget(
        text="hand-off through the ring p50, beyond the conversion, ms",
        figure=_ring("p50, ms"),
        beyond=_conversion("p50, ms"),
        most=0.6,
    ),
    Budget(text="the same with the conversion, ms", figure=_ring("p50, ms"), most=0.6),
    Budget(
        text="CPU of a hand-off, beyond the conversion, ms",
        figure=_ring("CPU, ms"),
        beyond=_conversion("CPU, ms"),
        most=0.8,
    ),
    Budget(text="the same, CPU, with the conversion, ms", figure=_ring("CPU, ms"), most=0.8),
    Budget(text="start to healthy, s", figure=Figure("startup", OURS, "ready, s"), most=6),
    Budget(text="8 viewers, fps of the slowest", figure=_watched(8, "fps"), least=29),
    Budget(text="8 viewers, longest gap, ms", figure=_watched(8, "longest gap, ms"), most=100),
    Budget(
        text="memory with 4 viewers, to that with 1",
        figure=_watched(4, "memory, MB"),
        over=_watched(1, "memory, MB"),
        most=1.05,
    ),
    _left("threads", "threads", 4),
    _left("descriptors", "descriptors", 8),
    _left("pictures in shared memory, MB,", "rings, MB", 0),
    _left("memory, MB,", "memory, MB", 64),
)
"""A few threads and descriptors are Ray's, for calls that were under way; heaps keep some pages."""


def told(reports: Reports) -> str:
    """Return a table in Markdown: each budget, what was measured, and the verdict."""
    head = ["budget", "limit", "median (min to max)", ""]
    return table([head, *(budget.row(reports) for budget in BUDGETS)])


def read(folder: Path) -> dict[str, Report]:
    """Read every report in a folder."""
    reports = (Report.read(path) for path in sorted(folder.glob("*.json")))
    return {report.name: report for report in reports}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="of the JSON")
    print(told(read(parser.parse_args().folder)))


if __name__ == "__main__":
    main()
