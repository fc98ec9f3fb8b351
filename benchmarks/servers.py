"""Servers in processes of their own: starting them, what they use, ending them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

TICKS = os.sysconf("SC_CLK_TCK")
LOOPBACK = Path(__file__).parent / "loopback"


@contextmanager
def server(plain: bool, *options: str) -> Iterator[tuple[str, str]]:
    """Run a server in processes of its own; yield its URL and what marks those processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m"]
    if plain:
        command += ["benchmarks.loopback.plain", str(port)]
    else:
        folder = LOOPBACK
        serve = ["reactor_actors", "serve", str(folder), "--host=127.0.0.1"]
        command += [*serve, f"--port={port}", *options]
    mark = f"REACTOR_BENCHMARK={uuid.uuid4()}"
    name, _, value = mark.partition("=")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, name: value})
    try:
        yield f"http://127.0.0.1:{port}", mark
    finally:
        # SIGTERM would wait for the session that the viewers have just left.
        process.send_signal(signal.SIGTERM if plain else signal.SIGINT)
        process.wait(30)


async def ready(url: str, plain: bool) -> None:
    """Wait until a server answers and its model is loaded."""
    async with asyncio.timeout(60), aiohttp.ClientSession(url) as http:
        while True:
            try:
                async with http.get("/offer" if plain else "/health") as response:
                    if plain or (await response.json())["state"] != "loading":
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


def processes(mark: str) -> list[Path]:
    """Every process of a server, Ray's own included: what it starts inherits the mark.

    A process that gives itself a title may write it over the mark, so whoever was started by one
    that has it counts, too.
    """
    folders, children = [], dict[str, list[Path]]()
    for folder in Path("/proc").iterdir():
        try:
            if not folder.name.isdigit():
                continue
            children.setdefault(stat(folder)[1], []).append(folder)
            if mark.encode() in (folder / "environ").read_bytes():
                folders.append(folder)
        except OSError:  # it has just ended, or is somebody else's
            continue
    for folder in folders:  # it grows meanwhile
        folders += [child for child in children.get(folder.name, []) if child not in folders]
    return folders


def stat(folder: Path) -> list[str]:
    """Return what the kernel says of a process, from its state on: its parent is the next."""
    return (folder / "stat").read_text().rpartition(")")[2].split()


def cpu_seconds(mark: str) -> float:
    """CPU time a server has used so far, in all its processes."""
    total = 0
    for folder in processes(mark):
        fields = stat(folder)
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_mb(mark: str) -> float:
    """Proportional set size of a server, in all its processes."""
    total = 0
    for folder in processes(mark):
        for line in (folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024
