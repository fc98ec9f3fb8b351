"""Measure where a picture's time goes: every stage from the model's work to RTP, and what is left.

The server of `benchmarks.loopback` counts how long each stage takes (`/metrics`), and is looked at
before and after the measured time. A viewer decodes, and reads from the picture when it was drawn.
From there to the decoded picture it passes the stages after the turn, and what no server can
count: the network and the viewer's own work.

A stage's mean is exact; its median and 95th percentile are estimated between the histogram's
bounds. The baseline is what is seen, with as many viewers, in the same run.

python -m benchmarks.timeline [--runs 3] [--viewers 1 8] [--seconds 5] [--json PATH]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Sequence

from benchmarks.loopback.viewers import Viewer
from benchmarks.report import Report, options, tell, turns
from benchmarks.servers import ready, server
from reactor_actors.load.scrape import look
from reactor_actors.load.stages import Stage, stages_between

SEEN = "drawn to decoded"
SETTLE_SECONDS = 6.0
"""The lead needs so long to shrink, and the bitrate's estimate to stand."""


async def measure(viewers: int, seconds: float) -> dict[str, dict[str, float]]:
    """Return the figures of every stage with so many viewers."""
    with server(False) as (url, _):
        await ready(url, False)
        watching = [Viewer(decoding=index == 0) for index in range(viewers)]
        try:
            for viewer in watching:
                await viewer.watch(url)
            await asyncio.sleep(SETTLE_SECONDS)
            watching[0].forget()
            before = await look(url)
            await asyncio.sleep(seconds)
            after, seen = await look(url), list(watching[0].latencies)
        finally:
            await asyncio.gather(*(viewer.close() for viewer in watching))
    return figures_of(stages_between(before, after), seen)


def figures_of(stages: Sequence[Stage], seen: Sequence[float]) -> dict[str, dict[str, float]]:
    """Return rows of figures, in ms: the stages, what is left of `seen`, and that itself."""
    rows = {
        stage.name: {
            "mean, ms": 1e3 * stage.mean,
            "p50, ms": 1e3 * stage.p50,
            "p95, ms": 1e3 * stage.p95,
        }
        for stage in stages
    }
    mean, ordered = statistics.fmean(seen), sorted(seen)
    served = 1e3 * sum(stage.mean for stage in stages if stage.name != "turn")
    rows["network, viewer"] = {"mean, ms": mean - served}
    rows[SEEN] = {
        "mean, ms": mean,
        "p50, ms": statistics.median(ordered),
        "p95, ms": ordered[int(0.95 * (len(ordered) - 1))],
    }
    return rows


def main() -> int:
    parser = options(__doc__)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--seconds", type=float, help="measured, each (5; 20 with --full)")
    arguments = parser.parse_args()
    seconds = arguments.seconds or (20.0 if arguments.full else 5.0)
    report = Report(
        "timeline",
        "Where the time of a picture goes, 720p30 over the loopback, by stage and number of "
        "viewers. The stages after the turn and what is left to network and viewer add up to what "
        "is seen, from drawn to decoded. In brackets: the part of that.",
        SEEN,
    )
    for _ in turns(arguments.runs):
        for viewers in arguments.viewers:
            for stage, figures in asyncio.run(measure(viewers, seconds)).items():
                report.add(stage, figures, viewers)
    tell(report, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
