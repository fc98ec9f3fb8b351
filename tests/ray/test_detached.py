"""A deployment that is left on a cluster, looked at, read, and ended from another terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ray.heads import Head

pytestmark = [pytest.mark.ray, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
MODEL = """
import numpy as np
from reactor_actors.interface import Output, ReactorPipeline, Video

class Picture(Output):
    main_video: Video

class Left(ReactorPipeline):
    def load(self, config):
        print("painted by hand", flush=True)
        if config.get("broken"):
            raise RuntimeError("a broken brush")

    def inference(self):
        while True:
            yield Picture(main_video=np.zeros((64, 64, 3), np.uint8))
"""


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    node = Head(tmp_path_factory.mktemp("head"))
    yield node
    node.close()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "left"
    folder.mkdir()
    (folder / "left.py").write_text(MODEL)
    (folder / "reactor.yaml").write_text("model: left:Left")
    return folder


def command(head: Head, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reactor_actors", *words, "--address", head.address],
        cwd=ROOT,
        env={**os.environ, "RAY_AUTH_MODE": "disabled"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_a_deployment_goes_on_without_its_terminal_until_it_is_stopped(
    head: Head, model: Path
) -> None:
    network = ("--host", "127.0.0.1", "--port", "0")
    begun = command(head, "serve", str(model), "--detach", *network)
    assert begun.returncode == 0, begun.stderr
    url = next(word for word in begun.stdout.split() if word.startswith("http://127.0.0.1:"))
    assert health(url)["state"] == "available"

    again = command(head, "serve", str(model), "--detach", *network)
    assert again.returncode == 1
    assert "'left' is on this cluster already" in again.stderr

    shown = command(head, "status").stdout
    assert "left" in shown
    assert "available, 0 viewers" in shown
    assert re.search(r"dashboard\s+http://127\.0\.0\.1:\d+", begun.stdout)
    assert re.search(r"dashboard of the cluster: http://127\.0\.0\.1:\d+", shown)
    assert "READY" in command(head, "status", "left").stdout
    told = json.loads(command(head, "status", "--json").stdout)["deployments"]["left"]
    assert (told["state"], told["replicas"][0]["state"]) == ("available", "READY")
    assert "painted by hand" in command(head, "logs").stdout

    os.kill(keeper(), signal.SIGKILL)
    until(lambda: "available" in command(head, "status").stdout)  # Ray has begun it again

    ended = command(head, "stop", "left")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "no deployment" in command(head, "status").stdout
    missing = command(head, "stop", "left")
    assert missing.returncode == 1
    assert missing.stderr.strip() == "error: there is no deployment on this cluster"


def test_a_model_that_cannot_load_leaves_no_deployment(head: Head, model: Path) -> None:
    begun = command(
        head, "serve", str(model), "--detach", "--port", "0", "--model.broken=true",
        "--name", "broken",
    )  # fmt: skip
    assert begun.returncode == 1
    assert "a broken brush" in begun.stderr
    assert begun.stderr.rstrip().endswith("the model has failed too often and was given up")
    assert "no deployment" in command(head, "status").stdout


def keeper() -> int:
    """Return the process of the keeper, by the name that Ray gives it."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if words.startswith(b"ray::Keeper"):
            return int(pid)
    raise AssertionError("there is no keeper")


def health(url: str) -> dict[str, str]:
    with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
        told: dict[str, str] = json.load(answer)
    return told


def until(attempt: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not attempt():
        assert time.monotonic() < deadline
        time.sleep(0.2)
