"""Soak a server: viewers come and go, sessions end, the model fails, packets are lost, all at once.

python -m benchmarks.soak [--minutes 1.5] [--seed 1] [--replicas 1] [--transports 1] [--json PATH]

Guests come, watch and leave, or vanish without a word, or come back at once, or upload a file, or
read nothing any more; half of them lose 2 % of their packets, 30 ms away. Residents watch all the
time, one of them in such rain, and give commands, some of them invalid, and see that the picture
follows. Sessions end for everybody. The model raises, and its process is killed, as often as its
supervision allows. All of it is drawn from a seed.

The load comes in phases, three or six, with a rest after each in which nobody is there. What the
server holds at rest is compared with what it held at the first rest. Any growth over a stated
tolerance, any picture, answer or restart that is not there in time, and anything left behind once
the server has ended, is printed, and makes the exit status 1.

"slots free" are those of the shared memory that pictures lie in. A gap counts unless a session's
end or a failure of the model excuses it; those are told apart, below.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import statistics
import sys
import time

from benchmarks.report import Report, options, tell, turns
from benchmarks.servers import processes
from benchmarks.soak.course import WARM, Soak
from benchmarks.soak.people import Findings
from benchmarks.soak.serving import Served, serving
from benchmarks.soak.usage import unheld

MINUTES, FULL_MINUTES = 1.5, 60.0
GONE_SECONDS = 10.0


def main() -> int:
    parser = options(__doc__)
    parser.set_defaults(runs=1)
    parser.add_argument("--minutes", type=float, help="of load; 1.5, and 60 with --full")
    parser.add_argument("--seed", type=int, default=1, help="of all that happens")
    parser.add_argument("--replicas", type=int, default=1, help="two or more: a session each")
    parser.add_argument("--transports", type=int, default=1)
    arguments = parser.parse_args()
    minutes = arguments.minutes or (FULL_MINUTES if arguments.full else MINUTES)
    serve = (f"--replicas={arguments.replicas}", f"--transports={arguments.transports}")
    told = f"{minutes:g} minutes of load on one server, drawn from seed {arguments.seed}."
    report = Report("soak", told, WARM, axis="minutes")
    wrong: list[str] = []
    for run in turns(arguments.runs):
        wrong += soaked(
            report,
            seconds=60 * minutes,
            seed=arguments.seed + run,
            shared=arguments.replicas == 1,
            serve=serve,
        )
    tell(report, arguments.json)
    print("\n" + ("\n".join(wrong) or "Nothing grew, nothing hung, nothing was left behind."))
    return bool(wrong)


def soaked(
    report: Report, *, seconds: float, seed: int, shared: bool, serve: tuple[str, ...]
) -> list[str]:
    """Soak a server of its own; return what went wrong."""
    before = unheld()
    with serving(*serve) as served:
        soak = Soak(served, report, seconds=seconds, seed=seed, shared=shared)
        asyncio.run(unless_terminated(soak))
        findings = soak.findings
        if not served.end():
            findings.tell("the server did not end when it was asked to")
        for what in left(served, before):
            findings.tell(f"left behind: {what}")
    print(f"\n{summary(findings, soak.recoveries())}")
    if findings.wrong:
        print(f"\nThe server's log: {served.log}")
    else:
        shutil.rmtree(served.log.parent)
    return findings.wrong


async def unless_terminated(soak: Soak) -> None:
    """Soak; on SIGTERM, end in order as on Ctrl-C."""
    task = asyncio.ensure_future(soak.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await task


def left(served: Served, before: set[str]) -> list[str]:
    """Return what a server that has ended has left on the machine."""
    deadline = time.monotonic() + GONE_SECONDS
    while processes(served.mark) and time.monotonic() < deadline:
        time.sleep(0.1)
    found = [f"process {folder.name}" for folder in processes(served.mark)]
    found += [f"file {path}" for path in sorted(unheld() - before)]
    # Ray keeps its logs in a folder of its own, for whoever wants to know why something failed.
    found += [f"file {path}" for path in served.folder.iterdir() if path.name != "ray"]
    return found


def summary(findings: Findings, recoveries: dict[str, list[float]]) -> str:
    """Return what happened, how often, and how long pictures stayed away for it."""
    lines = [f"{count} x {what}" for what, count in sorted(findings.happened.items())]
    for why, gaps in recoveries.items():
        spread = (min(gaps), statistics.median(gaps), max(gaps))
        told = " / ".join(f"{gap:.1f}" for gap in spread)
        lines.append(f"pictures are back {why}: {told} s, {len(gaps)} times")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
