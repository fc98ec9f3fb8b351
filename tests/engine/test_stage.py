from __future__ import annotations

import asyncio
import math
import threading
from typing import Any

import numpy as np
import pytest

from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.core.messages import Said
from reactor_actors.engine.stage import Stage, checked_fps
from tests.fakes import FakeClients, run_virtually

OUTPUTS = {"main": Track("main", Kind.VIDEO, Direction.OUT)}


def frames(count: int) -> dict[str, object]:
    return {"main": np.zeros((count, 2, 2, 3), np.uint8)}


def attached(room: int = 1_000_000, fps: float = 30.0) -> tuple[Stage, FakeClients]:
    """A stage before its clients' side; needs a running loop."""
    stage, clients = Stage(OUTPUTS, fps), FakeClients(room)
    stage.attach(clients, buffer_size=4)
    return stage, clients


async def test_an_emit_hands_over_one_batch() -> None:
    stage, clients = attached()
    assert await stage.emit(stage.prepare(frames(3))) is None
    assert [batch.count for batch in clients.pushed] == [3]


async def test_a_wrong_value_is_refused_before_anything_is_sent() -> None:
    stage, clients = attached()
    with pytest.raises(TypeError, match="'main'"):
        stage.prepare({"main": np.zeros((2, 2, 3))})
    assert clients.pushed == []


async def test_an_emit_of_nothing_is_no_emit_and_still_lets_others_run() -> None:
    stage, clients = attached()
    ran: list[int] = []
    asyncio.get_running_loop().call_soon(ran.append, 1)
    await stage.emit(stage.prepare({"main": None}), compute_time=1.0)
    await stage.emit(stage.prepare(frames(0)), compute_time=1.0)
    assert (clients.pushed, clients.rates, ran) == ([], [], [1])


async def test_every_emit_lets_other_work_run() -> None:
    stage, _ = attached()
    batch, ran = stage.prepare(frames(1)), []
    for number in range(3):
        asyncio.get_running_loop().call_soon(ran.append, number)
        await stage.emit(batch)
        assert ran == list(range(number + 1))


@pytest.mark.parametrize(
    ("count", "seconds", "rates"),
    [
        (10, 0.5, [20.0]),
        (1, 0.001, [1000.0]),
        (10, None, []),
        (10, 0, []),
        (10, -1.0, []),
        (10, math.nan, []),
        (10, math.inf, []),
        (0, 0.5, []),
    ],
)
async def test_compute_time_sets_the_rate(
    count: int, seconds: float | None, rates: list[float]
) -> None:
    stage, clients = attached()
    await stage.emit(stage.prepare(frames(count)), compute_time=seconds)
    assert clients.rates == rates
    assert stage.fps == (rates[-1] if rates else 30.0)
    assert not stage.pinned


async def test_only_admitted_ticks_count_for_the_rate() -> None:
    stage, clients = attached(room=2)
    await stage.emit(stage.prepare(frames(4)), compute_time=0.5, drop=True)
    await stage.emit(stage.prepare(frames(4)), compute_time=0.5, drop=True)
    assert clients.rates == [4.0]


async def test_an_emit_waits_for_room() -> None:
    stage, clients = attached(room=1)
    emitting = asyncio.create_task(stage.emit(stage.prepare(frames(3))))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not emitting.done()
    clients.open(2)
    await asyncio.wait_for(emitting, 5)


async def test_dropping_never_waits_and_warns_once_when_it_is_hopeless(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage, _ = attached(room=0)
    for _ in range(3):
        await asyncio.wait_for(stage.emit(stage.prepare(frames(9)), drop=True), 5)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "9 pictures but buffer_size is 4" in record.getMessage()


async def test_two_tasks_that_emit_do_not_interleave() -> None:
    stage, clients = attached(room=1)
    first = asyncio.create_task(stage.emit(stage.prepare(frames(3))))
    second = asyncio.create_task(stage.emit(stage.prepare(frames(2))))
    while not (first.done() and second.done()):
        clients.open(1)
        await asyncio.sleep(0)
    assert [batch.count for batch in clients.pushed] == [3, 2]


def test_a_batch_tells_how_long_the_model_worked_for_it() -> None:
    async def main() -> list[float]:
        stage, clients = attached(room=1)
        batch = stage.prepare(frames(1))
        await stage.emit(batch)  # the first: nothing is known
        await asyncio.sleep(0.25)
        waiting = asyncio.create_task(stage.emit(batch))
        await asyncio.sleep(2.0)
        clients.open(9)
        await waiting
        assert stage.waited == 2.0
        await asyncio.sleep(0.5)
        await stage.emit(batch)  # the wait before it was not the model's work
        stage.pause()
        await asyncio.sleep(7.0)
        await stage.emit(batch)
        return [pushed.turn for pushed in clients.pushed]

    assert run_virtually(main()) == [0.0, 0.25, 0.5, 0.0]


async def test_a_rate_set_by_hand_is_pinned_and_told_at_once() -> None:
    stage, clients = attached()
    stage.pin(12)
    assert (stage.fps, stage.pinned, clients.rates) == (12.0, True, [12.0])
    await stage.emit(stage.prepare(frames(2)), compute_time=0.5)
    assert clients.rates == [12.0, 4.0]


async def test_an_adjusted_rate_is_told_at_once_and_not_pinned() -> None:
    stage, clients = attached()
    stage.adjust(12)
    assert (stage.fps, stage.pinned, clients.rates) == (12.0, False, [12.0])
    stage.pin(5)
    stage.adjust(7.5)
    assert (stage.fps, stage.pinned, clients.rates) == (7.5, True, [12.0, 5.0, 7.5])


async def test_a_stage_tells_how_many_ticks_wait() -> None:
    stage, clients = attached()
    clients.unplayed = 3
    assert stage.waiting == 3


@pytest.mark.parametrize("fps", [0, -1, math.nan, math.inf, True, "30", None])
def test_a_rate_that_is_none_is_a_value_error(fps: Any) -> None:
    with pytest.raises(ValueError, match="fps"):
        checked_fps(fps)
    with pytest.raises(ValueError, match="fps"):
        Stage(OUTPUTS, fps)
    with pytest.raises(ValueError, match="fps"):
        Stage(OUTPUTS, 30).pin(fps)
    with pytest.raises(ValueError, match="fps"):
        Stage(OUTPUTS, 30).adjust(fps)


async def test_a_cut_raises_the_epoch_of_what_is_prepared_after_it() -> None:
    stage, clients = attached()
    before = stage.prepare(frames(1))
    stage.cut(black=True)
    stage.cut(black=False)
    after = stage.prepare(frames(1))
    assert clients.cuts == [(1, True), (2, False)]
    assert (before.epoch, after.epoch) == (0, 2)


async def test_other_threads_may_cut_pin_adjust_and_post() -> None:
    stage, clients = attached()

    def meddle() -> None:
        for _ in range(200):
            stage.cut(black=False)
            stage.pin(5)
            stage.adjust(6)
            stage.post(Said("x", {}))

    threads = [threading.Thread(target=meddle) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [epoch for epoch, _ in clients.cuts] == list(range(1, 601))
    assert (len(clients.rates), len(clients.posted)) == (1200, 600)


async def test_before_it_is_attached_a_stage_speaks_to_nobody() -> None:
    stage = Stage(OUTPUTS, 30)
    stage.pin(5)
    stage.adjust(6)
    stage.cut(black=True)
    stage.post(Said("x", {}))
    assert (stage.fps, stage.waiting) == (6.0, 0)
    with pytest.raises(RuntimeError, match="PipelineExecutor"):
        await stage.emit(stage.prepare(frames(1)))


async def test_emitting_on_another_loop_is_an_error_that_says_what_to_do() -> None:
    stage, _ = attached()
    batch = stage.prepare(frames(1))
    with pytest.raises(RuntimeError, match="run_coroutine_threadsafe"):
        await asyncio.to_thread(lambda: asyncio.run(stage.emit(batch)))
