"""How the cost of one stream grows: each part changes one thing, and measures it at every place.

python -m benchmarks.growth [--only viewers resolution] [--seconds 4]

- viewers, of one 720p30 stream
- resolution: lines of a picture of 16:9
- batch: pictures that the model yields at once
- replicas: models, each with a viewer of its own
- commands: said in a second by one viewer, and answered
- sound: listeners of a model that has nothing else

The baseline is a plain aiortc server where it has the thing, as far as it can bear it; elsewhere it
is ours at the first place. Only one viewer decodes. What all viewers use is told beside, since they
share the machine: where server and viewers together have taken all cores, the place tells of the
machine, not of the server. Every part is a report of its own, and --json the path that theirs are
made of: growth.json gives growth-viewers.json.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loopback.commands import Commands
from benchmarks.loopback.kinds import HUM, OURS, PLAIN, Kind
from benchmarks.loopback.watching import House
from benchmarks.report import Report, options, tell, turns

SETTLING = 6.0
FULL_RUNS = 3
FIRST = "ours, first place"
TOLD = ("cores", "viewers' cores", "memory, MB", "Mb/s", "fps", "longest gap, ms", "glass p50, ms")
STEERED = "command to pixel p50, ms"


@dataclass(frozen=True)
class Trial:
    """One server to be watched in one way. `rate` is how many commands are said in a second."""

    kind: Kind
    viewers: int = 1
    options: tuple[str, ...] = ()
    sound: bool = False
    rate: float = 0.0
    steered: bool = False

    async def measure(self, seconds: float) -> dict[str, float]:
        """Return its figures."""
        house = House.open(self.kind, self.viewers, self.options, sound=self.sound)
        async with house as watched:
            await asyncio.sleep(SETTLING)
            commands = Commands(watched.first.data)
            figures, answers = await asyncio.gather(
                watched.measure(seconds), commands.say(self.rate, seconds)
            )
            told = {name: figures[name] for name in TOLD if name in figures}
            if self.sound:
                told["packets a second"] = told.pop("fps")
            if self.rate:
                told |= answers
            if self.steered:
                told[STEERED] = await watched.steered()
            return told


@dataclass(frozen=True)
class Part:
    """One thing that grows, along the places of an axis. `peers` is the baseline, if there is."""

    told: str
    axis: str
    ours: dict[int, Trial]
    peers: dict[int, Trial]

    def report(self, name: str) -> Report:
        baseline = PLAIN.name if self.peers else FIRST
        return Report(f"growth-{name}", self.told, baseline, axis=self.axis)

    def run(self, report: Report, seconds: float) -> list[str]:
        """Measure every place once; return what went wrong."""
        failures = []
        for at, trial in sorted(
            [*self.peers.items(), *self.ours.items()], key=lambda found: found[0]
        ):
            row = f"{trial.kind.name}, {self.axis} {at}"
            try:
                figures = asyncio.run(trial.measure(seconds))
            except (OSError, TimeoutError, RuntimeError) as error:
                failures.append(f"{row}: {type(error).__name__} {error}")
                print(f"# {failures[-1]}", flush=True)
                continue
            report.add(trial.kind.name, figures, at)
            if not self.peers and at == min(self.ours):
                report.add(FIRST, figures)
            print(f"# {row}", flush=True)
        return failures


DOUBLING = (1, 2, 4, 8, 16, 32)
PEER_BEARS = 8
"""Viewers of a plain aiortc server, beyond which it has long stopped keeping up."""
PEER_LINES = 1080


def parts() -> dict[str, Part]:
    """Return every part by its name."""
    lines = (360, 540, 720, 1080, 1440, 2160)

    def watched(kind: Kind, viewers: Sequence[int]) -> dict[int, Trial]:
        return {count: Trial(kind, count, steered=True) for count in viewers}

    return {
        "viewers": Part(
            "One 720p30 stream with ever more viewers.",
            "viewers",
            watched(OURS, DOUBLING),
            watched(PLAIN, [count for count in DOUBLING if count <= PEER_BEARS]),
        ),
        "resolution": Part(
            "One viewer of ever larger pictures, 30 a second.",
            "lines",
            {n: Trial(OURS, options=(f"--model.height={n}",), steered=True) for n in lines},
            {
                n: Trial(PLAIN, options=(f"--height={n}",), steered=True)
                for n in lines
                if n <= PEER_LINES
            },
        ),
        "batch": Part(
            "One viewer of a model that yields ever more 720p pictures at once.",
            "pictures per yield",
            {n: Trial(OURS, options=(f"--model.batch={n}",), steered=True) for n in DOUBLING},
            {},
        ),
        "replicas": Part(
            "Ever more models, each with a 720p30 stream, a session and a viewer of its own.",
            "replicas",
            {n: Trial(OURS, n, (f"--replicas={n}", "--sessions=exclusive")) for n in (1, 2, 3, 4)},
            {},
        ),
        "commands": Part(
            "One viewer of a 720p30 stream, who says ever more commands and has each answered.",
            "commands a second",
            {n: Trial(OURS, rate=n) for n in (1, 10, 50, 100, 250, 500)},
            {},
        ),
        "sound": Part(
            "A model that only sounds, 50 packets a second, with ever more listeners.",
            "listeners",
            {count: Trial(HUM, count, sound=True) for count in DOUBLING},
            {count: Trial(PLAIN, count, ("--sound",), sound=True) for count in DOUBLING},
        ),
    }


def main() -> int:
    known = parts()
    parser = options(__doc__)
    parser.set_defaults(runs=None)
    parser.add_argument("--only", nargs="+", choices=known, default=list(known), metavar="PART")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    arguments = parser.parse_args()
    reports = {name: known[name].report(name) for name in arguments.only}
    failures = []
    for _ in turns(arguments.runs or (FULL_RUNS if arguments.full else 1)):
        for name, report in reports.items():
            failures += known[name].run(report, arguments.seconds)
    for name, report in reports.items():
        tell(report, beside(arguments.json, name))
    for failure in failures:
        print(failure, file=sys.stderr)
    return bool(failures)


def beside(path: Path | None, name: str) -> Path | None:
    """Return where a part is written, given the path of all of them."""
    return path and path.with_name(f"{path.stem}-{name}{path.suffix}")


if __name__ == "__main__":
    sys.exit(main())
