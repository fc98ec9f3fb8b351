"""`Tally`: count what arrives at one viewer. Pure; time is an argument."""

from __future__ import annotations

from reactor_actors.load.plan import Sample


class Tally:
    """What one viewer sees, from its first picture on."""

    def __init__(self, viewer: int) -> None:
        self._viewer = viewer
        self._since = 0.0
        self._last: float | None = None
        self._pictures = 0
        self._size = 0
        self._gap = 0.0

    @property
    def begun(self) -> bool:
        """Whether a picture has come."""
        return self._last is not None

    def packet(self, now: float, size: int, *, ends: bool) -> None:
        """Take in a packet; `ends` says that a picture is whole with it."""
        self._size += size
        if not ends:
            return
        if self._last is None:
            self._since, self._size = now, 0  # the time that is measured begins with it
        else:
            self._gap = max(self._gap, now - self._last)
            self._pictures += 1
        self._last = now

    def sample(self, now: float) -> Sample:
        """Return what came since the last sample, or the first picture.

        A gap that is still open counts, in this sample and in the next, by its whole length.
        """
        gap = self._gap if self._last is None else max(self._gap, now - self._last)
        seen = Sample(self._viewer, now, now - self._since, self._pictures, self._size, gap)
        self._since, self._pictures, self._size, self._gap = now, 0, 0, 0.0
        return seen
