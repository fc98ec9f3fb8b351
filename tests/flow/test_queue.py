from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor_actors.core.media import Tick
from reactor_actors.core.messages import Grant
from reactor_actors.flow.queue import Credits, FrameQueue, QueueStatistics
from tests.fakes import ManualClock, run_virtually
from tests.flow.stream import Stream


def filled(count: int, bound: int = 4, epoch: int = 0) -> FrameQueue:
    queue = FrameQueue(bound, 10.0)
    for _ in range(count):
        queue.push(Tick(epoch), 0.0)
    return queue


def test_nothing_is_due_while_nothing_is_queued() -> None:
    assert FrameQueue(4, 10.0).wait(5.0) is None


def test_the_first_tick_is_due_at_once_and_the_next_one_interval_later() -> None:
    queue = filled(2)
    assert queue.wait(5.0) == 0.0
    queue.play(5.0)
    assert queue.wait(5.0) == pytest.approx(0.1)


def test_ticks_are_played_in_order() -> None:
    queue = FrameQueue(4, 10.0)
    ticks = [Tick(0, turn=float(n)) for n in range(4)]
    for tick in ticks:
        assert queue.push(tick, 0.0)
    assert [queue.play(n / 10) for n in range(4)] == ticks


def test_a_tick_of_an_epoch_that_was_cut_is_gone() -> None:
    queue = filled(1)
    assert queue.cut(2) == 1
    assert not queue.push(Tick(1), 0.0)
    assert queue.push(Tick(2), 0.0)
    assert queue.statistics() == QueueStatistics(1, 4, 1, 0, 2, lead=0.5)


@pytest.mark.parametrize("cut_first", [True, False])
def test_a_cut_and_a_later_push_commute(cut_first: bool) -> None:
    queue = filled(2, epoch=0)
    late, fresh = Tick(0), Tick(1)
    if cut_first:
        queue.cut(1)
        queue.push(late, 0.0)
        queue.push(fresh, 0.0)
    else:
        queue.push(late, 0.0)
        queue.push(fresh, 0.0)
        queue.cut(1)
    assert len(queue) == 1
    assert queue.grant().done == 3
    assert queue.play(0.0) is fresh


def test_a_cut_of_an_older_epoch_drops_nothing_new() -> None:
    queue = filled(2, epoch=3)
    queue.cut(3)
    assert queue.cut(1) == 0
    assert len(queue) == 2


def test_clearing_drops_every_epoch_and_takes_new_ticks() -> None:
    queue = filled(3, epoch=5)
    assert queue.clear() == 3
    assert queue.push(Tick(0), 0.0)
    assert queue.grant().done == 3


def test_a_grant_counts_what_was_played_and_dropped() -> None:
    queue = filled(4)
    assert queue.grant().done == 0
    queue.play(1.0)
    assert queue.grant() == Grant(1, 1.1, 0.1, 0.5)
    queue.cut(1)
    assert queue.grant().done == 4


def test_a_new_rate_retimes_the_pending_tick() -> None:
    queue = filled(2)
    queue.play(1.0)
    queue.set_rate(100.0)
    assert queue.wait(1.0) == pytest.approx(0.01)
    assert queue.grant().interval == 0.01


def test_statistics_remember_the_peak() -> None:
    queue = filled(3)
    queue.play(0.0)
    queue.play(0.1)
    assert queue.statistics() == QueueStatistics(1, 4, 3, 2, 0, lead=0.5)


def test_without_a_grant_the_bound_is_free_at_once() -> None:
    credits = Credits(3, ManualClock())
    assert [credits.take_now(0) for _ in range(4)] == [True, True, True, False]


def test_a_grant_frees_as_many_places_as_were_played() -> None:
    credits = Credits(2, ManualClock())
    assert [credits.take_now(0) for _ in range(3)] == [True, True, False]
    credits.update(Grant(1, 0.0, 0.1, 0.0))
    assert [credits.take_now(0) for _ in range(2)] == [True, False]


def test_an_overtaken_grant_takes_nothing_back() -> None:
    credits = Credits(1, ManualClock())
    credits.update(Grant(3, 0.0, 0.1, 0.0))
    credits.update(Grant(1, 0.0, 0.1, 0.0))
    assert [credits.take_now(0) for _ in range(5)] == [True] * 4 + [False]


def test_a_cut_epoch_takes_nothing() -> None:
    credits = Credits(4, ManualClock())
    credits.cut(2)
    assert not credits.take_now(1)
    assert credits.take_now(2)


def test_what_was_let_through_and_not_yet_done_waits() -> None:
    credits = Credits(4, ManualClock())
    assert credits.waiting() == 0
    assert [credits.take_now(0) for _ in range(5)].count(True) == credits.waiting() == 4
    credits.update(Grant(3, 0.0, 0.1, 0.0))
    assert credits.waiting() == 1
    credits.update(Grant(9, 0.0, 0.1, 0.0))
    assert credits.waiting() == 0


@pytest.mark.parametrize("dropping", ["cut", "clear"])
def test_what_is_dropped_waits_no_more(dropping: str) -> None:
    async def main() -> list[int]:
        stream = Stream(4, 10.0)
        await stream.emit(4, drop=True)
        counts = [stream.credits.waiting()]
        stream.cut() if dropping == "cut" else stream.playout.clear()
        counts.append(stream.credits.waiting())
        await stream.emit(3, drop=True)
        counts.append(stream.credits.waiting())
        stream.playout.close()
        return counts

    assert run_virtually(main()) == [4, 0, 3]


def test_what_comes_after_its_cut_waits_no_more() -> None:
    async def main() -> list[int]:
        stream = Stream(4, 10.0)
        assert stream.credits.take_now(0)
        stream.cut()
        counts = [stream.credits.waiting()]
        stream.playout.push(Tick(0))
        return [*counts, stream.credits.waiting()]

    assert run_virtually(main()) == [1, 0]


def test_without_a_schedule_whatever_is_not_done_is_expected_to_wait() -> None:
    clock = ManualClock()
    credits = Credits(4, clock)
    assert [credits.take_now(0) for _ in range(3)] == [True] * 3
    clock.advance(100.0)
    assert credits.expected() == 3
    for due, interval in ((float("-inf"), 0.1), (5.0, 0.0)):
        credits.update(Grant(1, due, interval, 0.0))
        assert credits.expected() == 2


def test_what_the_schedule_has_played_is_expected_to_wait_no_more() -> None:
    clock = ManualClock(10.0)
    credits = Credits(4, clock)
    assert [credits.take_now(0) for _ in range(4)] == [True] * 4
    credits.update(Grant(1, 10.5, 0.25, 0.0))
    expected = []
    for clock.now in (10.0, 10.5, 10.75, 10.875, 11.0, 99.0):
        expected.append(credits.expected())
    assert expected == [3, 2, 1, 1, 0, 0]
    assert credits.waiting() == 3


def test_what_comes_when_nothing_waits_is_expected_to_be_played_from_then_on() -> None:
    clock = ManualClock(10.0)
    credits = Credits(9, clock)
    assert credits.take_now(0)
    credits.update(Grant(1, 10.25, 0.25, 0.0))
    clock.now = 50.0
    assert [credits.take_now(0) for _ in range(3)] == [True] * 3
    credits.update(Grant(1, 10.25, 0.25, 0.0))  # told before the first of them was played
    expected = []
    for clock.now in (50.0, 50.25, 50.5):
        expected.append(credits.expected())
    assert expected == [2, 1, 0]


@pytest.mark.parametrize("fps", [19.0, 20.0, 25.0, 60.0])
def test_bursts_whose_grants_come_with_the_next_burst_are_told_apart_from_a_backlog(
    fps: float,
) -> None:
    async def main() -> list[tuple[int, int]]:
        stream = Stream(50, fps)
        seldom = Credits(50, stream.loop.time)
        pairs = []
        for _ in range(20):
            for _ in range(10):
                assert seldom.take_now(0)
                stream.playout.push(Tick(0, {"number": 0}))  # type: ignore[dict-item]
            # The answer tells how things stood before anything of it was played.
            seldom.update(stream.grants[-1] if stream.grants else Grant(0, float("-inf"), 0.0, 0.0))
            await asyncio.sleep(0.5)
            pairs.append((seldom.expected(), stream.playout.statistics().waiting))
        stream.playout.close()
        return pairs

    pairs = run_virtually(main())[1:]
    assert all(abs(expected - waiting) <= 1 for expected, waiting in pairs), pairs


def test_a_turn_begins_at_its_hour() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        start = loop.time()
        credits = Credits(4, loop.time)
        credits.update(Grant(0, start + 10.0, 1.0, 2.5))
        times = []
        for _ in range(3):
            await credits.next_turn(0)
            times.append(loop.time() - start)
            assert await credits.take(0)
        return times

    assert run_virtually(main()) == [7.5, 8.5, 9.5]


def test_room_is_taken_without_regard_to_the_hour() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        credits = Credits(4, loop.time)
        credits.update(Grant(0, start + 1000.0, 1.0, 0.0))
        assert [await credits.take(0) for _ in range(4)] == [True] * 4
        return loop.time() - start

    assert run_virtually(main()) == 0.0


def test_a_newer_grant_brings_the_next_turn_forward() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        credits = Credits(4, loop.time)
        credits.update(Grant(0, start + 1000.0, 1.0, 0.0))
        waiting = asyncio.create_task(credits.next_turn(0))
        await asyncio.sleep(1.0)
        credits.update(Grant(0, start + 3.0, 1.0, 0.0))
        await waiting
        return loop.time() - start

    assert run_virtually(main()) == 3.0


def test_a_grant_that_keeps_to_the_schedule_wakes_nobody_up() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        start, looks = loop.time(), []

        def clock() -> float:
            looks.append(loop.time() - start)
            return loop.time()

        credits = Credits(4, clock)
        credits.update(Grant(0, start + 10.0, 1.0, 0.0))
        waiting = asyncio.create_task(credits.next_turn(0))
        for played in range(1, 6):
            await asyncio.sleep(1.0)
            credits.update(Grant(played, start + 10.0 + played - 1e-6, 1.0, 0.0))
        await waiting
        return looks

    assert run_virtually(main()) == [0.0, 10.0]


def test_a_grant_that_puts_the_turn_off_is_looked_at_in_its_hour() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        credits = Credits(4, loop.time)
        credits.update(Grant(0, start + 3.0, 1.0, 0.0))
        waiting = asyncio.create_task(credits.next_turn(0))
        await asyncio.sleep(1.0)
        credits.update(Grant(0, start + 5.0, 1.0, 0.0))
        await waiting
        return loop.time() - start

    assert run_virtually(main()) == 5.0


def test_a_grant_gives_room_to_one_while_another_sleeps() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        credits = Credits(1, loop.time)
        credits.update(Grant(0, start + 10.0, 1.0, 0.0))
        assert credits.take_now(0)
        sleeping = asyncio.create_task(credits.next_turn(0))
        waiting = asyncio.create_task(credits.take(0))
        await asyncio.sleep(1.0)
        credits.update(Grant(1, start + 11.0, 1.0, 0.0))
        assert await waiting
        took = loop.time() - start
        await sleeping
        return took

    assert run_virtually(main()) == 1.0


def test_a_cut_releases_who_waits_for_room() -> None:
    async def main() -> bool:
        credits = Credits(1, asyncio.get_running_loop().time)
        assert credits.take_now(0)
        waiting = asyncio.create_task(credits.take(0))
        await asyncio.sleep(1.0)
        credits.cut(1)
        return await waiting

    assert run_virtually(main()) is False


def test_a_cut_releases_who_waits_for_its_turn() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        credits = Credits(1, loop.time)
        credits.update(Grant(0, start + 1e6, 1.0, 0.0))
        waiting = asyncio.create_task(credits.next_turn(0))
        await asyncio.sleep(1.0)
        credits.cut(1)
        await waiting
        return loop.time() - start

    assert run_virtually(main()) == 1.0


def test_a_cancelled_waiter_takes_nothing() -> None:
    async def main() -> bool:
        credits = Credits(1, asyncio.get_running_loop().time)
        assert await credits.take(0)
        waiting = asyncio.create_task(credits.take(0))
        await asyncio.sleep(1.0)
        waiting.cancel()
        await asyncio.wait([waiting])
        credits.update(Grant(1, 0.0, 1.0, 0.0))
        return await credits.take(0)

    assert run_virtually(main()) is True


SCRIPT = st.lists(
    st.one_of(
        st.tuples(st.just("emit"), st.integers(1, 9)),
        st.tuples(st.just("drop"), st.integers(1, 9)),
        st.tuples(st.just("rate"), st.floats(0.2, 500)),
        st.tuples(st.just("sleep"), st.sampled_from([0.0, 0.001, 0.03, 0.5, 4.0])),
        st.tuples(st.just("cut"), st.none()),
    ),
    max_size=25,
)


@given(script=SCRIPT, bound=st.integers(1, 6), fps=st.floats(0.5, 240), fixed=st.booleans())
@settings(max_examples=300)
def test_whatever_happens_the_bound_holds_and_nothing_is_lost_or_shown_twice(
    script: list[tuple[str, Any]], bound: int, fps: float, fixed: bool
) -> None:
    async def main() -> None:
        stream = Stream(bound, fps, fixed=fixed)
        emits: list[tuple[int, asyncio.Task[list[int]]]] = []
        for step, value in script:
            match step:
                case "emit" | "drop":
                    task = asyncio.create_task(stream.emit(value, 0.01, drop=step == "drop"))
                    emits.append((stream.epoch, task))
                    await asyncio.sleep(0)
                case "rate":
                    stream.playout.set_rate(value)
                case "sleep":
                    await asyncio.sleep(value)
                case "cut":
                    stream.cut()
        # If a waiter were forgotten, the loop would find that nothing can happen any more.
        admitted = [(epoch, await task) for epoch, task in emits]
        await stream.drained()
        assert stream.credits.waiting() == 0
        stream.playout.close()
        figures = stream.playout.statistics()
        assert figures.peak <= bound
        numbers = stream.numbers
        assert len(numbers) == len(set(numbers)) == figures.played
        accepted = [number for _, batch in admitted for number in batch]
        assert set(numbers) <= set(accepted)
        assert len(accepted) == figures.played + figures.dropped
        last = [n for epoch, batch in admitted if epoch == stream.epoch for n in batch]
        assert set(last) <= set(numbers)
        for _, batch in admitted:
            places = [numbers.index(n) for n in batch if n in numbers]
            assert places == sorted(places)
        done = [grant.done for grant in stream.grants]
        assert done == sorted(done)
        assert all(0.0 <= grant.lead <= (bound + 1) * grant.interval for grant in stream.grants)

    run_virtually(main())
