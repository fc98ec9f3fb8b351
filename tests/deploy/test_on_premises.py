"""`ray up` with the local provider, over a real sshd, to a picture in a real client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.deploy.machines import PRIVATE, missing

pytestmark = [pytest.mark.ray, pytest.mark.clients, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]


def alone(module: str, seconds: float = 250.0) -> dict[str, Any]:
    """Run a module as the first process of a network of its own; return what it has seen."""
    if reason := missing():
        if os.environ.get("REACTOR_TESTS_NEED_MACHINES"):
            pytest.fail(reason)
        pytest.skip(reason)
    # Unix sockets lie below it, and their paths may not be long.
    with TemporaryDirectory(prefix="m-") as folder:
        done = subprocess.run(
            [*PRIVATE, sys.executable, "-m", module, folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        said = "".join(f.read_text() for f in Path(folder).glob("*.log"))
    assert done.returncode == 0, f"{done.stderr[-8000:]}\n{said[-8000:]}"
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_bare_machines_become_a_cluster_that_serves_a_picture_and_are_left_clean() -> None:
    seen = alone("tests.deploy.on_premises")
    assert seen["bright"] > 30
    assert seen["dark"] < 10
    assert seen["status"] == 0, "serving ended badly"
    assert seen["nodes"] == seen["machines"]
    assert seen["left"] == []
