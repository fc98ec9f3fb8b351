"""How a deployment is, told from its rooms."""

from __future__ import annotations

import pytest

from reactor_actors.core import events as ev
from reactor_actors.core.session import State
from reactor_actors.transports.health import health_of
from reactor_actors.transports.room import Facts

LOADING = Facts()
FREE = Facts(State.READY)
BUSY = Facts(State.STREAMING)
LEAVING = Facts(State.TERMINATED)
RESTARTING = Facts(State.STREAMING, news=ev.ModelLost(attempt=2))
GIVEN_UP = Facts(State.TERMINATED, news=ev.ModelGivenUp())


@pytest.mark.parametrize(
    ("rooms", "state", "healthy", "free"),
    [
        ([LOADING], "loading", True, 0),
        ([FREE], "available", True, 1),
        ([BUSY], "serving", True, 0),
        ([RESTARTING], "loading", True, 0),
        ([LEAVING], "terminated", True, 0),
        ([GIVEN_UP], "terminated", False, 0),
        ([FREE, BUSY], "available", True, 1),
        ([BUSY, LOADING], "serving", True, 0),
        ([LOADING, GIVEN_UP], "loading", True, 0),
        ([GIVEN_UP, GIVEN_UP], "terminated", False, 0),
        ([FREE, FREE, GIVEN_UP], "available", True, 2),
    ],
)
def test_a_deployment_is_as_well_as_its_best_replica(
    rooms: list[Facts], state: str, healthy: bool, free: int
) -> None:
    health = health_of(rooms)
    assert (health.state, health.healthy) == (state, healthy)
    assert (health.total, health.free) == (len(rooms), free)


def test_the_detail_says_what_is_not_as_it_should_be() -> None:
    assert health_of([FREE, BUSY]).detail == ""
    assert health_of([RESTARTING, FREE]).detail == "restart 2 of 3"
    assert health_of([FREE, GIVEN_UP]).detail == "1 of 2 replicas given up"
    assert "given up" in health_of([GIVEN_UP]).detail
