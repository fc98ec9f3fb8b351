"""`Inbox`: the one ordered queue of what is asked of a model."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock

from reactor_actors.core.messages import (
    ClientJoined,
    ClientLeft,
    CommandRequested,
    SessionStopped,
    ToModel,
)
from reactor_actors.flow.bell import Bell


@dataclass(frozen=True, slots=True)
class _Item:
    """A message, its place among all that ever came, and whether it is going to leave no client."""

    place: int
    message: ToModel
    empties: bool


class Inbox:
    """First in, first out, filled from any thread, emptied by the model's loop.

    Its bound is the edge's: 1024 unanswered commands, 64 clients and one session.
    """

    def __init__(self, dedupe: frozenset[str]) -> None:
        self._dedupe = dedupe
        self._items: deque[_Item] = deque()
        self._in_hand: _Item | None = None
        self._arrived = 0
        self._crowd = 0
        self._emptying = 0
        self._lock = Lock()
        self._bell = Bell()

    @property
    def emptying(self) -> bool:
        """Whether something queued is going to leave no client."""
        return self._emptying > 0

    def put(self, message: ToModel) -> None:
        """Queue a message. One thread at a time: the link keeps the order."""
        with self._lock:
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
            self._items.append(_Item(self._arrived, message, empties))
            self._arrived += 1
        self._bell.ring()

    async def ready(self) -> None:
        """Wait until something is queued."""
        await self._bell.until(lambda: True if self._items else None)

    def take(self) -> tuple[ToModel, list[int]]:
        """Take the oldest message, and the numbers of the commands it makes needless.

        A command that collapses takes the newest payload of its name and client among those
        queued, and the place and number of the oldest.
        """
        with self._lock:
            self._in_hand = item = self._items.popleft()
            self._emptying -= item.empties
            message = item.message
            if not isinstance(message, CommandRequested) or message.name not in self._dedupe:
                return message, []
            same: list[CommandRequested] = []
            others: deque[_Item] = deque()
            for queued in self._items:
                later = queued.message
                if (
                    isinstance(later, CommandRequested)
                    and later.name == message.name
                    and later.client == message.client
                ):
                    same.append(later)
                else:
                    others.append(queued)
            self._items = others
        if not same:
            return message, []
        newest = same[-1]
        collapsed = CommandRequested(
            message.number, message.client, message.name, newest.payload, newest.files
        )
        return collapsed, [later.number for later in same]

    def done(self) -> None:
        """Note that the message taken last has been handled."""
        self._in_hand = None
        self._bell.ring()

    async def settled(self) -> None:
        """Wait until everything queued at the time of the call has been handled."""
        target = self._arrived
        await self._bell.until(lambda: True if self._oldest() >= target else None)

    def _oldest(self) -> int:
        """Return the place of the oldest message that is not handled yet."""
        if self._in_hand is not None:
            return self._in_hand.place
        with self._lock:
            return self._items[0].place if self._items else self._arrived
