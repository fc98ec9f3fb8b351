from __future__ import annotations

import asyncio
import threading

import pytest

from reactor_actors.flow.bell import Bell
from tests.fakes import run_virtually


async def test_what_is_there_already_is_returned_at_once() -> None:
    assert await Bell().until(lambda: "here") == "here"


async def test_an_attempt_is_made_again_after_a_ring() -> None:
    bell, attempts, box = Bell(), [], []

    def attempt() -> str | None:
        attempts.append(1)
        return box[0] if box else None

    waiting = asyncio.create_task(bell.until(attempt))
    while len(attempts) < 3:
        bell.ring()
        await asyncio.sleep(0)
    box.append("here")
    bell.ring()
    assert await asyncio.wait_for(waiting, 5) == "here"


async def test_a_ring_between_the_try_and_the_wait_is_not_lost() -> None:
    bell, box = Bell(), []

    def attempt() -> str | None:
        if box:
            return "found"
        box.append(1)
        bell.ring()
        return None

    assert await asyncio.wait_for(bell.until(attempt), 5) == "found"


async def test_another_thread_may_ring() -> None:
    bell, box = Bell(), []

    def bring() -> None:
        box.append("frame")
        bell.ring()

    waiting = asyncio.create_task(bell.until(lambda: box[0] if box else None))
    await asyncio.sleep(0)
    thread = threading.Thread(target=bring)
    thread.start()
    assert await asyncio.wait_for(waiting, 5) == "frame"
    thread.join()


async def test_every_waiter_tries_again() -> None:
    bell, box = Bell(), [1, 2]
    waiting = [asyncio.create_task(bell.until(lambda: box.pop() if ready else None)) for _ in "ab"]
    ready: list[bool] = []
    await asyncio.sleep(0)
    ready.append(True)
    bell.ring()
    assert sorted(await asyncio.gather(*waiting)) == [1, 2]


async def test_what_an_attempt_raises_is_passed_on() -> None:
    bell, closed = Bell(), []

    def attempt() -> None:
        if closed:
            raise EOFError("closed")

    waiting = asyncio.create_task(bell.until(attempt))
    await asyncio.sleep(0)
    closed.append(1)
    bell.ring()
    with pytest.raises(EOFError):
        await asyncio.wait_for(waiting, 5)


def test_a_wait_ends_at_its_deadline() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(TimeoutError):
            await Bell().until(lambda: None, timeout=2.5)
        return loop.time() - began

    assert run_virtually(main()) == 2.5


async def test_a_cancelled_waiter_is_forgotten() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.until(lambda: None))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    bell.ring()
