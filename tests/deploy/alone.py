"""How a test runs a module of its own in a private network, and learns what it has seen."""

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
