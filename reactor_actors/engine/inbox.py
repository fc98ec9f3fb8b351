"""`Inbox`: the one ordered queue of what is asked of a model."""

from __future__ import annotations

from collections import deque

from reactor_actors.core.messages import (
    ClientJoined,
    ClientLeft,
    CommandRequested,
    SessionStopped,
    ToModel,
)
from reactor_actors.flow.bell import Bell


class Inbox:
    """First in, first out, filled from any thread, emptied by the model's loop.

    Its bound is the edge's: 1024 unanswered commands, 64 clients and one session.
    """

    def __init__(self, dedupe: frozenset[str]) -> None:
        self._dedupe = dedupe
        self._items: deque[tuple[ToModel, bool]] = deque()
        self._arrived = 0
        self._handled = 0
        self._crowd = 0
        self._emptying = 0
        self._bell = Bell()

    @property
    def emptying(self) -> bool:
        """Whether something queued is going to leave no client."""
        return self._emptying > 0

    def put(self, message: ToModel) -> None:
        """Queue a message. One thread at a time: the link keeps the order."""
        crowd = self._crowd
        match message:
            case ClientJoined():
                self._crowd += 1
            case ClientLeft():
                self._crowd -= 1
            case SessionStopped():
                self._crowd = 0
        empties = crowd > 0 and self._crowd == 0
        self._emptying += empties
        self._arrived += 1
        self._items.append((message, empties))
        self._bell.ring()

    async def ready(self) -> None:
        """Wait until something is queued."""
        await self._bell.until(lambda: True if self._items else None)

    def take(self) -> tuple[ToModel, list[int]]:
        """Take the oldest message, and the numbers of the commands it makes needless.

        A command that collapses takes the newest payload of its name and client among those
        queued, and the place and number of the oldest.
        """
        message, empties = self._items.popleft()
        self._emptying -= empties
        if not isinstance(message, CommandRequested) or message.name not in self._dedupe:
            return message, []
        same = [
            item
            for item, _ in self._items
            if isinstance(item, CommandRequested)
            and (item.name, item.client) == (message.name, message.client)
        ]
        if not same:
            return message, []
        for item in same:
            self._items.remove((item, False))
        newest = same[-1]
        collapsed = CommandRequested(
            message.number, message.client, message.name, newest.payload, newest.files
        )
        self._handled += len(same)
        return collapsed, [item.number for item in same]

    def done(self) -> None:
        """Note that the message taken last has been handled."""
        self._handled += 1
        self._bell.ring()

    async def settled(self) -> None:
        """Wait until everything queued at the time of the call has been handled."""
        target = self._arrived
        await self._bell.until(lambda: True if self._handled >= target else None)
