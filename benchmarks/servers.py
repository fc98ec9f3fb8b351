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
from dataclasses import dataclass
from pathlib import Path

import aiohttp

MARK = "REACTOR_BENCHMARK"
"""The variable whose value all processes of one server have in common."""

PATIENCE = 30.0
"""Seconds that a server may take to end."""

TICKS = os.sysconf("SC_CLK_TCK")
LOOPBACK = Path(__file__).parent / "loopback"


@dataclass(frozen=True, slots=True)
class Started:
    """A command that runs, and what marks its processes."""

    process: subprocess.Popen[bytes]
    mark: str


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
    with started(command, signal.SIGTERM if plain else signal.SIGINT) as run:
        yield f"http://127.0.0.1:{port}", run.mark


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(
    command: Sequence[str],
    ending: signal.Signals,
    *,
    stdout: int = subprocess.DEVNULL,
    **environment: str,
) -> Iterator[Started]:
    """Run a command. None of its processes is left at the end; its errors are told of a failure.

    Args:
        command: The program and its arguments.
        ending: The signal that it ends upon in order.
        stdout: Where its output goes, as `Popen` takes it.
        environment: Variables that it gets beside ours.
    """
    signal.signal(signal.SIGTERM, _leave)
    value = str(uuid.uuid4())
    mark = f"{MARK}={value}"
    with tempfile.TemporaryFile("w+") as log:
        running = subprocess.Popen(
            command,
            stdout=stdout,
            stderr=log,
            env={**os.environ, **environment, MARK: value},
            start_new_session=True,  # Ctrl-C is for the benchmark, which ends its servers in order
        )
        with running as process:
            try:
                yield Started(process, mark)
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
    total = 0.0
    for folder in processes(mark):
        with suppress(OSError):  # it has just ended
            total += cpu_of(folder)
    return total


def memory_mb(mark: str) -> float:
    """Proportional set size of a server, in all its processes."""
    total = 0.0
    for folder in processes(mark):
        with suppress(OSError):
            total += share_of(folder)
    return total


def cpu_of(folder: Path) -> float:
    """Return the seconds of CPU time a process has used so far. `OSError`: it has ended."""
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def share_of(folder: Path) -> float:
    """Return a process's proportional set size in MB. `OSError`: it has ended."""
    lines = (folder / "smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
