"""What a cluster of our own has started ends with it, however the command that owns it ends.

Ray's own processes die with their driver, but for two that look for the others for a minute; and
what a model has started itself is nobody's. So a shell waits at the end of a pipe. When the pipe
closes, it ends whatever belongs to the deployment: a process that has inherited a mark in its
environment, or one that writes to the cluster's folder, since titles that processes give themselves
are written over their environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import ray

MARK = "REACTOR_ACTORS_DEPLOYMENT"
LINGER_SECONDS = 1
"""What may end by itself, when the command was killed, before it is helped."""

WAIT_SECONDS = 5.0

# Each line that comes is the cluster's folder; an empty one says that the end is an orderly one.
_SCRIPT = """
mark=$1 owner=$2 folder=/nowhere
while read -r line; do
    [ -z "$line" ] && orderly=yes && break
    folder=$line
done
[ "$orderly" ] || sleep "$3"
{
    grep -lsF "$mark" /proc/[0-9]*/environ
    find /proc/[0-9]*/fd -maxdepth 1 -lname "$folder/*"
} 2>/dev/null | cut -d/ -f3 | sort -u | grep -vx "$owner" | xargs -r kill -KILL
"""


@contextmanager
def guarded() -> Iterator[Callable[[], None]]:
    """End, at the latest when this process does, all that is begun meanwhile by its children.

    Yields a function that is to be called once the cluster has been started. Its folder is removed
    after an orderly end. A cluster that others have started is left alone.
    """
    if ray.is_initialized():
        yield lambda: None
        return
    folder: str | None = None

    def begun() -> None:
        nonlocal folder
        folder = _folder()
        _tell(guard, folder)

    owner = os.getpid()
    mark = f"{MARK}={owner}-{uuid4().hex}"
    words = ("reactor-actors-guard", mark, str(owner), str(LINGER_SECONDS))
    guard = subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C on a terminal is for the command
    )
    name, _, os.environ[MARK] = mark.partition("=")
    try:
        yield begun
    finally:
        os.environ.pop(name, None)
        _tell(guard, "")
        with suppress(subprocess.TimeoutExpired, OSError):
            guard.communicate(timeout=WAIT_SECONDS)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _tell(guard: subprocess.Popen[bytes], line: str | None) -> None:
    if line is not None and guard.stdin is not None:
        with suppress(OSError):  # a guard that is gone has nothing left to do
            guard.stdin.write(f"{line}\n".encode())
            guard.stdin.flush()


def _folder() -> str | None:
    """Return the folder of the cluster that was begun here; None if none was, or Ray hides it."""
    try:
        node: Any = ray._private.worker._global_node
        return str(node.get_session_dir_path()) if node.is_head() else None
    except AttributeError:
        return None
