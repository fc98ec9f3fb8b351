from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from reactor_actors.core.media import Tick
from reactor_actors.core.tally import Spread, Tally
from reactor_actors.flow.playout import Playout
from reactor_actors.flow.queue import FrameQueue
from tests.fakes import run_virtually
from tests.flow.stream import Stream


def played(
    script: Callable[[Stream], Coroutine[Any, Any, Any]], bound: int = 4, fps: float = 4.0
) -> Stream:
    """Run a script against a stream and let everything play out."""

    async def main() -> Stream:
        stream = Stream(bound, fps)
        await script(stream)
        await stream.drained()
        stream.playout.close()
        return stream

    return run_virtually(main())


def since_the_first(stream: Stream) -> list[float]:
    return [instant - stream.shown[0][1] for _, instant in stream.shown]


def test_a_tick_that_comes_when_nothing_was_due_is_shown_at_once() -> None:
    async def script(stream: Stream) -> None:
        for _ in range(3):
            before = stream.loop.time()
            await stream.emit()
            await asyncio.sleep(10.0)
            assert stream.shown[-1][1] == before

    assert played(script).numbers == [0, 1, 2]


def test_one_tick_is_shown_per_interval() -> None:
    stream = played(lambda stream: stream.emit(12))
    assert stream.numbers == list(range(12))
    assert since_the_first(stream) == [k / 4 for k in range(12)]


def test_a_batch_larger_than_the_bound_is_shown_in_full() -> None:
    async def script(stream: Stream) -> None:
        began = stream.loop.time()
        assert await stream.emit(29) == list(range(29))
        # It waited until its last tick was in: all but the last four had been shown.
        assert stream.loop.time() - began == pytest.approx((29 - 4 - 1) / 4, abs=0.26)

    stream = played(script)
    assert stream.numbers == list(range(29))
    assert stream.playout.statistics().peak <= 4


def test_what_never_waits_keeps_what_fits() -> None:
    async def script(stream: Stream) -> None:
        assert await stream.emit(9, drop=True) == [0, 1, 2, 3]
        await asyncio.sleep(0.3)
        assert await stream.emit(9, drop=True) == [9, 10]

    assert played(script).numbers == [0, 1, 2, 3, 9, 10]


def test_a_late_tick_restarts_the_schedule_without_a_burst() -> None:
    async def script(stream: Stream) -> None:
        await stream.emit(2)
        await asyncio.sleep(1.6)
        await stream.emit(4)

    assert since_the_first(played(script)) == pytest.approx([0, 0.25, 1.6, 1.85, 2.1, 2.35])


def test_a_new_rate_retimes_queued_ticks_and_the_pending_one() -> None:
    async def script(stream: Stream) -> None:
        await stream.emit(4)
        await asyncio.sleep(0.3)
        stream.playout.set_rate(20.0)

    # The tick after the rate change is due one new interval after the last one, which is past.
    assert since_the_first(played(script)) == pytest.approx([0, 0.25, 0.30, 0.35])


def test_a_slower_rate_holds_back_the_pending_tick() -> None:
    async def script(stream: Stream) -> None:
        await stream.emit(3)
        await asyncio.sleep(0.1)
        stream.playout.set_rate(1.0)

    assert since_the_first(played(script)) == pytest.approx([0, 1.0, 2.0])


def test_a_cut_drops_what_is_queued_and_releases_who_waits() -> None:
    async def script(stream: Stream) -> None:
        waiting = asyncio.create_task(stream.emit(29))
        await asyncio.sleep(0.6)
        stream.cut()
        admitted = await waiting
        assert stream.playout.statistics().waiting == 0
        assert len(admitted) < 29
        await stream.emit(2)

    stream = played(script)
    assert stream.numbers == [0, 1, 2, 29, 30]
    assert stream.refused


def test_a_cut_leaves_what_was_emitted_after_it() -> None:
    async def script(stream: Stream) -> None:
        await stream.emit(2)
        # The newer ticks overtake the cut.
        stream.epoch = 1
        await stream.emit(2)
        stream.playout.cut(1)

    assert played(script).numbers == [2, 3]


def test_clearing_drops_everything_and_playing_goes_on() -> None:
    async def script(stream: Stream) -> None:
        await stream.emit(4)
        await asyncio.sleep(0.3)
        stream.playout.clear()
        assert stream.playout.statistics().waiting == 0
        await asyncio.sleep(5.0)
        await stream.emit(2)

    assert played(script).numbers == [0, 1, 4, 5]


def test_every_tick_played_or_dropped_is_a_credit_returned() -> None:
    async def script(stream: Stream) -> None:
        await stream.emit(4)
        await asyncio.sleep(0.3)
        stream.cut()
        assert stream.grants[-1].done == 4
        assert await stream.emit(4, drop=True) == [4, 5, 6, 7]

    played(script)


def test_a_closed_playout_plays_nothing_more() -> None:
    async def main() -> list[int]:
        stream = Stream(4, 4.0)
        await stream.emit(3)
        await asyncio.sleep(0.1)
        stream.playout.close()
        await asyncio.sleep(10.0)
        return stream.numbers

    assert run_virtually(main()) == [0]


def test_a_screen_that_fails_does_not_stop_the_clock() -> None:
    async def main() -> tuple[int, list[Exception]]:
        failures: list[Exception] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, told: failures.append(told["exception"]))
        queue = FrameQueue(4, 4.0)
        playout = Playout(queue, lambda tick: [][tick.epoch], lambda grant: None)
        for _ in range(3):
            playout.push(Tick(0))
        await asyncio.sleep(5.0)
        playout.close()
        return queue.statistics().played, failures

    played_out, failures = run_virtually(main())
    assert played_out == 3
    assert [type(failure) for failure in failures] == [IndexError] * 3


def test_how_long_each_tick_has_waited_is_counted() -> None:
    async def script() -> Spread:
        loop, latencies = asyncio.get_running_loop(), Tally((0.05, 0.15))
        playout = Playout(FrameQueue(4, 10.0), lambda tick: None, lambda grant: None, latencies)
        for _ in range(3):
            playout.push(Tick(0))
        await asyncio.sleep(1.0)
        playout.close()
        assert loop.time() >= 1.0
        return latencies.read()

    waited = run_virtually(script())
    assert waited.counts == (1, 1, 1)
    assert waited.total == pytest.approx(0.3)
