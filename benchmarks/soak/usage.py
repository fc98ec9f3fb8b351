"""What a server holds, in all its processes, and what it leaves on the machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from benchmarks.servers import processes, share_of

RING = "/memfd:reactor-ring"
CLIENTS_SIDE = (b"ray::TransportActor", b"ray::MediaActor")
WORKERS_LOG = "/logs/worker-"
SHARED = Path("/dev/shm")


def usage(mark: str) -> dict[str, float]:
    """Return what the processes that bear a mark hold now.

    Logs of workers are left out: Ray keeps up to 200 of those that have ended open, to read them.
    """
    threads = descriptors = 0
    memory = clients_side = 0.0
    folders = processes(mark)
    for folder in folders:
        with suppress(OSError):  # it has just ended
            threads += len(os.listdir(folder / "task"))
            descriptors += sum(WORKERS_LOG not in leads_to for leads_to in _descriptors(folder))
            memory += (share := share_of(folder))
            if (folder / "cmdline").read_bytes().startswith(CLIENTS_SIDE):
                clients_side += share
    return {
        "processes": len(folders),
        "threads": threads,
        "descriptors": descriptors,
        "memory, MB": memory,
        "of the clients' side": clients_side,
        "rings, MB": sum(rings(folders).values()) / 2**20,
    }


def rings(folders: Iterable[Path]) -> dict[str, int]:
    """Return the rings that processes have mapped: the size of each by its inode."""
    found: dict[str, int] = {}
    for folder in folders:
        with suppress(OSError):
            for line in (folder / "maps").read_text().splitlines():
                if RING in line:
                    span, _, _, _, inode, *_ = line.split()
                    begin, end = (int(part, 16) for part in span.split("-"))
                    found[inode] = max(found.get(inode, 0), end - begin)
    return found


def grown(warm: dict[str, float], rest: dict[str, float]) -> list[str]:
    """Return what is over its tolerance, in words; nothing if all is where it was."""
    return [
        f"{name} {warm[name]:g} -> {value:g}, more than {allowed:g} over"
        for name, value in rest.items()
        if name in TOLERANCES and value - warm[name] > (allowed := TOLERANCES[name])
    ]


TOLERANCES = {
    "processes": 0,
    "threads": 4,
    "descriptors": 8,
    "memory, MB": 64,
    "of the clients' side": 64,
    "rings, MB": 0,
}
"""How much more there may be at rest than after the warm-up.

Ray's processes keep a few threads and descriptors for calls that were under way at once. Closed
peers refer to themselves in circles until the garbage collector finds them, and the allocator keeps
some of what was free; a leak of a megabyte for each guest is over this within minutes.
"""


def unheld(folder: Path = SHARED) -> set[str]:
    """Return the files in a folder that no process has open or mapped."""
    files = {str(path) for path in folder.iterdir()}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with suppress(OSError):  # it has just ended
            files.difference_update(_descriptors(process))
            lines = (process / "maps").read_text().splitlines()
            files -= {line.split(maxsplit=5)[5] for line in lines if str(folder) in line}
    return files


def _descriptors(process: Path) -> list[str]:
    """Return what the descriptors of a process lead to."""
    found = []
    for descriptor in (process / "fd").iterdir():
        with suppress(OSError):  # it has just been closed
            found.append(os.readlink(descriptor))
    return found
