"""A function called in a process of its own, so that nothing it does can hurt whoever asks.

For author code that is only looked at: it may print, hang, start processes, or bring its process
down. What it returns, or raises of our own errors, comes back. Its process ends with the answer, or
with whoever asks, and so do those that it has begun, but for any that made a session of their own.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO, Any, TypeVar

from reactor_actors.core.errors import ModelError, ReactorError

T = TypeVar("T")

STANDARD_ERROR = 2
_GRACE_SECONDS = 5.0
_LAST_BYTES = 4000
_CODE = (
    "import sys; sys.path[:] = sys.argv[4:]; from reactor_actors.apart import answer; "
    "answer(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))"
)


def apart(
    what: str,
    function: Callable[..., T],
    *arguments: Any,
    seconds: float = 0.0,
    output: int | None = None,
) -> T:
    """Call a function in a fresh process and return what it returns. Waits.

    The function is one of a module's, and what goes in and out can be pickled. `what` says in an
    error what it was about; `seconds` is how long it may take, 0 without an end. What is printed,
    native code's words too, goes to the descriptor `output`, or else is kept for the error.

    Raises `ReactorError` as the function does, and `ModelError` when the process takes too long or
    ends without an answer; `detail` then holds its last words.
    """
    with (
        tempfile.TemporaryFile() as words,
        tempfile.TemporaryFile() as found,
        _lifeline() as lifeline,
    ):
        ours = [str(found.fileno()), str(lifeline.fileno()), str(seconds)]
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _CODE, *ours, *sys.path],
            stdin=subprocess.PIPE,
            stdout=words if output is None else output,
            stderr=words if output is None else output,
            pass_fds=(found.fileno(), lifeline.fileno()),
            start_new_session=True,  # it is ended with whatever it has begun
        )
        began = time.monotonic()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                asked = pickle.dumps((function, arguments))
                process.communicate(asked, timeout=seconds + _GRACE_SECONDS if seconds else None)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        late = bool(seconds) and time.monotonic() - began >= seconds
        value: T = _result(what, process.returncode, found, words, seconds if late else None)
        return value


def answer(descriptor: int, lifeline: int, seconds: float) -> None:
    """Call the function that standard input names, and leave. Belongs to the other process."""
    for own in (descriptor, lifeline):
        os.set_inheritable(own, False)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    del sys.argv[1:]
    if seconds:
        # Also when nobody waits any more; and its last words are where it hangs.
        faulthandler.dump_traceback_later(seconds, exit=True)
    function, arguments = pickle.load(sys.stdin.buffer)
    told: tuple[bool, Any]
    try:
        told = True, function(*arguments)
    except ReactorError as error:
        told = False, error
    with open(descriptor, "wb") as found:
        pickle.dump(told, found)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads and exit handlers of the author's have no say in when this ends.
    os._exit(0)


@contextlib.contextmanager
def _lifeline() -> Iterator[IO[bytes]]:
    """Lend the end of a pipe that can be read to its end once this process is gone, or done."""
    read, write = os.pipe()
    with os.fdopen(read, "rb") as theirs, os.fdopen(write, "wb"):
        yield theirs


def _end_with(lifeline: int) -> None:
    """End this process and its group when nobody waits for it any more, however that came."""
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


def _result(what: str, status: int, found: IO[bytes], words: IO[bytes], late: float | None) -> Any:
    found.seek(0)
    told = found.read()
    if told and status == 0:
        well, value = pickle.loads(told)
        if well:
            return value
        raise value
    size = words.seek(0, os.SEEK_END)
    words.seek(max(0, size - _LAST_BYTES))
    last = words.read().decode(errors="replace")
    if late is not None:
        raise ModelError(f"{what} took longer than {late:g} s", last)
    ended = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
    raise ModelError(f"{what} ended its process {ended}", last)
