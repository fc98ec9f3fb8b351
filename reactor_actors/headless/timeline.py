"""When each picture is shown in the file. Pure: pictures go in, seconds come out."""

from __future__ import annotations

from collections.abc import Callable


class Timeline:
    """The time of a recording that is made as fast as the model goes.

    Picture n is at n / fps. It is counted from the last change of rate, so that an hour of thirds
    adds up to an hour.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._since = 0.0
        self._ticks = 0

    @property
    def now(self) -> float:
        """When the next picture will be shown, in seconds from the first."""
        return self._since + self._ticks / self._fps

    @property
    def interval(self) -> float:
        """Seconds from one picture to the next."""
        return 1.0 / self._fps

    def tick(self) -> float:
        """Show a picture; return when."""
        at = self.now
        self._ticks += 1
        return at

    def set_rate(self, fps: float) -> None:
        """Change the rate, from the next picture on."""
        self._since, self._ticks = self.now, 0
        self._fps = fps


class WallClock:
    """The time line of a recording that is played as viewers would see it.

    It begins with the first picture. `clock` is the clock of the loop that shows them.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._shown = False

    @property
    def now(self) -> float:
        """Seconds from the first picture; before there is one, from the start."""
        return self._clock() - self._began

    def tick(self) -> float:
        """Show a picture; return when."""
        if not self._shown:
            self._shown, self._began = True, self._clock()
        return self.now
