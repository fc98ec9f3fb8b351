"""`Bell`: wake tasks from any thread. The waiting half of every queue in this folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Bell:
    """Let tasks wait for something that any thread may bring about.

    The state itself lives with the owner, in a call that never waits (`attempt`). A waiter is
    entered in the book before it tries, so a ring between the try and the wait is not lost.
    """

    def __init__(self) -> None:
        self._waiters: dict[asyncio.Future[None], asyncio.AbstractEventLoop] = {}

    def ring(self) -> None:
        """Let every waiter try again. Safe in any thread."""
        # A copy in one step: other threads enter and leave the book meanwhile.
        for future, loop in self._waiters.copy().items():
            try:
                loop.call_soon_threadsafe(_wake, future)
            except RuntimeError:  # that loop is closed, and its waiter gone with it
                self._waiters.pop(future, None)

    async def until(self, attempt: Callable[[], T | None], timeout: float | None = None) -> T:  # noqa: ASYNC109 - a deadline is part of `InputBuffer.read`
        """Return the first value of `attempt()` that is not None, trying again after each ring.

        What `attempt` raises is passed on. `TimeoutError` after `timeout` seconds.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            while True:
                future = loop.create_future()
                self._waiters[future] = loop
                try:
                    if (value := attempt()) is not None:
                        return value
                    await future
                finally:
                    self._waiters.pop(future, None)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
