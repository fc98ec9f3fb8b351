"""Draw what `benchmarks.loopback --json` has measured: ours beside the baseline, over viewers.

python -m benchmarks.plots build/loopback.json docs/loopback.png
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

SIZE = (9.0, 6.0)
PANELS = (
    ("cores", "cores"),
    ("glass_p50_ms", "glass to glass, median, ms"),
    ("fps", "pictures a second, slowest viewer"),
    ("memory_mb", "memory, MB"),
)
LOOKS = {"ours": "o-", "plain aiortc": "s--"}


def lines(
    results: Mapping[str, Mapping[str, float]], key: str
) -> dict[str, list[tuple[int, float]]]:
    """Return the values of one key for each server, by number of viewers."""
    found: dict[str, list[tuple[int, float]]] = {}
    for name, figures in results.items():
        server, _, viewers = name.rpartition(", ")
        found.setdefault(server, []).append((int(viewers), figures[key]))
    return {server: sorted(points) for server, points in found.items()}


def draw(results: Mapping[str, Any], path: Path) -> None:
    """Write the PNG."""
    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    for axis, (key, told) in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        for server, points in lines(results, key).items():
            viewers, values = zip(*points, strict=True)
            axis.plot(viewers, values, LOOKS.get(server, ".-"), label=server)
            axis.set_xticks(viewers)
        axis.set_title(told, fontsize="medium", loc="left")
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_xlabel("viewers")
    figure.axes[0].legend(frameon=False)
    figure.savefig(path, format="png", dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="what --json has written")
    parser.add_argument("picture", type=Path, help="the PNG to write")
    arguments = parser.parse_args()
    draw(json.loads(arguments.results.read_text()), arguments.picture)
    print(f"{arguments.results} -> {arguments.picture}")


if __name__ == "__main__":
    main()
