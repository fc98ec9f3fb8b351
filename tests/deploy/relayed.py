"""A picture through the TURN server of `deploy/coturn`, in the words of its file.

Started by its test as the first process of a network of its own. Prints what it has seen as JSON.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.deploy.machines import enter, face
from tests.deploy.watching import available, watched

ROOT = Path(__file__).parents[2]
ADDRESS = "203.0.113.7"
SECRET = "5f0c7a"


def main(folder: Path) -> None:
    enter(folder)
    face(ADDRESS)
    turn = subprocess.Popen(
        [
            *("turnserver", "-c", ROOT / "deploy" / "coturn" / "turnserver.conf"),
            *(f"--user=reactor:{SECRET}", f"--external-ip={ADDRESS}", "--verbose"),
        ],
        stdout=(folder / "turn.log").open("wb"),
        stderr=subprocess.STDOUT,
        cwd=folder,
    )
    served = subprocess.Popen(
        [
            *(sys.executable, "-m", "reactor_actors", "serve", ROOT / "examples" / "brightness"),
            *("--turn-server", f"reactor;{SECRET};turn:{ADDRESS}:3478"),
            *("--ice-transport-policy", "relay"),
        ],
        stdout=(folder / "serve.log").open("wb"),
        stderr=subprocess.STDOUT,
        cwd=ROOT,
    )
    try:
        url = f"http://{ADDRESS}:8080"
        available(url)
        seen = watched(url)
    finally:
        for process in (served, turn):
            process.terminate()
            process.wait(60)
    log = (folder / "turn.log").read_text()
    seen["relayed"] = sum(map(int, re.findall(r"peer usage: .* sb=(\d+)", log)))
    print(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
