"""`Rate`: how many ticks a second to play, told from when they are emitted. Pure."""

from __future__ import annotations

FIRST_GUESS = 16.0

CEILING = 120.0
"""More than any screen shows: a loop that does nothing but emit has no pace of its own."""


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

    def emitted(self, count: int, now: float, waiting: int, sound: float = 0.0) -> float | None:
        """Take in an emit of `count` ticks, while `waiting` are queued; return the new rate.

        `sound` is how many seconds of it the ticks hold: they are never played faster than that.
        None: the rate stays as it is.
        """
        since, self._last = self._last, now
        if self._fixed is not None or self._frozen or since is None or now <= since or not count:
            return None
        # With a backlog, it is to be gone when as many more have come.
        ticks = count + waiting - 1 if waiting > 2 else self._factor * count
        return min(ticks / (now - since), count / sound if sound > 0 else CEILING, CEILING)

    def freeze(self) -> None:
        """Keep the rate as it is."""
        self._frozen = True

    def resume(self, now: float) -> None:
        """Measure again: what is emitted next has been worked on from now on."""
        self._frozen = False
        self._last = now
