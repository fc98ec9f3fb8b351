"""The servers that are compared: how each is started, and how one speaks with it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.servers import free_port, server, started

ROOT = str(Path(__file__).parents[2])


@dataclass(frozen=True)
class Kind:
    """A sort of server. `run` takes options of its command line, and yields its URL and mark."""

    name: str
    dialect: str
    run: Callable[..., AbstractContextManager[tuple[str, str]]]


OURS = Kind("ours", "ours", partial(server, False))
HUM = Kind("ours", "ours", partial(server, False, model="benchmarks.loopback.sound:Hum"))
PLAIN = Kind("plain aiortc", "plain", partial(server, True))


def fastrtc(python: Path) -> Kind:
    """Return FastRTC, as it is in the environment of that interpreter."""
    return Kind("FastRTC", "fastrtc", partial(_fastrtc, python))


@contextmanager
def _fastrtc(python: Path) -> Iterator[tuple[str, str]]:
    port = free_port()
    command = [str(python), "-m", "benchmarks.loopback.fastrtc_server", str(port)]
    with started(command, signal.SIGTERM, PYTHONPATH=ROOT) as run:
        yield f"http://127.0.0.1:{port}", run.mark
