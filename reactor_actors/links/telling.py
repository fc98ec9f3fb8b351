"""`Telling`: when the model has to be told of a grant by a call of its own. Pure.

The reply to every call of the model's end carries the newest grant, which is nearly always enough.
A call only for a grant costs as much as one that brings a picture, so it is made only when the
model would otherwise stand still: it knows of too little room, or it waits too long for its turn.
"""

from __future__ import annotations

from reactor_actors.core.messages import Grant
from reactor_actors.links.items import Granted

SOONER = 0.005
"""Seconds by which a turn must begin sooner than the model believes, to be worth a call."""

_NONE = Grant(done=0, due=float("-inf"), interval=0.0, lead=0.0)


class Telling:
    """The clients' end of the credits. Decides only; time is an argument."""

    def __init__(self) -> None:
        self._bound = 0
        self._arrived = 0
        self._wanted = 1
        self._stepwise = True
        self._newest = _NONE
        self._told = _NONE
        self._number = 0

    def meet(self, bound: int) -> None:
        """Note that the model may have that many ticks waiting."""
        self._bound = bound

    def want(self, ticks: int, *, stepwise: bool) -> None:
        """Note what room the model needs to know of."""
        self._wanted = ticks
        self._stepwise = stepwise

    def arrived(self, ticks: int) -> None:
        """Note that ticks have come, which have used their credits."""
        self._arrived += ticks

    def grant(self, grant: Grant) -> None:
        """Take a grant; one that is overtaken by a newer one is nothing."""
        if grant.done >= self._newest.done:
            self._newest = grant

    def tell(self, now: float) -> Granted:
        """Return the newest grant, relative to now; the model is going to know it."""
        self._told = told = self._newest
        self._number += 1
        return Granted(self._number, told.done, told.due - now, told.interval, told.lead)

    def news(self) -> bool:
        """Whether there is anything to tell."""
        return self._newest != self._told

    def urgent(self, now: float) -> bool:
        """Whether the model would stand still without being told now."""
        if not self._bound or not self.news():
            return False
        known = self._told.done + self._bound - self._arrived
        room = self._newest.done + self._bound - self._arrived
        enough = known + 1 if self._stepwise else self._wanted
        if known < self._wanted and room >= enough:
            return True
        turn = self._told.at(self._arrived)
        return turn > now and self._newest.at(self._arrived) < turn - SOONER


def rebased(granted: Granted, now: float) -> Grant:
    """Return the grant on the clock of whoever was told."""
    return Grant(granted.done, now + granted.wait, granted.interval, granted.lead)
