"""How a client without a network is let in."""

from __future__ import annotations

import asyncio

import pytest

from reactor_actors.client.connection import AsyncConnection
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import BusyError
from reactor_actors.core.guests import JOIN_SECONDS, Door, News, Welcome


class Porter(Door):
    """A door that turns away as it was told to, and then lets in."""

    def __init__(self, *busy: BusyError) -> None:
        self._busy = list(busy)
        self.asked: list[tuple[str, float]] = []
        self.left = False

    async def join(self, ticket: str, seconds: float) -> Welcome:
        self.asked.append((ticket, seconds))
        if self._busy:
            raise self._busy.pop(0)
        return Welcome("guest-1", "local", "0", Contract("model"))

    async def news(self, guest: str, seconds: float) -> News:
        await asyncio.sleep(seconds)
        return News()

    async def leave(self, guest: str) -> None:
        self.left = True


def full(ticket: str | None) -> BusyError:
    return BusyError("full", "all replicas are busy", ticket, 1, 1)


async def test_a_turn_is_asked_for_in_small_portions_with_the_place_that_was_offered() -> None:
    porter = Porter(BusyError("loading", "the model is loading"), full("t1"), full("t1"))
    await (await AsyncConnection.open(porter, timeout=60.0)).close()
    assert [ticket for ticket, _ in porter.asked] == ["", "", "t1", "t1"]
    assert {seconds for _, seconds in porter.asked} == {JOIN_SECONDS}


@pytest.mark.parametrize(
    "busy", [BusyError("gone", "the server takes no more sessions"), full(None)]
)
async def test_where_waiting_is_of_no_use_it_is_said_at_once(busy: BusyError) -> None:
    porter = Porter(busy)
    with pytest.raises(BusyError) as told:
        await AsyncConnection.open(porter, timeout=60.0)
    assert told.value is busy
    assert len(porter.asked) == 1


async def test_who_may_not_wait_asks_once() -> None:
    porter = Porter(full("t1"))
    with pytest.raises(BusyError):
        await AsyncConnection.open(porter, timeout=0.0)
    assert porter.asked == [("", 0.0)]
