"""`Seats`: how many clients one replica may have at a time, however they are connected."""

from __future__ import annotations

from collections.abc import Callable

from reactor_actors.core.errors import ClientError


class Seats:
    """A bound on what several parties hold together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: list[Callable[[], int]] = []

    def count(self, held: Callable[[], int]) -> None:
        """Count what another party holds, too."""
        self._held.append(held)

    def check(self) -> None:
        """Raise `ClientError` with code `overloaded` when no seat is left."""
        if sum(held() for held in self._held) >= self._most:
            raise ClientError("overloaded", f"{self._most} connections are open already")
