from __future__ import annotations

import asyncio
import time

from reactor_actors.flow.lag import INTERVAL_SECONDS, LAG_SECONDS, LoopLag
from tests.fakes import run_virtually


def test_a_loop_that_keeps_its_time_is_looked_at_twice_a_second_and_is_not_late() -> None:
    async def main() -> None:
        lag = LoopLag()
        lag.start()
        await asyncio.sleep(10.1)
        seen = lag.read()
        assert seen.counts[0] == sum(seen.counts) == 20
        assert seen.total < 0.001
        lag.close()
        await asyncio.sleep(10.0)
        assert lag.read() == seen

    run_virtually(main())


async def test_what_holds_the_loop_shows_as_lag() -> None:
    lag = LoopLag()
    lag.start()
    held = INTERVAL_SECONDS + 0.15
    time.sleep(held)  # noqa: ASYNC251 - what no code on a loop may do
    for _ in range(2):  # a loop looks at its timers after what is ready
        await asyncio.sleep(0)
    seen = lag.read()
    lag.close()
    assert sum(seen.counts) == 1
    assert sum(seen.counts[: LAG_SECONDS.index(0.1) + 1]) == 0
    assert 0.1 < seen.total < held + 1.0


def test_before_its_start_and_after_its_end_nothing_happens() -> None:
    lag = LoopLag()
    assert sum(lag.read().counts) == 0
    lag.close()
