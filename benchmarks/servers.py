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

    Ray's agents write their names over it, so what a marked process has started counts as well.
    """
    parents: dict[str, str] = {}
    marked: set[str] = set()
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit():
                parents[folder.name] = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                if mark.encode() in (folder / "environ").read_bytes():
                    marked.add(folder.name)
        except OSError:  # it has just ended, or is somebody else's
            continue
    while more := {one for one, parent in parents.items() if parent in marked} - marked:
        marked |= more
    return [Path("/proc") / one for one in sorted(marked, key=int)]


def cpu_seconds(mark: str) -> float:
    """CPU time a server has used so far, in all its processes."""
    total = 0
    for folder in processes(mark):
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
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
