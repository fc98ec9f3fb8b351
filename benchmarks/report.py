"""`Report`: what a benchmark has found. Rows of figures, several runs of each, and a baseline.

A run measures every row once, one after the other, so the figures of one run have seen the same
machine. A ratio is therefore taken within each run first, and the median is that of the ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import machine

RUNS = 3

Place = float | str
"""Where on an axis: a number, or the name of one of several things beside each other."""


@dataclass
class Row:
    """The figures of one thing measured: for each its values, one a run.

    `at` is where on the report's axis it was measured, such as a number of viewers or a name.
    """

    series: str
    at: Place | None = None
    figures: dict[str, list[float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the row is called in a table."""
        return self.series if self.at is None else f"{self.series}, {place_name(self.at)}"

    def median(self, figure: str) -> float | None:
        """Return the median of a figure's runs; None where it was not measured."""
        values = self.figures.get(figure)
        return statistics.median(values) if values else None


@dataclass
class Report:
    """One benchmark: what it measured and how (`told`), and the rows in the order of measuring.

    `baseline` is the series that the others are compared with: at the same place of the axis, or,
    where the baseline has no place on it, everywhere.
    """

    name: str
    told: str
    baseline: str
    axis: str = ""
    rows: list[Row] = field(default_factory=list)
    machine: dict[str, str] = field(default_factory=machine)

    def add(self, series: str, figures: Mapping[str, float], at: Place | None = None) -> Row:
        """Add one run of a row, and return the row."""
        row = self.row(series, at)
        if row is None:
            row = Row(series, at)
            self.rows.append(row)
        for figure, value in figures.items():
            row.figures.setdefault(figure, []).append(float(value))
        return row

    def row(self, series: str, at: Place | None = None) -> Row | None:
        """Return a row, if it was measured."""
        return next((row for row in self.rows if row.series == series and row.at == at), None)

    def base_of(self, row: Row) -> Row | None:
        """Return the row that a row is compared with, if it is not one of the baseline itself."""
        if row.series == self.baseline:
            return None
        return self.row(self.baseline, row.at) or self.row(self.baseline)

    def ratio(self, row: Row, figure: str) -> float | None:
        """Return the median, over the runs, of a figure divided by the baseline's."""
        base = self.base_of(row)
        if base is None:
            return None
        pairs = zip(row.figures.get(figure, []), base.figures.get(figure, []), strict=False)
        ratios = [value / other for value, other in pairs if other]
        return statistics.median(ratios) if ratios else None

    def lines(self, figure: str) -> dict[str, list[tuple[Place, list[float]]]]:
        """Return a figure for every series that has it: places of the axis, each with its runs.

        Numbers are in their order, names in that of measuring.
        """
        found: dict[str, list[tuple[Place, list[float]]]] = {}
        for row in self.rows:
            if row.at is not None and figure in row.figures:
                found.setdefault(row.series, []).append((row.at, row.figures[figure]))
        for points in found.values():
            if not any(isinstance(place, str) for place, _ in points):
                points.sort()
        return found

    def table(self, rows: Iterable[Row] | None = None) -> str:
        """Return a table in Markdown: min / median / max, and in brackets the ratio."""
        rows = self.rows if rows is None else list(rows)
        columns = list(dict.fromkeys(figure for row in rows for figure in row.figures))
        head = [self.axis and f"by {self.axis}", *columns]
        cells = [[row.name, *(self._cell(row, column) for column in columns)] for row in rows]
        return table([head, *cells])

    def write(self, path: Path) -> None:
        """Write all of it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Report:
        """Read what `write` wrote."""
        fields: dict[str, Any] = json.loads(path.read_text())
        return cls(**{**fields, "rows": [Row(**row) for row in fields["rows"]]})

    def _cell(self, row: Row, figure: str) -> str:
        values = row.figures.get(figure)
        if not values:
            return ""
        told = (min(values), statistics.median(values), max(values))
        text = " / ".join(map(short, told if len(values) > 1 else told[:1]))
        ratio = self.ratio(row, figure)
        return text if ratio is None else f"{text} ({short(ratio)})"


def place_name(place: Place) -> str:
    """Return what a place of an axis is called."""
    return place if isinstance(place, str) else f"{place:g}"


def short(value: float) -> str:
    """Return a figure with three digits that count, and no more."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def options(doc: str | None) -> argparse.ArgumentParser:
    """Return the options that every benchmark takes. `doc` is its module's."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=RUNS, help="of every row, in turn")
    parser.add_argument("--full", action="store_true", help="measure all there is, and for longer")
    parser.add_argument("--json", type=Path, help="also write the figures to a file")
    return parser


def tell(report: Report, path: Path | None) -> None:
    """Print a report, and write it if there is a path for it."""
    print(f"\n{report.told}\n\n{report.table()}", flush=True)
    if path is not None:
        report.write(path)


def turns(runs: int) -> Iterator[int]:
    """Count the runs, and say which one it is."""
    for run in range(runs):
        print(f"# run {run + 1} of {runs}", flush=True)
        yield run


def table(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells as a table in Markdown; the first one is its head."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(_line(line, widths) for line in (lines[0], rule, *lines[1:]))


def _line(cells: Sequence[str], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
