"""The programs that are started, each in processes of its own, and how it is seen that they are up.

Every time is by the clock that tells when a process has begun: seconds since the machine's start.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.census import MODEL, census, since_boot

MARK = "REACTOR_BENCHMARK"
FOLDER = Path(__file__).parents[2] / "examples" / "brightness"
LOOK_SECONDS = 0.02
START_SECONDS = 90.0
END_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Program:
    """A running program, and the mark that all its processes have."""

    process: subprocess.Popen[bytes]
    mark: str

    def wait_for_line(self) -> float:
        """Wait until it has printed something; return when."""
        out = self.process.stdout
        assert out is not None
        told, _, _ = select.select([out], [], [], START_SECONDS)
        if not told or not out.readline():
            raise RuntimeError(f"{self.process.args!r} says nothing")
        return since_boot()

    def wait_until(self, reached: Callable[[], bool]) -> float:
        """Look until something is so; return when."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if reached():
                return since_boot()
            time.sleep(LOOK_SECONDS)
        raise RuntimeError(f"{self.process.args!r} does not get there")

    def models(self) -> list[int]:
        """Return the numbers of its models' processes."""
        return [one.pid for one in census(self.mark) if one.kind == MODEL]


@contextmanager
def started(*arguments: str) -> Iterator[Program]:
    """Run Python with these arguments; end it, and whatever it has left behind, afterwards."""
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, MARK: mark},
        start_new_session=True,  # Ctrl-C is for the benchmark, which then ends this in order
    )
    program = Program(process, f"{MARK}={mark}")
    try:
        yield program
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        _cleared(program.mark)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def health(port: int) -> str:
    """Return the state that `/health` tells; empty where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return str(json.load(answer)["state"])
    except OSError:
        return ""


def answers(port: int) -> bool:
    """Say whether a server answers at all, be it that it knows no such page."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _cleared(mark: str) -> None:
    """Wait for the end of every process of a program; kill what does not end by itself."""
    deadline = time.monotonic() + END_SECONDS
    while left := census(mark):
        if time.monotonic() > deadline:
            for one in left:
                with suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
        time.sleep(0.2)
