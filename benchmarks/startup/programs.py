"""The programs that are started, each in processes of its own, and how it is seen that they are up.

Every time is by the clock that tells when a process has begun: seconds since the machine's start.
"""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.census import MODEL, census, since_boot
from benchmarks.servers import started

FOLDER = Path(__file__).parents[2] / "examples" / "brightness"
LOOK_SECONDS = 0.02
START_SECONDS = 90.0


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
def running(*arguments: str) -> Iterator[Program]:
    """Run Python with these arguments. No process of it is left afterwards."""
    command = [sys.executable, *arguments]
    with started(command, signal.SIGINT, stdout=subprocess.PIPE) as run:
        yield Program(run.process, run.mark)


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
