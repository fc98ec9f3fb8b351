"""Joining a Ray cluster, or starting one for this machine alone."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import ray
from ray.exceptions import RayError

from reactor_actors.core.errors import SetupError
from reactor_actors.manifest import Manifest

REACH_SECONDS = 5.0
TOKEN = (
    "; if its log says InvalidAuthToken, set RAY_AUTH_MODE=token, with the cluster's token in "
    "~/.ray/auth_token"
)
OWN_NAMES = ("localhost", "127.0.0.1", "::1", "[::1]")

LEFT_BEHIND = (".git", "__pycache__", ".venv", "node_modules")
"""What of a model's folder does not travel to other nodes."""

OBJECT_STORE_BYTES = 128 * 2**20
"""What the object store of a cluster of our own takes of the shared memory."""

THREADS = "OMP_NUM_THREADS"
"""How many threads arithmetic takes. Ray gives an actor without CPUs one, unless this is set."""

ARENAS = "MALLOC_ARENA_MAX"
"""In how many regions glibc keeps what a process has freed."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A cluster: whether it was started here, and where Ray's own dashboard is, if it is known."""

    own: bool
    dashboard: str | None = None


@contextmanager
def joined(
    address: str | None,
    manifest: Manifest | None = None,
    *,
    listening: bool = True,
    dashboard: bool = False,
) -> Iterator[Joined]:
    """Join a cluster, or start a quiet one of this machine alone, with Ray's `dashboard` or not.

    Without `listening`, what actors write is not printed here. The model's folder travels to every
    node of a cluster that is joined, its weights do not. Raises `SetupError` when there is no such
    cluster, or the folder is too large for it.
    """
    if ray.is_initialized() and not _ray.users:
        yield Joined(own=False)  # it is the program's own
        return
    start = partial(_start, address, manifest, listening=listening, dashboard=dashboard)
    with _ray.used(start):
        yield _ray.joined


class _Ray:
    """The Ray that was joined or started here: it is left with the last who uses it."""

    def __init__(self) -> None:
        self.joined = Joined(own=False)
        self.users = 0
        self._lock = threading.Lock()

    @contextmanager
    def used(self, start: Callable[[], Joined]) -> Iterator[None]:
        """Count a user; the first one starts it, and `start` says what it is."""
        with self._lock:
            if not ray.is_initialized():
                self.joined = start()
            self.users += 1
        try:
            yield
        finally:
            with self._lock:
                self.users -= 1
                if not self.users:
                    ray.shutdown()


_ray = _Ray()


def _start(
    address: str | None, manifest: Manifest | None, *, listening: bool, dashboard: bool
) -> Joined:
    """Start Ray, or join it."""
    # Without an address Ray would join whatever it finds running on this machine.
    options: dict[str, Any] = {"address": address or "local"}
    if address is None:
        options["include_dashboard"] = dashboard
        options["object_store_memory"] = OBJECT_STORE_BYTES
        # Nobody else has business with it. Ray takes 127.0.0.1 for the machine's outer address.
        options["_node_ip_address"] = "127.0.0.2"
    else:
        check(address)
        if manifest is not None:
            options["runtime_env"] = _luggage(manifest)
    try:
        with _told(address is None):
            context = ray.init(
                logging_level=logging.ERROR,
                log_to_driver=listening,
                configure_logging=False,
                **options,
            )
    except (ConnectionError, ValueError, RuntimeError, RayError) as error:
        text = (str(error).strip() or type(error).__name__).splitlines()[0]
        where = f"joined at {address}" if address else "started on this machine"
        raise SetupError(f"Ray cannot be {where}: {text}{TOKEN if address else ''}") from None
    place = context.dashboard_url  # without a scheme
    return Joined(address is None, f"http://{place}" if place else None)


@contextmanager
def _told(wanted: bool) -> Iterator[None]:
    """Tell the processes of a cluster that is being started what the user has not told them.

    Every CPU is for their arithmetic, and what one thread frees is for all: encoders come and go in
    threads of their own, and glibc would keep for each what it once had.
    """
    all_told = {THREADS: str(os.cpu_count() or 1), ARENAS: "2"} if wanted else {}
    told = {name: value for name, value in all_told.items() if name not in os.environ}
    os.environ.update(told)
    try:
        yield
    finally:
        for name in told:
            del os.environ[name]


def check(address: str) -> None:
    """Raise `SetupError` where nothing can be joined; Ray itself takes half a minute to say so."""
    if address in ("auto", "local"):
        return
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdigit() or "/" in host:
        raise SetupError(f"--address expects auto or host:port of a Ray cluster; got {address!r}")
    # Ray, too, takes this machine's own name for the address under which others know it.
    known = ray.util.get_node_ip_address() if host in OWN_NAMES else host  # type: ignore[no-untyped-call]
    try:
        socket.create_connection((known.strip("[]"), int(port)), REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise SetupError(f"no Ray cluster answers at {known}:{port}: {error}") from None


def _luggage(manifest: Manifest) -> dict[str, Any]:
    """Return what Ray is to bring to every node: the model's folder without what stays behind."""
    left = list(LEFT_BEHIND)
    weights = manifest.weights_path
    if weights is not None and weights.is_relative_to(manifest.folder):
        left.append(f"/{weights.relative_to(manifest.folder)}")
    return {"working_dir": str(manifest.folder), "excludes": left}
