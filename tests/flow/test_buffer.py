from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.errors import BufferClosed
from reactor_actors.core.pixels import to_i420
from reactor_actors.core.ports import Feed
from reactor_actors.flow.buffer import (
    CAPACITY,
    InputBuffer,
    InputFrame,
    ReadMode,
    arrival_of,
    ready,
)
from tests.fakes import run_virtually


def numbered(*numbers: int) -> InputBuffer:
    buffer = InputBuffer()
    push(buffer, *numbers)
    return buffer


def push(buffer: InputBuffer, *numbers: int) -> None:
    for number in numbers:
        buffer.push(ready(np.array([[number]], np.int16), float(number)))


def numbers_of(frames: list[InputFrame] | None) -> list[int]:
    assert frames is not None
    return [int(frame[0, 0]) for frame in frames]


async def test_reading_gives_a_list_also_for_one_frame() -> None:
    assert numbers_of(await numbered(7).read()) == [7]


async def test_latest_takes_the_newest_and_drops_the_rest() -> None:
    buffer = numbered(1, 2, 3, 4)
    assert numbers_of(await buffer.read(2)) == [3, 4]
    assert (buffer.available, buffer.total_received) == (0, 4)


async def test_fifo_takes_the_oldest_and_keeps_the_rest() -> None:
    buffer = numbered(1, 2, 3, 4)
    assert numbers_of(await buffer.read(2, mode=ReadMode.FIFO)) == [1, 2]
    assert numbers_of(buffer.try_read(2, ReadMode.FIFO)) == [3, 4]


async def test_a_read_waits_until_enough_frames_are_there() -> None:
    buffer = numbered(1)
    waiting = asyncio.create_task(buffer.read(3))
    for number in (2, 3):
        await asyncio.sleep(0)
        assert not waiting.done()
        push(buffer, number)
    assert numbers_of(await asyncio.wait_for(waiting, 5)) == [1, 2, 3]


async def test_frames_of_another_thread_wake_a_reader() -> None:
    buffer = InputBuffer()
    waiting = asyncio.create_task(buffer.read(200 - 100))
    await asyncio.sleep(0)
    thread = threading.Thread(target=push, args=(buffer, *range(100)))
    thread.start()
    assert numbers_of(await asyncio.wait_for(waiting, 5)) == list(range(100))
    thread.join()


def test_a_read_gives_up_in_time_and_takes_nothing() -> None:
    async def main() -> float:
        buffer, loop = numbered(1), asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(TimeoutError):
            await buffer.read(2, timeout=0.25)
        assert buffer.available == 1
        return loop.time() - began

    assert run_virtually(main()) == 0.25


def test_a_read_that_need_not_wait_ignores_its_timeout() -> None:
    async def main() -> list[int]:
        return numbers_of(await numbered(1).read(timeout=0))

    assert run_virtually(main()) == [1]


def test_trying_never_waits_and_leaves_too_few_frames_alone() -> None:
    buffer = numbered(1, 2)
    assert buffer.try_read(3) is None
    assert buffer.available == 2
    assert numbers_of(buffer.try_read(2)) == [1, 2]
    assert buffer.try_read() is None


@pytest.mark.parametrize("n", [0, -1, CAPACITY + 1])
async def test_n_outside_its_range_is_a_value_error(n: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 128"):
        await InputBuffer().read(n)
    with pytest.raises(ValueError, match="from 1 to 128"):
        InputBuffer().try_read(n)


def test_frame_129_evicts_frame_1() -> None:
    buffer = numbered(*range(1, 130))
    assert (buffer.available, buffer.total_received) == (128, 129)
    assert numbers_of(buffer.try_read(128, ReadMode.FIFO)) == list(range(2, 130))


def test_clear_keeps_the_counter_and_reset_opens_and_forgets() -> None:
    buffer = numbered(1, 2)
    buffer.clear()
    assert (buffer.available, buffer.total_received, buffer.closed) == (0, 2, False)
    push(buffer, 3)
    buffer.close()
    assert buffer.closed
    buffer.reset()
    assert (buffer.available, buffer.total_received, buffer.closed) == (0, 0, False)
    push(buffer, 4)
    assert numbers_of(buffer.try_read()) == [4]


async def test_a_closed_buffer_drains_and_then_raises() -> None:
    buffer = numbered(1, 2, 3)
    buffer.close()
    push(buffer, 4)
    assert numbers_of(await buffer.read(2, mode=ReadMode.FIFO)) == [1, 2]
    with pytest.raises(BufferClosed):
        await buffer.read(2)
    assert numbers_of(await buffer.read(1)) == [3]
    with pytest.raises(BufferClosed):
        await buffer.read(1)
    assert buffer.total_received == 3


async def test_closing_wakes_a_waiting_reader() -> None:
    buffer = InputBuffer()
    waiting = asyncio.create_task(buffer.read())
    await asyncio.sleep(0)
    buffer.close()
    with pytest.raises(BufferClosed):
        await asyncio.wait_for(waiting, 5)


def test_trying_a_closed_buffer_raises_even_with_frames_inside() -> None:
    buffer = numbered(1)
    buffer.close()
    with pytest.raises(BufferClosed):
        buffer.try_read()


async def test_a_loop_of_reads_lets_other_tasks_run() -> None:
    buffer, rounds = InputBuffer(), []

    async def reader() -> None:
        while not rounds:
            push(buffer, 1)
            await buffer.read()

    async def other() -> None:
        rounds.append(1)

    await asyncio.wait_for(asyncio.gather(reader(), other()), 5)


def test_items_are_the_readers_own() -> None:
    source = np.array([[1, 2]], np.int16)
    buffer = InputBuffer()
    for _ in range(2):
        buffer.push(ready(source))
    first, second = buffer.try_read(2) or []
    first[0, 0] = 99
    assert source.tolist() == second.tolist() == [[1, 2]]


def test_pictures_are_converted_when_they_are_read() -> None:
    buffer = InputBuffer()
    picture = np.full((5, 7, 3), (200, 40, 90), np.uint8)
    converted = to_i420(picture)
    converted.flags.writeable = False
    buffer.push(arrival_of(Feed("camera", converted, 0.5, 5, 7)))
    (frame,) = buffer.try_read() or []
    assert (frame.shape, frame.dtype, frame.pts) == ((5, 7, 3), np.uint8, 0.5)
    assert frame.flags.writeable
    assert np.abs(frame.astype(int) - (200, 40, 90)).max() <= 4


def test_sound_arrives_as_it_came() -> None:
    samples = np.arange(480, dtype=np.int16)[np.newaxis]
    frame = arrival_of(Feed("voice", samples)).open()
    assert np.array_equal(frame, samples)
    assert frame.pts is None


def test_a_frame_is_an_array_with_facts() -> None:
    array = np.zeros((2, 3, 3), np.uint8)
    frame = InputFrame(array, 1.5, b"meta")
    assert isinstance(frame, np.ndarray)
    assert (frame.pts, frame.metadata) == (1.5, b"meta")
    assert type(frame.data) is np.ndarray
    assert np.shares_memory(frame.data, array)
    derived: Any = frame + 1
    assert (derived.pts, derived.metadata) == (None, None)
    assert type(copy.deepcopy(frame)) is InputFrame


def test_a_frame_survives_pickling() -> None:
    frame = InputFrame(np.arange(6, dtype=np.int16).reshape(1, 6), 2.0, b"m")
    arrived = pickle.loads(pickle.dumps(frame))
    assert type(arrived) is InputFrame
    assert np.array_equal(arrived, frame)
    assert (arrived.pts, arrived.metadata) == (2.0, b"m")
    assert arrived.flags.writeable


def test_a_buffer_says_what_it_holds() -> None:
    assert repr(numbered(1, 2)) == "<InputBuffer available=2 closed=False>"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["push", "latest", "fifo", "clear", "close", "reset"]),
            st.integers(1, 130),
        ),
        max_size=40,
    )
)
def test_a_buffer_behaves_like_a_plain_list(steps: list[tuple[str, int]]) -> None:
    buffer, held, total, closed, number = InputBuffer(), [], 0, False, 0
    for step, n in steps:
        match step:
            case "push":
                for _ in range(n):
                    number += 1
                    push(buffer, number)
                    if not closed:
                        held, total = [*held, number][-CAPACITY:], total + 1
            case "latest" | "fifo" if n > CAPACITY:
                pass
            case "latest" | "fifo" if closed:
                with pytest.raises(BufferClosed):
                    buffer.try_read(n)
            case "latest":
                took = buffer.try_read(n)
                if len(held) >= n:
                    assert numbers_of(took) == held[-n:]
                    held = []
            case "fifo":
                took = buffer.try_read(n, ReadMode.FIFO)
                if len(held) >= n:
                    assert numbers_of(took) == held[:n]
                    held = held[n:]
            case "clear":
                buffer.clear()
                held = []
            case "close":
                buffer.close()
                closed = True
            case "reset":
                buffer.reset()
                held, total, closed = [], 0, False
        assert (buffer.available, buffer.total_received, buffer.closed) == (
            len(held), total, closed,
        )  # fmt: skip
