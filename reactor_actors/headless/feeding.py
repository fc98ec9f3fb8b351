"""`Feeding`: inputs on the time line of the recording: one picture of theirs for each shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reactor_actors.core.ports import Feed
from reactor_actors.headless.sources import Source


class Feeding:
    """Feeds every source up to a moment, in steps of `interval` seconds. Never goes back."""

    def __init__(
        self, sources: Mapping[str, Source], feed: Callable[[Feed], None], interval: float
    ) -> None:
        self._sources = sources
        self._feed = feed
        self._interval = interval
        self._step = -1
        self._ahead = 0.0

    def to(self, seconds: float) -> None:
        """Feed what comes up to a moment of the recording."""
        # The small amount is for thirds, which binary fractions put just below a step.
        step = int((seconds + self._ahead) / self._interval + 1e-6)
        if step <= self._step:
            return
        self._step = step
        for source in self._sources.values():
            for frame in source.until(step * self._interval):
                self._feed(frame)

    def hurry(self, seconds: float) -> None:
        """Let the inputs be further ahead of the recording from now on."""
        self._ahead += seconds

    def close(self) -> None:
        """Let go of the files."""
        for source in self._sources.values():
            source.close()
