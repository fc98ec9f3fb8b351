"""Run the project's own measurements, one after the other, and judge them by the budgets.

python -m benchmarks [NAME ...] [--full] [--folder build/bench] [--plots docs/plots]

Each is a module of its own, with options of its own: `python -m benchmarks.handoff --help`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

QUICK = (
    *("engine", "encode", "handoff", "loopback", "timeline"),
    *("startup", "actors", "latency", "soak"),
)
FULL = (*QUICK, "growth")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FULL)}")
    parser.add_argument("--full", action="store_true", help="all of them, and for longer")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="for the JSON")
    parser.add_argument("--plots", type=Path, help="a folder for pictures of what has an axis")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(FULL):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}: {', '.join(FULL)}")
    names = arguments.names or (FULL if arguments.full else QUICK)
    failed = [n for n in names if not measured(n, arguments.folder, full=arguments.full)]
    if arguments.plots:
        drawn(names, arguments.folder, arguments.plots)
    judged(arguments.folder)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


def measured(name: str, folder: Path, *, full: bool) -> bool:
    """Run one benchmark in a process of its own; return whether it succeeded."""
    print(f"\n## {name}", flush=True)
    began = time.monotonic()
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(folder / f"{name}.json")]
    done = subprocess.run([*command, *(["--full"] if full else [])], check=False)
    print(f"({time.monotonic() - began:.0f} s)", flush=True)
    return done.returncode == 0


def drawn(names: tuple[str, ...], folder: Path, plots: Path) -> None:
    """Draw every report of these benchmarks that has an axis."""
    from benchmarks.plots import draw
    from benchmarks.report import Report

    for path in sorted(p for name in names for p in folder.glob(f"{name}*.json")):
        report = Report.read(path)
        if report.axis:
            draw(report, plots / f"{path.stem}.png")


def judged(folder: Path) -> None:
    """Print the budgets, and whether the figures in a folder keep to them."""
    from benchmarks.budgets import read, told

    print(f"\n## budgets\n\n{told(read(folder))}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
