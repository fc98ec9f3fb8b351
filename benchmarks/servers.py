"""Servers in processes of their own: starting them, what they use, ending them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp

PATIENCE = 30.0
"""Seconds that a server may take to end."""

TICKS = os.sysconf("SC_CLK_TCK")
LOOPBACK = Path(__file__).parent / "loopback"


@contextmanager
def server(plain: bool, *options: str, model: str = str(LOOPBACK)) -> Iterator[tuple[str, str]]:
    """Run a server in processes of its own; yield its URL and what marks those processes.

    Args:
        plain: Whether it is the baseline instead of ours.
        options: For its command line.
        model: The folder or the class of what ours serves.
    """
    port = free_port()
    if plain:
        command = [sys.executable, "-m", "benchmarks.loopback.plain", str(port), *options]
    else:
        serve = ["reactor_actors", "serve", model, "--host=127.0.0.1", f"--port={port}"]
        command = [sys.executable, "-m", *serve, *options]
    # SIGTERM would have ours wait for the session that the viewers have just left.
    with started(command, signal.SIGTERM if plain else signal.SIGINT) as mark:
        yield f"http://127.0.0.1:{port}", mark


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: Sequence[str], ending: signal.Signals, **environment: str) -> Iterator[str]:
    """Run a command; yield what marks its processes. None of them is left at the end.

    Args:
        command: The program and its arguments.
        ending: The signal that it ends upon in order.
        environment: Variables that it gets beside ours.
    """
    signal.signal(signal.SIGTERM, _leave)
    name, value = "REACTOR_BENCHMARK", str(uuid.uuid4())
    mark = f"{name}={value}"
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env={**os.environ, **environment, name: value},
            start_new_session=True,  # Ctrl-C is for the benchmark, which ends its servers in order
        )
        try:
            yield mark
        except Exception:
            log.seek(0)
            print(log.read(), file=sys.stderr)
            raise
        finally:
            _end(process, ending, mark)


def _leave(*_: object) -> None:
    """Have SIGTERM end a benchmark as Ctrl-C does: in order, with its servers."""
    signal.raise_signal(signal.SIGINT)


def _end(process: subprocess.Popen[bytes], ending: signal.Signals, mark: str) -> None:
    process.send_signal(ending)
    try:
        process.wait(PATIENCE)
    finally:
        for folder in processes(mark):
            with suppress(ProcessLookupError):
                os.kill(int(folder.name), signal.SIGKILL)
        process.wait()


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
        with suppress(OSError):  # it has just ended
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_mb(mark: str) -> float:
    """Proportional set size of a server, in all its processes."""
    total = 0
    for folder in processes(mark):
        with suppress(OSError):
            for line in (folder / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024
