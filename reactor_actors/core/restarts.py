"""`Restarts`: whether a model that has failed comes back, and when. Pure; time is an argument.

One object per replica, for as long as the replica lives, told of every failure of its process: an
exception from construction, `load()`, `run()` or `inference()`, one from import at a restart, the
death of the process, its replacement because the stop grace ran out. What a handler or a hook
raises ends no process, and is none.

    failures within the window   1            2            3            4
    what is done                 retry, 1 s   retry, 2 s   retry, 4 s   give up, for good

The window slides: a failure counts until it is older than the window. Nothing else resets the
count, so a model that fails right after every load cannot talk itself out of its budget, and one
that has been healthy for long begins again at the first delay.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

from reactor_actors.core import events as ev

DELAYS = (1.0, 2.0, 4.0)
WINDOW = 600.0


@dataclass(frozen=True, slots=True)
class Retry:
    """Start the model again after `seconds`. `attempt` counts from 1."""

    attempt: int
    max_attempts: int
    seconds: float

    def event(self, at: float) -> ev.ModelLost:
        """Return what the replica's session is told about it; `at` is when the model was lost."""
        return ev.ModelLost(at, self.attempt, self.max_attempts, round(1000 * self.seconds))


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not start the model again. `reason` is for the log and for whoever asks how it is."""

    reason: str

    def event(self, at: float) -> ev.ModelGivenUp:
        """Return what the replica's session is told about it."""
        return ev.ModelGivenUp()


Verdict: TypeAlias = Retry | GiveUp


class Restarts:
    """The budget of one replica: as many restarts within `window` seconds as there are delays."""

    def __init__(self, delays: tuple[float, ...] = DELAYS, window: float = WINDOW) -> None:
        self._delays = delays
        self._window = window
        self._failures: deque[float] = deque(maxlen=len(delays) + 1)
        self._given_up: GiveUp | None = None

    def failed(self, reason: str, now: float, *, final: bool = False) -> Verdict:
        """Decide what follows a failure, described by `reason` in one line.

        `final` is for what no restart mends: at the very first start, a module that cannot be
        imported or declares what is not allowed. Once given up stays given up.
        """
        if self._given_up is None:
            self._given_up = GiveUp(reason) if final else self._spent(reason, now)
        if self._given_up is not None:
            return self._given_up
        attempt = len(self._failures)
        return Retry(attempt, len(self._delays), self._delays[attempt - 1])

    def _spent(self, reason: str, now: float) -> GiveUp | None:
        """Count a failure; give up if it is one too many."""
        while self._failures and now - self._failures[0] > self._window:
            self._failures.popleft()
        self._failures.append(now)
        count = len(self._failures)
        if count <= len(self._delays):
            return None
        return GiveUp(f"{count} failures within {self._window / 60:g} minutes; the last: {reason}")
