"""A function called in a process of its own, so that nothing it does can hurt whoever asks.

For author code that is only looked at: it may print, hang, start processes, or bring its process
down. What it returns, or raises of our own errors, comes back; nothing that it has begun stays.
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
import time
from collections.abc import Callable
from typing import IO, Any, TypeVar

from reactor_actors.core.errors import ModelError, ReactorError

T = TypeVar("T")

STANDARD_ERROR = 2
_GRACE_SECONDS = 5.0
_LAST_BYTES = 4000
_CODE = (
    "import sys; sys.path[:] = sys.argv[3:]; "
    "from reactor_actors.apart import answer; answer(int(sys.argv[1]), float(sys.argv[2]))"
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
    with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as found:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _CODE, str(found.fileno()), str(seconds), *sys.path],
            stdin=subprocess.PIPE,
            stdout=words if output is None else output,
            stderr=words if output is None else output,
            pass_fds=(found.fileno(),),
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


def answer(descriptor: int, seconds: float) -> None:
    """Call the function that standard input names, and leave. Belongs to the other process."""
    os.set_inheritable(descriptor, False)
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
