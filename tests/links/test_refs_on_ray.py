"""The refs link between real actors: the object store, and the death of a process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import ray

from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import Grant, Said, SessionStarted
from reactor_actors.links.refs import ClientsEnd
from tests.links.actors import Actors
from tests.links.joined import CONTRACT, SECONDS, Clients, batch, level_of, until

pytestmark = [pytest.mark.ray, pytest.mark.timeout(180)]


@pytest.fixture
def mortals(cluster: None) -> Iterator[Actors]:
    """Two actors that a test may kill."""
    both = Actors()
    yield both
    both.end()


class Kept(Clients):
    """Clients that answer for the pictures they keep, where these lie."""

    link: ClientsEnd

    def __init__(self) -> None:
        super().__init__(keep=True)

    def levels(self) -> list[int]:
        return [level_of(tick) for tick in self.ticks]

    def owners(self) -> list[tuple[bool, bool, int]]:
        """Of each picture: may it be written to, is the memory its own, where does it lie."""
        found = []
        for tick in self.ticks:
            flags, address = tick.pictures["main"].flags, tick.pictures["main"].ctypes.data
            found.append((flags.writeable, flags.owndata, address))
        return found


class Shown(Clients):
    """Clients that play each tick at once and keep the last one, as a screen does."""

    link: ClientsEnd

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[int] = []
        self.last: Tick | None = None

    def push(self, tick: Tick) -> None:
        self.last = tick
        self.shown.append(level_of(tick))
        self.link.grant(Grant(len(self.shown), float("-inf"), 0.1, 0.4))

    def levels(self) -> list[int]:
        return self.shown


def asked(actors: Actors, question: str) -> Any:
    return ray.get(actors.clients.ask.remote(0, question))


async def test_more_passes_than_the_object_store_holds(mortals: Actors) -> None:
    store = ray.cluster_resources()["object_store_memory"]
    async with mortals.link(CONTRACT, Shown()) as link:
        pushed = 0
        while pushed * 1280 * 720 * 1.5 < 1.3 * store:
            pictures = np.full((8, 720, 1280, 3), 0, np.uint8)
            levels = [n % 256 for n in range(pushed, pushed + 8)]
            pictures += np.array(levels, np.uint8).reshape(-1, 1, 1, 1)
            sound = {"voice": np.array([levels], np.int16)}
            assert await link.port.push(Batch(8, {"main": pictures}, sound), drop=False) == 8
            pushed += 8
        await until(lambda: len(asked(mortals, "levels")) == pushed)
        assert asked(mortals, "levels") == [n % 256 for n in range(pushed)]


async def test_ticks_admitted_together_lie_in_one_object_that_nobody_may_write_to(
    mortals: Actors,
) -> None:
    async with mortals.link(replace(CONTRACT, buffer_size=8), Kept()) as link:
        await link.port.push(batch(*range(8), size=(720, 1280)), drop=False)
        await until(lambda: len(link.clients.ticks) == 8)
        found = asked(mortals, "owners")
        assert {(writeable, own) for writeable, own, _ in found} == {(False, False)}
        first = found[0][2]
        assert [place - first for *_, place in found] == [n * 1280 * 720 * 3 // 2 for n in range(8)]


async def test_pictures_stay_when_the_model_is_killed_and_the_clients_know(
    mortals: Actors,
) -> None:
    async with mortals.link(CONTRACT, Kept()) as link:
        await link.port.push(batch(1, 2, 3, size=(720, 1280)), drop=False)
        await link.port.push(batch(4), drop=False)
        await until(lambda: len(link.clients.ticks) == 4)
        mortals.kill(mortals.model)
        link.door.deliver(SessionStarted("s"))
        reason = await asyncio.wait_for(mortals.clients.reason.remote(0), SECONDS)
        assert reason.startswith("the other end is gone: ")
        assert asked(mortals, "levels") == [1, 2, 3, 4]
        link.door.grant(Grant(9, 1.0, 0.1, 0.1))
        link.door.deliver(SessionStarted("t"))


async def test_a_waiting_push_returns_when_the_clients_are_killed(mortals: Actors) -> None:
    async with mortals.link(CONTRACT, Kept()) as link:
        pushing = asyncio.ensure_future(link.port.push(batch(*range(9)), drop=False))
        await until(lambda: len(link.clients.ticks) == 4)
        mortals.kill(mortals.clients)
        assert await asyncio.wait_for(pushing, SECONDS) == 4
        reason = await asyncio.wait_for(mortals.model.reason.remote(0), SECONDS)
        assert reason.startswith("the other end is gone: ")
        link.port.post(Said("a", {}))
