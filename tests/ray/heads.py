"""A cluster of one node that goes on by itself, as `ray start --head` makes it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 60.0
ADDRESS = "127.0.0.6"
"""Ray takes it for a machine of its own. It moves 127.0.0.1 to the machine's outer address."""


class Head:
    """The node, its processes and their ports. Ends with `close`, without `ray stop`."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "head.log"
        self.address = f"{ADDRESS}:{free_port()}"
        command = [
            str(Path(sys.executable).parent / "ray"), "start", "--head", "--block",
            "--node-ip-address", ADDRESS, "--port", self.address.partition(":")[2],
            "--num-cpus", "2", "--num-gpus", "0", "--object-store-memory", str(128 * 2**20),
            "--dashboard-host", "127.0.0.1", "--dashboard-port", str(free_port()),
            "--ray-client-server-port", str(free_port()),
            "--dashboard-agent-listen-port", str(free_port()),
            "--disable-usage-stats",
        ]  # fmt: skip
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                start_new_session=True,
                # Whether Ray keeps a secret for this user is not for a test to depend on.
                env={**os.environ, "RAY_AUTH_MODE": "disabled"},
            )
        self._until_started()

    def _until_started(self) -> None:
        deadline = time.monotonic() + SECONDS
        while "Ray runtime started" not in self.log.read_text():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.close()
                raise AssertionError(f"no cluster:\n{self.log.read_text()}")
            time.sleep(0.1)

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port
