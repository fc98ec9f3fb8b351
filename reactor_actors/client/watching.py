"""`Watching`: what is shown, piece by piece and in order, as an asynchronous iterator."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Self, TypeVar

from reactor_actors.core.batches import Shown
from reactor_actors.core.errors import PeerGone
from reactor_actors.core.guests import Door

T = TypeVar("T")

POLL_SECONDS = 2.0
"""How long a question may be held open: so long the end of a session may go unnoticed."""


class Watching(Generic[T]):
    """Iterate over what is shown from the first step on, until the session ends or `close`.

    At most `bound` pieces wait to be looked at; then the oldest is dropped, and counted in
    `dropped`. Leave the iterator by `close`, or use it as a context manager: until then the
    transport keeps copies for it.
    """

    def __init__(
        self,
        door: Door,
        guest: str,
        tracks: Sequence[str],
        bound: int,
        convert: Callable[[Shown], T],
    ) -> None:
        self._door = door
        self._guest = guest
        self._tracks = tracks
        self._bound = bound
        self._convert = convert
        self._kept: deque[Shown] = deque()
        self._number: int | None = None
        self._closed = False
        self.dropped = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            while not self._kept:
                if self._closed or not await self._fetch():
                    raise StopAsyncIteration
        except PeerGone:
            raise StopAsyncIteration from None
        return self._convert(self._kept.popleft())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Keep nothing more; the iteration is over."""
        self._closed = True
        self._kept.clear()
        number, self._number = self._number, None
        if number is not None:
            try:
                await self._door.unwatch(self._guest, number)
            except PeerGone:
                return

    async def _fetch(self) -> bool:
        if self._number is None:
            self._number = await self._door.watch(self._guest, self._tracks, self._bound)
        watched = await self._door.watched(self._guest, self._number, POLL_SECONDS)
        self.dropped = watched.dropped
        self._kept.extend(watched.shown)
        return not watched.over
