"""`check` starts Ray as `serve` would, and leaves nothing of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from reactor_actors.scaffold import write
from tests.ray.command import alive

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]


def test_a_model_that_is_well_can_be_served_on_this_machine(tmp_path: Path) -> None:
    folder = write(tmp_path / "dream")
    words = ["check", str(folder), "--host=127.0.0.1", "--port=0", "--json"]
    mark = f"checked-{uuid4().hex}"
    ran = subprocess.run(
        [sys.executable, "-m", "reactor_actors", *words],
        env={**os.environ, "REACTOR_ACTORS_CHECKED": mark},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    told = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr, told["ok"]) == (0, "", True)
    [ray] = [one for one in told["findings"] if one["subject"] == "ray"]
    assert " starts in " in ray["found"]
    assert not marked(mark)


def marked(mark: str) -> list[int]:
    """Return the processes that have inherited a mark in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:  # it has just ended
            continue
        if mark.encode() in environment and alive(int(entry.name)):
            found.append(int(entry.name))
    return found
