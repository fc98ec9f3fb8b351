"""Reading inputs as an author does, with frames that come over the link."""

import asyncio
import pickle
from typing import Any

import numpy as np
import pytest

from reactor_actors.core.pixels import to_i420
from reactor_actors.core.ports import Feed
from reactor_actors.interface import (
    Audio,
    BufferClosed,
    Input,
    InputBuffer,
    InputFrame,
    ReactorModel,
    ReadMode,
    Video,
)
from tests.local import Staged, staged
from tests.pictures import number_of, picture


class Audio16k(Audio):
    sample_rate = 16_000


class Senses(Input):
    eye: Video
    ear: Audio16k


class Reader(ReactorModel):
    senses: Senses


@pytest.fixture
async def reader() -> Staged:
    return await staged(Reader)


@pytest.fixture
async def eye(reader: Staged) -> InputBuffer:
    return reader.model.senses.eye


def show(reader: Staged, *numbers: int) -> None:
    for number in numbers:
        rgb = picture(number % 60, 6, 8)
        reader.program.feed(Feed("eye", to_i420(rgb), number / 10, 6, 8))


def numbers(frames: list[InputFrame] | None) -> list[int] | None:
    return None if frames is None else [number_of(frame) for frame in frames]


async def test_read_waits_for_n_and_gives_a_list_oldest_first(
    reader: Staged, eye: InputBuffer
) -> None:
    reading = asyncio.create_task(eye.read(3))
    for number in (1, 2):
        show(reader, number)
        await asyncio.sleep(0)
    assert not reading.done()
    show(reader, 3)
    assert numbers(await reading) == [1, 2, 3]
    show(reader, 4)
    one = await eye.read()
    assert isinstance(one, list)
    assert numbers(one) == [4]


async def test_the_newest_are_read_and_all_else_is_dropped(
    reader: Staged, eye: InputBuffer
) -> None:
    for take in (eye.try_read, eye.read):
        show(reader, 1, 2, 3, 4)
        taken: Any = take(2)
        assert numbers(await taken if asyncio.iscoroutine(taken) else taken) == [3, 4]
        assert eye.available == 0


async def test_the_oldest_are_read_on_demand_and_the_rest_stays(
    reader: Staged, eye: InputBuffer
) -> None:
    show(reader, 1, 2, 3, 4, 5)
    assert numbers(eye.try_read(2, mode=ReadMode.FIFO)) == [1, 2]
    assert numbers(await eye.read(2, mode=ReadMode.FIFO)) == [3, 4]
    assert eye.available == 1


async def test_a_read_that_takes_too_long_takes_nothing(reader: Staged, eye: InputBuffer) -> None:
    show(reader, 1)
    with pytest.raises(TimeoutError):
        await eye.read(2, timeout=0.01)
    show(reader, 2)
    assert numbers(eye.try_read(2)) == [1, 2]


@pytest.mark.parametrize("n", [0, -1, 129])
async def test_more_than_the_buffer_holds_cannot_be_asked_for(eye: InputBuffer, n: int) -> None:
    with pytest.raises(ValueError, match=f"from 1 to 128; got {n}"):
        await eye.read(n)
    with pytest.raises(ValueError, match=f"from 1 to 128; got {n}"):
        eye.try_read(n)


async def test_try_read_never_waits_and_leaves_the_buffer_alone(
    reader: Staged, eye: InputBuffer
) -> None:
    assert eye.try_read() is None
    show(reader, 1)
    assert eye.try_read(2) is None
    assert eye.available == 1
    assert numbers(eye.try_read()) == [1]


async def test_the_129th_frame_evicts_the_first(reader: Staged, eye: InputBuffer) -> None:
    show(reader, *range(129))
    assert (eye.available, eye.total_received) == (128, 129)
    frames = await eye.read(128)
    assert [frame.pts for frame in frames] == [number / 10 for number in range(1, 129)]


async def test_the_counters_follow_clear_close_and_reset(reader: Staged, eye: InputBuffer) -> None:
    show(reader, 1, 2)
    eye.clear()
    assert (eye.available, eye.total_received, eye.closed) == (0, 2, False)
    show(reader, 3)
    eye.close()
    show(reader, 4)
    assert (eye.available, eye.total_received, eye.closed) == (1, 3, True)
    eye.reset()
    assert (eye.available, eye.total_received, eye.closed) == (0, 0, False)


async def test_a_closed_buffer_is_drained_by_read_and_then_says_so(
    reader: Staged, eye: InputBuffer
) -> None:
    show(reader, 1, 2, 3)
    eye.close()
    assert numbers(await eye.read(2, mode=ReadMode.FIFO)) == [1, 2]
    with pytest.raises(BufferClosed):
        await eye.read(2)
    assert numbers(await eye.read(1)) == [3]
    with pytest.raises(BufferClosed):
        await eye.read()


async def test_closing_wakes_who_waits(eye: InputBuffer) -> None:
    readings = [asyncio.create_task(eye.read(n)) for n in (1, 5)]
    await asyncio.sleep(0)
    await asyncio.to_thread(eye.close)
    for reading in readings:
        with pytest.raises(BufferClosed):
            await asyncio.wait_for(reading, 10)


async def test_try_read_of_a_closed_buffer_raises_even_with_frames_inside(
    reader: Staged, eye: InputBuffer
) -> None:
    show(reader, 1)
    eye.close()
    with pytest.raises(BufferClosed):
        eye.try_read()
    assert eye.available == 1


async def test_a_frame_is_an_array_with_a_time(reader: Staged, eye: InputBuffer) -> None:
    show(reader, 7)
    [frame] = await eye.read()
    assert isinstance(frame, InputFrame)
    assert isinstance(frame, np.ndarray)
    assert (frame.shape, frame.dtype) == ((6, 8, 3), np.uint8)
    assert (frame.pts, frame.metadata) == (0.7, None)
    assert type(frame.data) is np.ndarray
    assert np.shares_memory(frame.data, frame)
    twin = pickle.loads(pickle.dumps(InputFrame(frame.data, 0.7, b"meta")))
    assert (type(twin), twin.pts, twin.metadata) == (InputFrame, 0.7, b"meta")
    assert np.array_equal(twin, frame)


async def test_frames_belong_to_their_reader(reader: Staged, eye: InputBuffer) -> None:
    i420 = to_i420(picture(7, 6, 8))
    for _ in range(2):
        reader.program.feed(Feed("eye", i420, None, 6, 8))
    first, second = await eye.read(2)
    first[:] = 0
    assert number_of(second) == 7
    reader.program.feed(Feed("eye", i420, None, 6, 8))
    assert number_of((await eye.read())[0]) == 7


async def test_an_odd_picture_has_its_own_size(reader: Staged, eye: InputBuffer) -> None:
    reader.program.feed(Feed("eye", to_i420(picture(9, 7, 9)), None, 7, 9))
    [frame] = await eye.read()
    assert frame.shape == (7, 9, 3)
    assert number_of(frame) == 9
    frame[:] = 0


async def test_sound_is_mono_at_the_declared_rate(reader: Staged) -> None:
    ear = reader.model.senses.ear
    track = next(t for t in (await reader.program.load()).tracks if t.name == "ear")
    assert track.sample_rate == 16_000
    samples = np.arange(160, dtype=np.int16)[np.newaxis]
    reader.program.feed(Feed("ear", samples, 0.25))
    [frame] = await ear.read()
    assert (frame.shape, frame.dtype, frame.pts) == ((1, 160), np.int16, 0.25)
    frame[:] = 0
    assert samples[0, 5] == 5
