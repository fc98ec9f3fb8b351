"""`reactor-actors serve` as a person runs it, in a file's or in a terminal's company."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
Found = TypeVar("Found")
_CONTROL = re.compile(r"\x1b\][^\x1b]*\x1b\\|\x1b\[[?0-9;]*[A-Za-z]")


class Command:
    """One `serve` of a folder. What it writes is read at once, so that it never waits for us."""

    def __init__(
        self, folder: Path, *options: str, terminal: bool = False, **environment: str
    ) -> None:
        words = [sys.executable, "-m", "reactor_actors", "serve", str(folder)]
        self._seen = b""
        self._end, theirs = pty.openpty() if terminal else os.pipe()
        if terminal:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.process = subprocess.Popen(
            [*words, "--host=127.0.0.1", "--port=0", *options],
            cwd=ROOT,
            stdin=theirs if terminal else subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm-256color", **environment},
            start_new_session=True,
            preexec_fn=_take_the_terminal if terminal else None,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._end, 65536)
            except OSError:  # how the end of a terminal is told
                piece = b""
            if not piece:
                return
            self._seen += piece

    @property
    def raw(self) -> str:
        """Everything it has written."""
        return self._seen.decode(errors="replace")

    @property
    def text(self) -> str:
        """The same without control codes, each writing of a line by itself."""
        return _CONTROL.sub("", self.raw).replace("\r", "\n")

    @property
    def url(self) -> str:
        """Where it answers, once it has said so."""
        return self.until(lambda: re.search(r"http://127\.0\.0\.1:\d+", self.text))[0]

    def until(self, attempt: Callable[[], Found | None]) -> Found:
        """Return what an attempt finds, as soon as it finds something."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if found := attempt():
                return found
            time.sleep(0.05)
        raise AssertionError(f"it never came:\n{self.text[-4000:]}")

    def says(self, words: str) -> None:
        """Wait until it has written something."""
        self.until(lambda: words in self.text)

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Get from its server, or post to it."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(self.url + path, data, timeout=10) as answer:
            return json.load(answer)

    def type(self, keys: bytes) -> None:
        """Press keys on its terminal."""
        os.write(self._end, keys)

    def family(self) -> set[int]:
        """Return the processes that it has begun, and those they have."""
        return descendants(self.process.pid)

    def wait(self) -> int:
        """Return its exit status, with everything it has written read."""
        status = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        return status

    def end(self, number: int = signal.SIGINT) -> int:
        """End it."""
        self.process.send_signal(number)
        return self.wait()

    def close(self) -> None:
        """Leave nothing of it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join(SECONDS)
        os.close(self._end)


def _take_the_terminal() -> None:
    """Make the terminal the one whose Ctrl-C is for this process, as a shell would."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be noticed does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid: int) -> set[int]:
    """Return the children of a process, and theirs."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(told[1])
    found, news = set[int](), {pid}
    while news:
        news = {child for child, parent in parents.items() if parent in news} - found
        found |= news
    return found
