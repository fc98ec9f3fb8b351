"""A model on Ray: processes of its own, crashes, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
MODEL = """
import os
import numpy as np
from reactor_actors.interface import ModelMessage, Output, ReactorPipeline, Video, event

class Picture(Output):
    main_video: Video

class Pid(ModelMessage):
    number: int

class Alone(ReactorPipeline):
    fps = 30

    def load(self, config):
        open(config["pids"], "a").write(f"{os.getpid()}\\n")

    def inference(self):
        while True:
            yield Picture(main_video=np.zeros((64, 64, 3), np.uint8))
"""


HANGING = """
import asyncio
import os
import time
import numpy as np
from reactor_actors.interface import Output, ReactorModel, Video

class Picture(Output):
    main_video: Video

class Alone(ReactorModel):
    output: Picture

    def load(self, config):
        open(config["pids"], "a").write(f"{os.getpid()}\\n")
        self.first = len(open(config["pids"]).readlines()) == 1

    async def run(self):
        await asyncio.sleep(0.5)
        if self.first:
            time.sleep(3600)
        await asyncio.Event().wait()
"""


class Served:
    """`reactor-actors serve`, as a person runs it."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.pids_file = folder / "pids"
        self.pids_file.touch()
        self.log = folder / "log"
        command = [sys.executable, "-m", "reactor_actors", "serve", str(folder)]
        options = ["--host=127.0.0.1", "--port=0", f"--model.pids={self.pids_file}"]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, *options, *more], cwd=ROOT, stdout=output, stderr=output
            )
        self.url = self.until(self._address)

    def _address(self) -> str | None:
        words = self.log.read_text().replace("(", " ").replace(")", " ").split()
        return next((w for w in words if w.startswith("http://127.0.0.1:")), None)

    def until(self, attempt: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if value := attempt():
                return value
            time.sleep(0.05)
        raise AssertionError(f"it never came:\n{self.log.read_text()}")

    def health(self) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))

    def post(self, route: str) -> None:
        request = urllib.request.Request(f"{self.url}/{route}", b"{}", method="POST")
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            assert answer.status == 200

    def model_pids(self) -> list[int]:
        return [int(line) for line in self.pids_file.read_text().split()]

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "alone.py").write_text(MODEL)
    (tmp_path / "reactor.yaml").write_text("model: alone:Alone")
    served = Served(tmp_path)
    yield served
    if served.process.poll() is None:
        served.end()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_model_lives_in_a_process_of_its_own_and_ends_with_the_command(served: Served) -> None:
    served.until(lambda: served.health()["state"] == "available")
    [pid] = served.model_pids()
    assert pid != served.process.pid
    before = set(os.listdir("/dev/shm"))
    assert served.end() == 0
    served.until(lambda: not alive(pid))
    assert set(os.listdir("/dev/shm")) <= before


def test_a_killed_model_comes_back_three_times_and_is_then_given_up(served: Served) -> None:
    for life in range(1, 5):
        served.until(lambda life=life: len(served.model_pids()) == life)
        served.until(lambda: served.health()["state"] == "available")
        os.kill(served.model_pids()[-1], signal.SIGKILL)
        served.until(lambda: served.health()["state"] != "available")
    served.until(lambda: served.health()["state"] == "terminated")
    assert served.health()["status"] == "unhealthy"
    assert served.end() == 1


def test_a_model_that_hangs_in_a_forward_pass_is_replaced_by_the_watchdog(tmp_path: Path) -> None:
    (tmp_path / "alone.py").write_text(HANGING)
    (tmp_path / "reactor.yaml").write_text("model: alone:Alone")
    served = Served(tmp_path, "--watchdog=1.5")
    try:
        served.until(lambda: len(served.model_pids()) == 2)
        served.until(lambda: served.health()["state"] == "available")
        hung, _ = served.model_pids()
        assert not alive(hung)
        log = served.log.read_text()
        assert "author code has held the model's thread for 1.5 s" in log
        assert 'alone.py", line' in log
        assert "time.sleep(3600)" in log
        assert served.end() == 0
    finally:
        if served.process.poll() is None:
            served.end()


BUSY = """
import os, re, time
from reactor_actors.interface import Output, ReactorModel, Video, session_started

class Picture(Output):
    main_video: Video

class Alone(ReactorModel):
    output: Picture

    def load(self, config):
        open(config["pids"], "a").write(f"{os.getpid()}\\n")
        self.first = len(open(config["pids"]).readlines()) == 1

    @session_started
    def begin(self):
        if self.first:
            HANGING
"""
HOLDING_THE_GIL = 're.match("(a+)+$", "a" * 64 + "b")'


@pytest.mark.parametrize(
    ("hanging", "told"),
    [
        ("time.sleep(3600)", "time.sleep(3600)"),
        (HOLDING_THE_GIL, "in native code that lets nobody look"),
    ],
    ids=["in Python", "in native code"],
)
def test_a_model_that_is_busy_after_its_session_is_replaced_and_the_log_says_where_it_was(
    tmp_path: Path, hanging: str, told: str
) -> None:
    (tmp_path / "alone.py").write_text(BUSY.replace("HANGING", hanging))
    (tmp_path / "reactor.yaml").write_text("model: alone:Alone")
    served = Served(tmp_path, "--stop-grace=1.5")
    try:
        served.until(lambda: served.health()["state"] == "available")
        served.post("start_session")
        served.post("stop_session")
        served.until(lambda: len(served.model_pids()) == 2)
        served.until(lambda: served.health()["state"] == "available")
        hung, _ = served.model_pids()
        assert not alive(hung)
        log = served.log.read_text()
        assert "did not come back to the runtime within 1.5 s" in log
        assert told in log
        served.post("start_session")
        assert served.end() == 0
    finally:
        if served.process.poll() is None:
            served.end()


def test_a_model_that_cannot_be_imported_ends_the_command_with_its_own_traceback(
    tmp_path: Path,
) -> None:
    (tmp_path / "alone.py").write_text("import a_module_that_is_missing")
    (tmp_path / "reactor.yaml").write_text("model: alone:Alone")
    command = [sys.executable, "-m", "reactor_actors", "serve", str(tmp_path)]
    told = subprocess.run(
        [*command, "--host=127.0.0.1", "--port=0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert told.returncode == 1
    assert "alone.py" in told.stderr
    assert "error: importing 'alone' failed" in told.stderr
