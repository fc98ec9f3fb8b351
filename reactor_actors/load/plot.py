"""A measurement as a picture. The one file that imports matplotlib, which is an extra."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reactor_actors.core.errors import SetupError

SIZE = (9.0, 8.0)
MANY = 12
"""From so many viewers on their lines look alike, and are drawn thinner, without names."""


def available() -> None:
    """Refuse, in one line, where matplotlib is missing. Raises `SetupError`."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise SetupError(
            "--plot needs matplotlib: pip install 'reactor-actors[bench]'; --json needs nothing"
        ) from None


def plot(document: Mapping[str, Any], path: Path) -> None:
    """Draw pictures a second, gaps and round trips of every viewer over time, into a PNG.

    Raises `OSError` for a file that cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    rate, gap, trip = figure.subplots(3, 1, sharex=True)
    seen = [one for one in document["each"] if one["timeline"]]
    width = 0.8 if len(seen) >= MANY else 1.4
    for one in seen:
        name = f"viewer {one['viewer']}"
        at = [moment["at"] for moment in one["timeline"]]
        rate.plot(at, [moment["fps"] for moment in one["timeline"]], lw=width, label=name)
        gap.plot(at, [moment["gap_ms"] for moment in one["timeline"]], lw=width)
        trips = one["round_trips"]
        trip.plot([t["at"] for t in trips], [t["ms"] for t in trips], ".-", lw=width / 2, ms=4)
    for axis, told in (
        (rate, "pictures a second"),
        (gap, "longest gap, ms"),
        (trip, _trip(document)),
    ):
        axis.set_ylabel(told)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    trip.set_xlabel("seconds from the start")
    figure.suptitle(f"{document['model']}: {len(seen)} of {document['viewers']} viewers")
    if 0 < len(seen) < MANY:
        rate.legend(loc="lower right", fontsize="small", ncols=3, frameon=False)
    figure.savefig(path, format="png", dpi=120)


def _trip(document: Mapping[str, Any]) -> str:
    return "answer to a command, ms" if document["round_trip"] == "command" else "answer, ms"
