"""Measure one stream over the loopback: ours, a plain aiortc server and FastRTC, in turn.

python -m benchmarks.loopback [--viewers 1 4 8] [--seconds 6] [--fastrtc PYTHON]

Every server shows the same synthetic 720p30 picture with a clock drawn into it. The baseline is a
server as aiortc's examples suggest one: no queue, one encoder per peer, library defaults, one
process. CPU and memory are those of all processes of a server, Ray's own included. Latency (glass)
is from drawing to decoded, read off the picture by the first viewer; the others, in a process of
their own, count pictures. fps and the longest gap are those of who is worst off, Mb/s what the
first one gets.

FastRTC stays out of our own environment: `make fastrtc` makes it one.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.loopback.kinds import OURS, PLAIN, Kind, fastrtc
from benchmarks.loopback.watching import House
from benchmarks.report import Report, options, tell, turns

SETTLING = 6.0
"""Seconds in which the lead and the bitrate find their place."""

FULL_RUNS = 5
FASTRTC = Path("build/fastrtc/bin/python")


async def measure(kind: Kind, viewers: int, seconds: float) -> dict[str, float]:
    """Return the figures of one server with so many viewers."""
    async with House.open(kind, viewers) as house:
        await asyncio.sleep(SETTLING)
        figures = await house.measure(seconds)
        figures.pop("viewers' cores")
        connect, first = figures.pop("connect, ms"), figures.pop("first picture, ms")
        steered = await house.steered()
    return {
        **figures,
        "command to pixel p50, ms": steered,
        "connect, ms": connect,
        "first picture, ms": first,
    }


def kinds(python: Path | None) -> list[Kind]:
    """Return what is compared, and say how to have what is left out."""
    python = python or FASTRTC
    if not python.exists():
        print(f"# FastRTC is left out: `make fastrtc`, or --fastrtc PYTHON; no {python}")
        return [PLAIN, OURS]
    return [PLAIN, fastrtc(python), OURS]


def main() -> None:
    parser = options(__doc__)
    parser.set_defaults(runs=None)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement")
    parser.add_argument("--fastrtc", type=Path, metavar="PYTHON", help="of an environment with it")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    told = f"One 720p30 stream over the loopback, {seconds:g} s a row after {SETTLING:g} s."
    report = Report("loopback", told, PLAIN.name, axis="viewers")
    compared = kinds(arguments.fastrtc)
    for _ in turns(arguments.runs or (FULL_RUNS if arguments.full else 2)):
        for viewers in arguments.viewers:
            for kind in compared:
                report.add(kind.name, asyncio.run(measure(kind, viewers, seconds)), viewers)
                print(f"# {kind.name}, {viewers}", flush=True)
    tell(report, arguments.json)


if __name__ == "__main__":
    main()
