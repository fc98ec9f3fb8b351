"""`Signals`: one owner of SIGINT and SIGTERM, which waits for them and decides nothing."""

from __future__ import annotations

import logging
import signal
import socket
import time
from enum import IntEnum
from typing import Any

log = logging.getLogger("reactor_actors.serving")


class Moment(IntEnum):
    """What the main thread has to know of a life. No signal has such a number."""

    JOINED = 254
    OVER = 255


class Signals:
    """The owner of SIGINT and SIGTERM, on the main thread.

    What comes is written to a socket by the interpreter's own handler, in whatever thread the
    system has chosen for it. A wait for a lock might begin just after it has come, and never end.
    """

    NUMBERS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self._came, self._told = socket.socketpair()
        self._told.setblocking(False)
        self._fd_before = -1
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        self._fd_before = signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        self._before = self._own()
        return self

    def __exit__(self, *failure: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._came.close()
        self._told.close()

    def tell(self, moment: Moment) -> None:
        """Wake the main thread, from any other."""
        self._told.send(bytes([moment]))

    def next(self, seconds: float | None = None) -> int | None:
        """Wait for the next signal; None at the end of the life.

        SIGKILL stands for an end that has not come after `seconds`.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            self._came.settimeout(
                None if deadline is None else max(1e-6, deadline - time.monotonic())
            )
            try:
                news = self._came.recv(1)[0]
            except TimeoutError:
                log.error("the end takes more than %g s: it is not waited for", seconds)
                return signal.SIGKILL
            if news == Moment.JOINED:
                self._own()  # Ray's native code has put a handler of its own beneath Python's
            elif news == Moment.OVER:
                return None
            elif news in self.NUMBERS:
                return news

    def _own(self) -> dict[signal.Signals, Any]:
        return {number: signal.signal(number, _heard) for number in self.NUMBERS}


def _heard(number: int, frame: object) -> None:
    """Do nothing: the number is on its way through the socket."""
