"""The link of a run that nobody watches live, in front of a clients' side that records."""

from __future__ import annotations

import asyncio
import dataclasses

import numpy as np
import pytest

from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import FromModel, Grant
from reactor_actors.headless.lockstep import Lockstep
from tests.fakes import FakeModel

BATCH = Batch(3, {"main_video": np.zeros((3, 4, 4, 3), np.uint8)})


class Clients:
    """Records what comes; a test gives the credit."""

    def __init__(self) -> None:
        self.ticks: list[Tick] = []
        self.cuts: list[int] = []

    def push(self, tick: Tick) -> None:
        self.ticks.append(tick)

    def cut(self, epoch: int, black: bool) -> None:
        self.cuts.append(epoch)

    def set_rate(self, fps: float) -> None:
        raise AssertionError("playout keeps its own rate")

    def receive(self, message: FromModel) -> None: ...


class Joined:
    def __init__(self, hold_seconds: float = 5.0) -> None:
        self.clients, self.rates = Clients(), list[float]()
        loop = asyncio.get_running_loop()
        self.link = Lockstep(
            FakeModel(), self.clients, loop, self.rates.append, hold_seconds=hold_seconds
        )

    def credit(self, done: int) -> None:
        self.link.grant(Grant(done, 0.0, 0.0, 0.0))

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def joined() -> Joined:
    return Joined()


@pytest.mark.parametrize("drop", [False, True])
async def test_ticks_come_one_by_one_and_none_is_dropped(joined: Joined, drop: bool) -> None:
    pushing = asyncio.create_task(joined.link.push(BATCH, drop=drop))
    for done in range(3):
        await joined.settle()
        assert len(joined.clients.ticks) == done + 1
        assert joined.link.waiting() == 1
        joined.credit(done + 1)
    assert await pushing == 3
    assert joined.link.waiting() == 0


async def test_the_credit_counts_when_the_step_it_was_given_in_is_over(joined: Joined) -> None:
    pushing = asyncio.create_task(joined.link.push(dataclasses.replace(BATCH, count=1), drop=False))
    await joined.settle()
    joined.credit(1)
    assert joined.link.waiting() == 1
    await pushing
    assert joined.link.waiting() == 0


async def test_a_command_holds_the_model_until_it_is_answered(joined: Joined) -> None:
    pushing = asyncio.create_task(joined.link.push(dataclasses.replace(BATCH, count=1), drop=False))
    await joined.settle()
    joined.link.hold("a")
    joined.link.hold("b")
    joined.credit(1)
    await joined.settle()
    joined.link.answered("a")
    joined.link.answered("never asked")
    await joined.settle()
    assert not pushing.done()
    joined.link.answered("b")
    assert await pushing == 1


async def test_a_command_that_is_not_answered_holds_the_model_for_a_while_only() -> None:
    joined = Joined(hold_seconds=0.01)
    pushing = asyncio.create_task(joined.link.push(dataclasses.replace(BATCH, count=1), drop=False))
    await joined.settle()
    joined.link.hold("a")
    joined.credit(1)
    assert await pushing == 1


async def test_a_cut_releases_whoever_waits(joined: Joined) -> None:
    pushing = asyncio.create_task(joined.link.push(BATCH, drop=False))
    await joined.settle()
    joined.link.cut(1, black=False)
    assert await pushing == 1
    assert joined.clients.cuts == [1]
    assert await joined.link.push(BATCH, drop=False) == 0


async def test_the_rate_goes_to_the_recording(joined: Joined) -> None:
    joined.link.set_rate(12.5)
    await joined.settle()
    assert joined.rates == [12.5]
