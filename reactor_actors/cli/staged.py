"""The way of a picture through the server, as a person sees it: a line and a bar for each stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from reactor_actors.load.stages import bars

TITLE = "the way of a picture through the server, in ms, from the model's work to RTP"
BAR = 30


class Way:
    """The stages of a `timeline`, the slowest one in bold."""

    def __init__(self, stages: list[Mapping[str, Any]]) -> None:
        self._stages = stages

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, whose bars are made of what the terminal can show."""
        table = Table(box=None, padding=(0, 1, 0, 0))
        for heading in ("stage", "mean", "p50", "p95", "share", ""):
            right = heading in ("mean", "p50", "p95", "share")
            table.add_column(heading, justify="right" if right else "left", no_wrap=True)
        means = [stage["mean_ms"] for stage in self._stages]
        drawn = bars(means, BAR, "#" if options.ascii_only else "█")
        for stage, bar in zip(self._stages, drawn, strict=True):
            times = (_cell(stage[name]) for name in ("mean_ms", "p50_ms", "p95_ms"))
            style = "bold" if stage["mean_ms"] == max(means) else ""
            table.add_row(stage["stage"], *times, f"{stage['share']:.0%}", bar, style=style)
        table.add_section()
        table.add_row("sum", f"{sum(means):.1f}")
        yield Text(TITLE)
        yield table


def way(document: Mapping[str, Any]) -> RenderableType:
    """Return the stages that a measurement has found, or a line that says why there are none."""
    if document["timeline_missing"]:
        return Text(f"no time line of the pictures: {document['timeline_missing']}")
    return Way(document["timeline"])


def _cell(milliseconds: float | None) -> str:
    return "long" if milliseconds is None else f"{milliseconds:.1f}"
