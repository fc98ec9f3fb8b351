"""`Lane`: ordered delivery through calls that never overlap.

Ray's async actors reorder the calls made to them. Order is made here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from reactor_actors.flow.bell import Bell

T = TypeVar("T")


class Lane(Generic[T]):
    """Deliver items in order, one call in flight; whatever waited meanwhile goes in one list.

    `offer` may come from any thread, `run` belongs to one loop. `send` raising ends `run`.
    """

    def __init__(self, send: Callable[[list[T]], Awaitable[None]], bound: int) -> None:
        self._send = send
        self._bound = bound
        self._items: deque[T] = deque()
        self._closed = False
        self._bell = Bell()

    def __len__(self) -> int:
        return len(self._items)

    def offer(self, item: T) -> bool:
        """Queue an item. False: refused, the lane is full or closed."""
        if self._closed or len(self._items) >= self._bound:
            return False
        self._items.append(item)
        self._bell.ring()
        return True

    def close(self) -> None:
        """Refuse further items; `run` returns once those accepted are delivered."""
        self._closed = True
        self._bell.ring()

    async def run(self) -> None:
        """Deliver until the lane is closed and empty."""
        while items := await self._bell.until(self._all):
            await self._send(items)

    def _all(self) -> list[T] | None:
        if not self._items:
            return [] if self._closed else None
        return [self._items.popleft() for _ in range(len(self._items))]
