"""From the shell to a loaded model, what stands there at rest, and back from a crash.

python -m benchmarks.startup [--runs 3] [--rest 10] [--full]

Ours is `reactor-actors serve` of a model without weights; it is ready when `/health` says that the
model is loaded. The baseline is Ray begun with the same options, and one actor that has answered.
The other rows are the same with `ray.init()` as it comes, a plain aiortc server until it answers,
and `import ray` in a process that ends. CPU and memory (proportional set size) are those of all
processes; at rest is without a session, after some seconds of settling. The way back is from
SIGKILL of the model's process until another one has loaded; a second of it is waited on purpose.

Two more reports tell what the time goes into, by when each process has begun, and what each kind
of process costs at rest. With --full at rest for a minute.
"""

from __future__ import annotations

import itertools
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.census import ACTOR, GCS, RAYLET, TRANSPORT, Process, census, per_kind
from benchmarks.report import Report, options, tell, turns
from benchmarks.servers import free_port
from benchmarks.startup.programs import FOLDER, Program, answers, health, running

IMPORT, PLAIN = "import ray", "plain aiortc"
STOCK, BARE, OURS = "bare Ray, ray.init()", "bare Ray, our options", "ours"
SETTLING = 5.0
STAGES = (
    "imports, and what is done before Ray",
    "Ray: gcs server to raylet",
    "Ray: raylet to the first actor's process",
    "the actor's process to its first answer",
    "its first answer to the model loaded",
)


@dataclass
class Found:
    """What one run of one program has shown."""

    figures: dict[str, float]
    stages: dict[str, float] = field(default_factory=dict)
    rest: dict[str, dict[str, float]] = field(default_factory=dict)


def imported() -> Found:
    """Import Ray in a process of its own."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, "-c", "import ray"], check=True)
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Found({"ready, s": took, "CPU until then, s": cpu})


def plain(rest: float) -> Found:
    """Start a server without Ray."""
    port = free_port()
    with running("-m", "benchmarks.loopback.plain", str(port)) as program:
        return seen(program, [program.wait_until(lambda: answers(port))], rest)


def bare(rest: float, *words: str) -> Found:
    """Start Ray and an actor."""
    with running("-m", "benchmarks.startup.bare", *words) as program:
        return seen(program, [program.wait_for_line()], rest)


def ours(rest: float) -> Found:
    """Serve a model, and kill it once."""
    port = free_port()
    serve = ("-m", "reactor_actors", "serve", str(FOLDER), "--host=127.0.0.1", f"--port={port}")
    with running(*serve) as program:
        listening = program.wait_until(lambda: health(port) != "")
        loaded = program.wait_until(lambda: health(port) == "available")
        found = seen(program, [listening, loaded], rest)
        found.figures["back from a crash, s"] = revived(program, port)
    return found


def revived(program: Program, port: int) -> float:
    """Kill the model, and return after how many seconds another one has loaded."""
    [model] = program.models()
    began = time.monotonic()
    os.kill(model, signal.SIGKILL)
    program.wait_until(
        lambda: health(port) == "available" and program.models() not in ([], [model])
    )
    return time.monotonic() - began


def seen(program: Program, answered: list[float], rest: float) -> Found:
    """Look at a program that is ready, and then at rest for so many seconds."""
    ready = census(program.mark)
    began = min(one.began for one in ready)
    took = {"ready, s": answered[-1] - began, "CPU until then, s": sum(p.cpu for p in ready)}
    time.sleep(SETTLING)
    before, start = census(program.mark), time.monotonic()
    time.sleep(rest)
    after, seconds = census(program.mark), time.monotonic() - start
    kinds = at_rest(before, after, seconds)
    told = {
        "memory, MB": sum(kind["MB"] for kind in kinds.values()),
        "cores at rest": sum(kind["mcores"] for kind in kinds.values()) / 1e3,
        "processes": len(after),
    }
    return Found({**took, **told}, stages(ready, answered), kinds)


def stages(processes: list[Process], answered: list[float]) -> dict[str, float]:
    """Return how long each stage took; nothing for a program without Ray.

    Each stage ends where the next one begins, so they add up to the whole time.
    """
    first = {kind: min(one.began for one in all_) for kind, all_ in per_kind(processes).items()}
    actor = first.get(TRANSPORT, first.get(ACTOR))
    if GCS not in first or RAYLET not in first or actor is None:
        return {}
    moments = [min(first.values()), first[GCS], first[RAYLET], actor, *answered]
    spans = [end - start for start, end in itertools.pairwise(moments)]
    return dict(zip(STAGES, spans, strict=False))


def at_rest(
    before: list[Process], after: list[Process], seconds: float
) -> dict[str, dict[str, float]]:
    """Return what each kind of process has used meanwhile; only of those there all the time."""
    used = {one.pid: one.cpu for one in before}
    return {
        kind: {
            "MB": sum(one.memory_mb for one in all_),
            "mcores": sum(one.cpu - used.get(one.pid, one.cpu) for one in all_) / seconds * 1e3,
        }
        for kind, all_ in per_kind(after).items()
    }


def reports(rest: float) -> tuple[Report, Report, Report]:
    """Return the three reports, empty."""
    told = f"From the shell to ready; then {rest:g} s at rest; then the model's process is killed."
    return (
        Report("startup", told, BARE),
        Report("startup-stages", "What the time until ready goes into, in seconds.", ""),
        Report("startup-processes", "At rest, in MB and in thousandths of a core.", ""),
    )


def note(found: Mapping[str, Found], into: tuple[Report, Report, Report]) -> None:
    """Add one run to the reports."""
    whole, parts, kinds = into
    for series, one in found.items():
        whole.add(series, one.figures)
    for series in (BARE, OURS):
        for stage, seconds in found[series].stages.items():
            parts.add(stage, {series: seconds})
        for kind, figures in found[series].rest.items():
            kinds.add(kind, {f"{series}: {unit}": value for unit, value in figures.items()})


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--rest", type=float, help="seconds; 10, or 60 with --full")
    arguments = parser.parse_args()
    rest = arguments.rest or (60.0 if arguments.full else 10.0)
    three = reports(rest)
    for _ in turns(arguments.runs):
        found = {
            IMPORT: imported(),
            PLAIN: plain(rest),
            STOCK: bare(rest, "stock"),
            BARE: bare(rest),
            OURS: ours(rest),
        }
        note(found, three)
    for report in three:
        path: Path | None = arguments.json
        tell(report, path and path.with_name(f"{report.name}.json"))


if __name__ == "__main__":
    main()
