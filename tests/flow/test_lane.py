from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.flow.lane import Lane
from tests.fakes import run_virtually


class Road:
    """What a lane leads to: takes a while per call, and records what arrives together."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.calls: list[list[int]] = []
        self.busy = False

    async def send(self, items: list[int]) -> None:
        assert not self.busy, "calls overlap"
        self.busy = True
        await asyncio.sleep(self.seconds)
        self.calls.append(items)
        self.busy = False


def test_what_waited_meanwhile_goes_in_one_list() -> None:
    async def main() -> list[list[int]]:
        road = Road()
        lane = Lane(road.send, 10)
        running = asyncio.create_task(lane.run())
        assert lane.offer(0)
        await asyncio.sleep(0.5)
        for item in (1, 2, 3):
            lane.offer(item)
        await asyncio.sleep(5.0)
        lane.close()
        await running
        return road.calls

    assert run_virtually(main()) == [[0], [1, 2, 3]]


def test_a_full_lane_refuses() -> None:
    lane: Lane[int] = Lane(Road().send, 2)
    assert [lane.offer(n) for n in range(3)] == [True, True, False]
    assert len(lane) == 2


def test_a_closed_lane_refuses_and_delivers_what_it_had_accepted() -> None:
    async def main() -> list[list[int]]:
        road = Road()
        lane = Lane(road.send, 10)
        lane.offer(1)
        lane.offer(2)
        lane.close()
        assert not lane.offer(3)
        await lane.run()
        return road.calls

    assert run_virtually(main()) == [[1, 2]]


def test_closing_an_empty_lane_ends_its_run() -> None:
    async def main() -> list[list[int]]:
        road = Road()
        lane: Lane[int] = Lane(road.send, 1)
        running = asyncio.create_task(lane.run())
        await asyncio.sleep(1.0)
        lane.close()
        await running
        return road.calls

    assert run_virtually(main()) == []


async def test_a_send_that_raises_ends_the_run_and_leaves_the_lane_closed_and_empty() -> None:
    async def send(items: list[int]) -> None:
        lane.offer(2)
        raise ConnectionResetError("the other end left")

    lane = Lane(send, 10)
    lane.offer(1)
    with pytest.raises(ConnectionResetError):
        await lane.run()
    assert not lane.offer(3)
    assert len(lane) == 0


def test_items_may_have_weights_and_the_last_one_may_exceed_the_bound() -> None:
    lane: Lane[int] = Lane(Road().send, 10, lambda item: item)
    assert [lane.offer(n) for n in (4, 5, 90, 0)] == [True, True, True, False]
    assert lane.weight == 99


@given(st.lists(st.sampled_from([0.0, 0.3, 1.7]), max_size=30), st.integers(1, 5))
def test_accepted_items_arrive_once_and_in_order(delays: list[float], bound: int) -> None:
    async def main() -> None:
        road = Road()
        lane = Lane(road.send, bound)
        running = asyncio.create_task(lane.run())
        accepted = []
        for number, delay in enumerate(delays):
            await asyncio.sleep(delay)
            if lane.offer(number):
                accepted.append(number)
            assert len(lane) <= bound
        lane.close()
        await running
        assert [item for call in road.calls for item in call] == accepted
        assert all(road.calls)

    run_virtually(main())
