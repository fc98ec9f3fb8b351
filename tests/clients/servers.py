"""The real server, started as its users start it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MODEL, PAIR, TALKER = HERE / "model", HERE / "pair", HERE / "talker"
ROOT = HERE.parents[1]
SECONDS = 30.0


class Server:
    """One `serve` process on a free port of this machine."""

    def __init__(self, model: Path | str = MODEL, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="serve-")
        self._log = Path(self._folder.name) / "output"
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "reactor_actors", "serve", str(model)),
                    *("--host", "127.0.0.1", "--port", "0", *options),
                ],
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )
        try:
            self.url = self._address()
            self._reaches("available")
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process of the command."""
        return self._process.pid

    def _address(self) -> str:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            words = self.output().replace("(", " ").replace(")", " ").split()
            if found := [w for w in words if w.startswith("http://127.0.0.1:")]:
                return found[0].rstrip("/")
            time.sleep(0.02)
        raise AssertionError(f"it has not begun to listen:\n{self.output()}")

    def _reaches(self, state: str) -> None:
        deadline = time.monotonic() + SECONDS
        health: Any = None
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                health = self.get("/health")
            except (ConnectionError, urllib.error.URLError) as error:
                health = error
            else:
                if health["state"] == state:
                    return
            time.sleep(0.02)
        raise AssertionError(f"not {state} within {SECONDS:g} s but {health}:\n{self.output()}")

    def get(self, path: str) -> Any:
        """Return the JSON at a path."""
        with urllib.request.urlopen(self.url + path, timeout=SECONDS) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict[str, Any] | None = None) -> None:
        """Post JSON to a path."""
        data = json.dumps(body or {}).encode()
        with urllib.request.urlopen(self.url + path, data=data, timeout=SECONDS):
            pass

    def rest(self) -> None:
        """End the session, if there is one, and wait until another can begin."""
        self.post("/stop_session")
        self._reaches("available")

    def output(self) -> str:
        """Return what it has written so far."""
        return self._log.read_text(errors="replace")

    @property
    def written(self) -> int:
        """How much it has written so far."""
        return len(self.output())

    def close(self) -> None:
        """End it the way a terminal does, and hard if it does not listen."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()
