"""`Rate`: how many pictures a second to play, told from when they are emitted. Pure."""

from __future__ import annotations

FIRST_GUESS = 16.0


class Rate:
    """The rate of one session. `fixed` is a rate that never changes, None one that adapts."""

    def __init__(self, fixed: float | None = None, factor: float = 1.0) -> None:
        self._fixed = fixed
        self._factor = factor
        self._frozen = False
        self._last: float | None = None

    @property
    def first(self) -> float:
        """The rate to begin with."""
        return FIRST_GUESS if self._fixed is None else self._fixed

    def emitted(self, count: int, now: float, waiting: int) -> float | None:
        """Take in an emit of `count` ticks, while `waiting` are queued; return the new rate.

        None: it stays as it is.
        """
        since, self._last = self._last, now
        if self._fixed is not None or self._frozen or since is None or now <= since or not count:
            return None
        # With a backlog, it is to be gone when as many more have come.
        ticks = count + waiting - 1 if waiting > 2 else count
        return self._factor * ticks / (now - since)

    def freeze(self) -> None:
        """Keep the rate as it is."""
        self._frozen = True

    def resume(self) -> None:
        """Measure again, from the next emit on: the time until then says nothing."""
        self._frozen = False
        self._last = None
