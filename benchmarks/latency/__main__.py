"""Measure what the lead saves: six sorts of model, each asked just in time and with a full queue.

python -m benchmarks.latency [--models fast bursts] [--seconds 10]

A real server over the loopback shows a 720p picture at 30 a second to one viewer, who decodes it.
Every model is measured twice in a run, with `latency = "adaptive"`, and with "fixed", which keeps
`buffer_size` pictures in advance: that is the baseline. A picture's time is drawn into it when work
on it begins; glass is from then to decoded, so what the model takes for it is part of it. A command
flips a flag in the picture. Gaps are between pictures as they arrive: what shows as a freeze.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.latency.paces import PACES
from benchmarks.loopback.viewers import Viewer
from benchmarks.loopback.watching import glass
from benchmarks.report import Report, options, tell, turns
from benchmarks.servers import ready, server

FOLDER = str(Path(__file__).parent)
SETTLING = 3.0
COMMANDS = 12
APART = 0.11
"""Seconds between commands, so that they meet pictures at all moments of an interval."""

FREEZE = 0.1
MODES = ("fixed", "adaptive")
FULL_SECONDS, FULL_RUNS = 30.0, 3


async def measure(pace: str, latency: str, seconds: float) -> dict[str, float]:
    """Return the figures of one model with the lead on or off."""
    config = (f"--model.pace={pace}", f"--model.latency={latency}")
    with server(False, *config, model=FOLDER) as (url, _):
        await ready(url, False)
        viewer = Viewer(decoding=True)
        try:
            await viewer.watch(url)
            await asyncio.sleep(SETTLING)
            viewer.forget()
            await asyncio.sleep(seconds)
            arrivals, latencies = list(viewer.arrivals), list(viewer.latencies)
            steered = []
            for number in range(COMMANDS):
                steered.append(await viewer.steer(number % 2 == 0))
                await asyncio.sleep(APART)
        finally:
            await viewer.close()
    figures = {**glass(latencies), "command to pixel p50, ms": statistics.median(steered)}
    return {**figures, **smoothness(arrivals, seconds)}


def smoothness(arrivals: Sequence[float], seconds: float) -> dict[str, float]:
    """Return how evenly pictures came that arrived at these instants."""
    gaps = [later - sooner for sooner, later in itertools.pairwise(arrivals)]
    return {
        "fps": len(arrivals) / seconds,
        "longest gap, ms": 1e3 * max(gaps, default=seconds),
        "gaps over 100 ms, per minute": sum(gap > FREEZE for gap in gaps) * 60.0 / seconds,
    }


def main() -> None:
    parser = options(__doc__)
    parser.set_defaults(runs=None)
    parser.add_argument("--models", nargs="+", choices=PACES, default=list(PACES), metavar="MODEL")
    parser.add_argument("--seconds", type=float, help="of each measurement")
    arguments = parser.parse_args()
    seconds = arguments.seconds or (FULL_SECONDS if arguments.full else 10.0)
    told = (
        'Six sorts of model, asked just in time ("adaptive") or with a full queue ("fixed"), 720p, '
        f"30 a second, one viewer over the loopback, {seconds:g} s each. "
        'Each figure: min / median / max of the runs; in brackets, the ratio to "fixed".'
    )
    report = Report("latency", told, baseline="fixed", axis="model")
    for _ in turns(arguments.runs or (FULL_RUNS if arguments.full else 1)):
        for pace in arguments.models:
            for mode in MODES:
                report.add(mode, asyncio.run(measure(pace, mode, seconds)), pace)
    tell(report, arguments.json)


if __name__ == "__main__":
    main()
