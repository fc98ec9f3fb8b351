"""What processes there are under a mark, which of Ray's or ours each is, and what it uses."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import TICKS, cpu_of, processes, share_of

MODEL, TRANSPORT, ACTOR = "the model's actor", "the transport's actor", "another actor"
GCS, RAYLET = "Ray: gcs server", "Ray: raylet"

KINDS = (
    ("ray::ModelActor", MODEL),
    ("ray::TransportActor", TRANSPORT),
    ("ray::MediaActor", "a media actor"),
    ("ray::IDLE", "Ray: idle workers"),
    ("ray::DashboardAgent", "Ray: dashboard agent"),
    ("ray::RuntimeEnvAgent", "Ray: environment agent"),
    ("ray::", ACTOR),
    ("gcs_server", GCS),
    ("/raylet/raylet", RAYLET),
    ("log_monitor.py", "Ray: log monitor"),
    ("monitor.py", "Ray: autoscaler"),
    ("dashboard.py", "Ray: dashboard"),
    ("/bin/sh", "a guard's shell"),
    ("sleep", "a guard's shell"),
)
"""A part of a command line, and what that says of a process. The first one that fits is right."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process: what it is, when it began in seconds since the machine's start, and its use."""

    pid: int
    kind: str
    began: float
    cpu: float
    memory_mb: float


def kind_of(command: str) -> str:
    """Say what a process is by its command line; what is not known is the program itself."""
    return next((kind for part, kind in KINDS if part in command), "the program")


def census(mark: str) -> list[Process]:
    """Look at every process that has inherited a mark."""
    found = []
    for folder in processes(mark):
        with suppress(OSError):  # it has just ended
            found.append(_seen(folder))
    return found


def since_boot() -> float:
    """Return the time by the clock that `began` is told by."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def per_kind(processes: Iterable[Process]) -> dict[str, list[Process]]:
    """Sort processes by what they are."""
    kinds: dict[str, list[Process]] = {}
    for process in processes:
        kinds.setdefault(process.kind, []).append(process)
    return kinds


def _seen(folder: Path) -> Process:
    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    return Process(
        int(folder.name),
        kind_of(command),
        int(fields[19]) / TICKS,
        cpu_of(folder),
        share_of(folder),
    )
