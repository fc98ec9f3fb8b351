"""Loans: the slots of the model's ring that the clients' side still looks at.

A slot is lent with a tick and comes back when the last array in it is gone, in whatever thread that
happens. The news rides with the next grant. Only when the model may be waiting for a slot it is
sent by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from reactor_actors.links.frames import Released
from reactor_actors.links.ring import Slot, Window


class Loans:
    """Which slots are out. Safe in any thread.

    `urge` is called, in any thread and perhaps in the middle of anything, when what has come back
    should be told at once.
    """

    def __init__(self, urge: Callable[[], None]) -> None:
        self._urge = urge
        self._lock = threading.Lock()
        self._window: Window | None = None
        self._out = 0  # slots the writer takes for lent, come back or not
        self._back: deque[tuple[int, int]] = deque()

    def open(self, window: Window) -> None:
        """Go on with another ring; the slots of the one before need not be told."""
        with self._lock:
            self._window, self._out = window, 0

    def close(self) -> None:
        """Tell nobody anything any more. What is lent stays readable."""
        with self._lock:
            self._window = None
        # Every slot that is out refers to this object. It must not keep in turn what keeps the
        # slot: the clients' side with its last pictures.
        self._urge = _nothing

    def lend(self, ring: int, number: int) -> Slot:
        """Lend a slot. Raises `ValueError` for one that cannot be."""
        with self._lock:
            if self._window is None or self._window.number != ring:
                raise ValueError(f"nothing can be in ring {ring}")
            if self._out == self._window.slots:
                raise ValueError("more slots are lent than there are")
            slot = self._window.lend(number, self._returned)
            self._out += 1
        return slot

    def released(self) -> list[Released]:
        """Return what is to be told to the writer: once each slot that has come back."""
        with self._lock:
            if self._window is None:
                return []
            slots = []
            while self._back:
                ring, slot = self._back.popleft()
                if ring == self._window.number:
                    slots.append(slot)
            self._out -= len(slots)
            return [Released(self._window.number, slots)] if slots else []

    @property
    def exhausted(self) -> bool:
        """Whether the writer has no slot left, as far as is known here."""
        window = self._window
        return window is not None and self._out >= window.slots

    def _returned(self, ring: int, slot: int) -> None:
        # It may interrupt this very thread within `released`, so it takes no lock.
        self._back.append((ring, slot))
        if self.exhausted:
            self._urge()


def _nothing() -> None:
    pass
