"""`Lane`: ordered delivery through calls that never overlap.

Ray's async actors reorder the calls made to them. Order is made here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Generic, TypeVar

from reactor_actors.flow.bell import Bell

T = TypeVar("T")


def one(_: object) -> int:
    """Weigh every item alike."""
    return 1


class Lane(Generic[T]):
    """Deliver items in order, one call in flight; whatever waited meanwhile goes in one list.

    `offer` may come from any thread, `run` belongs to one loop. `send` raising ends `run`, and the
    lane is closed and empty from then on. The lane is full once what waits weighs `bound`.
    """

    def __init__(
        self,
        send: Callable[[list[T]], Awaitable[None]],
        bound: int,
        weigh: Callable[[T], int] = one,
    ) -> None:
        self._send = send
        self._bound = bound
        self._weigh = weigh
        self._items: deque[T] = deque()
        self._weight = 0
        self._closed = False
        self._lock = Lock()
        self._bell = Bell()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def weight(self) -> int:
        """What the items weigh that wait, without those in flight."""
        return self._weight

    def offer(self, item: T) -> bool:
        """Queue an item. False: refused, the lane is full or closed."""
        with self._lock:
            if self._closed or self._weight >= self._bound:
                return False
            self._items.append(item)
            self._weight += self._weigh(item)
        self._bell.ring()
        return True

    def close(self) -> None:
        """Refuse further items; `run` returns once those accepted are delivered."""
        self._closed = True
        self._bell.ring()

    async def run(self) -> None:
        """Deliver until the lane is closed and empty."""
        try:
            while items := await self._bell.until(self._all):
                await self._send(items)
        finally:
            with self._lock:
                self._closed = True
                self._clear()

    def _all(self) -> list[T] | None:
        with self._lock:
            if not self._items:
                return [] if self._closed else None
            items = list(self._items)
            self._clear()
            return items

    def _clear(self) -> None:
        self._items.clear()
        self._weight = 0
