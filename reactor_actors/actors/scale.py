"""`Scale`: how many of everything a deployment has, and what joins them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reactor_actors.core.errors import SetupError
from reactor_actors.core.mode import QUEUE_LIMIT, Mode


class LinkKind(StrEnum):
    """What joins a model and its clients' side; `auto` takes the ring where it can."""

    AUTO = "auto"
    RING = "ring"
    REFS = "refs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large a deployment is. Raises `SetupError` for what makes no sense.

    Attributes:
        replicas: Models, each in a process of its own.
        sessions: Whether starts share one session or get one each; None means one each where
            there are several replicas.
        queue_limit: How many tickets may wait for a replica; 0 for no queue.
        transports: Processes that serve clients; the first is the ingress, which takes all HTTP
            requests as well.
        link: What joins models and transports.
        watchdog: Seconds a model may hold its thread before its process is replaced; 0 is for ever.
    """

    replicas: int = 1
    sessions: Mode | None = None
    queue_limit: int = QUEUE_LIMIT
    transports: int = 1
    link: LinkKind = LinkKind.AUTO
    watchdog: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("replicas", 1), ("queue_limit", 0), ("transports", 1)):
            if getattr(self, name) < least:
                told = getattr(self, name)
                raise SetupError(f"{name}: expected at least {least}; got {told}")
        if self.transports > self.replicas:
            raise SetupError(
                f"transports: expected at most one per replica ({self.replicas}); "
                f"got {self.transports}"
            )
        if not 0 <= self.watchdog < float("inf"):
            raise SetupError(f"watchdog: expected seconds from 0 on; got {self.watchdog}")

    @property
    def names(self) -> tuple[str, ...]:
        """What the replicas are called."""
        return tuple(str(number) for number in range(self.replicas))

    @property
    def shares(self) -> tuple[tuple[str, ...], ...]:
        """The replicas of each transport, dealt in turn."""
        return tuple(self.names[first :: self.transports] for first in range(self.transports))

    @property
    def mode(self) -> Mode:
        """Whether starts share one session or get one each."""
        if self.sessions is not None:
            return self.sessions
        return Mode.EXCLUSIVE if self.replicas > 1 else Mode.SHARED
