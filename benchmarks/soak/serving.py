"""The server that is soaked: in processes of its own, with a temporary folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import MARK, free_port

MODEL = Path(__file__).parent
PING_SECONDS = 4.0
ORPHAN_SECONDS = 6.0
END_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: where it is, what marks its processes, and the folder it may write to."""

    url: str
    mark: str
    folder: Path
    log: Path
    process: subprocess.Popen[bytes]

    def end(self) -> bool:
        """End it as Ctrl-C does; return whether it ended by itself."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        return True


@contextmanager
def serving(*options: str) -> Iterator[Served]:
    """Serve the model until the block ends."""
    port = free_port()
    base = Path(tempfile.mkdtemp(prefix="soak-"))
    folder, log = base / "tmp", base / "log"
    folder.mkdir()
    value = str(uuid.uuid4())
    command = [sys.executable, "-m", "reactor_actors", "serve", str(MODEL), "--host=127.0.0.1"]
    command += [f"--port={port}", f"--ping-timeout={PING_SECONDS}", "--bitrate=0.2:0.5:1"]
    command += [f"--orphan-timeout={ORPHAN_SECONDS}", *options]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            env={**os.environ, MARK: value, "TMPDIR": str(folder)},
            # Ctrl-C is for the soak, which ends the server in order.
            start_new_session=True,
        )
    served = Served(f"http://127.0.0.1:{port}", f"{MARK}={value}", folder, log, process)
    try:
        yield served
    finally:
        served.end()
        shutil.rmtree(folder, ignore_errors=True)
