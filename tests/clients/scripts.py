"""A module of the playground in Node.js."""

from __future__ import annotations

import json
import subprocess
from importlib.resources import as_file, files
from typing import Any

from tests.clients.conftest import needed


def run(module: str, script: str, *given: Any) -> Any:
    """Run a script that calls `tell` with its result; `module` and `given` are its own."""
    needed()
    with as_file(files("reactor_actors.transports.http") / "page") as folder:
        source = (
            f"import * as module from {json.dumps((folder / module).as_uri())};\n"
            f"const given = {json.dumps(given)};\n"
            "const tell = (value) => console.log(JSON.stringify(value ?? null));\n" + script
        )
        done = subprocess.run(
            ["node", "--input-type=module", "-e", source],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
