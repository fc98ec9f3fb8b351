"""`health_of`: how a deployment is, told from what is known of its rooms. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reactor_actors.core import events as ev
from reactor_actors.core.session import State
from reactor_actors.transports.room import Facts

GIVEN_UP = "the model has failed too often and was given up"


@dataclass(frozen=True, slots=True)
class Health:
    """How a deployment is. `state` is `loading`, `available`, `serving` or `terminated`."""

    healthy: bool
    state: str
    detail: str
    total: int
    free: int


def health_of(rooms: Iterable[Facts]) -> Health:
    """Say how a deployment is. Loading is no defect, and neither is restarting.

    It is as well as the best of its replicas: free, then serving, then loading. It is unhealthy
    when none is left because their models have been given up.
    """
    known = list(rooms)
    words = [_word(facts) for facts in known]
    best = min(words, key=("available", "serving", "loading", "terminated").index)
    given_up = sum(isinstance(facts.news, ev.ModelGivenUp) for facts in known)
    return Health(
        healthy=not (best == "terminated" and given_up),
        state=best,
        detail=_detail(known, given_up),
        total=len(known),
        free=words.count("available"),
    )


def _word(facts: Facts) -> str:
    if isinstance(facts.news, ev.ModelGivenUp) or facts.state is State.TERMINATED:
        return "terminated"
    if isinstance(facts.news, ev.ModelLost) or facts.state is State.CREATED:
        return "loading"
    return "available" if facts.state is State.READY else "serving"


def _detail(known: list[Facts], given_up: int) -> str:
    if given_up == len(known):
        return GIVEN_UP
    lost = [facts.news for facts in known if isinstance(facts.news, ev.ModelLost)]
    told = [f"restart {news.attempt} of {news.max_attempts}" for news in lost]
    if given_up:
        told.append(f"{given_up} of {len(known)} replicas given up")
    return ", ".join(told)
