import asyncio
import threading
import traceback
from typing import Any

import numpy as np
import pytest

from reactor_actors.interface import Audio, Idle, Output, ReactorModel, ReactorPipeline, Video
from reactor_actors.interface import event as on_event
from reactor_actors.interface.compile import program_of
from tests.interface.conftest import WriteModule
from tests.local import Staged, serving, staged
from tests.pictures import numbers_in, picture, pictures


class Audio16k(Audio):
    sample_rate = 16_000


class Picture(Output):
    main_video: Video


class Pair(Output):
    main_video: Video
    depth: Video


class Clip(Output):
    main_video: Video
    sound: Audio


class Plain(ReactorModel):
    async def show(self, value: Any) -> None:
        await self.emit(Picture(main_video=value))

    async def play(self, value: Any) -> None:
        await self.output.emit(Clip(main_video=None, sound=value))


@pytest.fixture
async def plain() -> Staged:
    return await staged(Plain)


def authors_line(error: BaseException) -> str:
    """The innermost line of this file in a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if frame.filename == __file__][-1].line or ""


def test_both_handles_are_one_object_with_every_documented_member() -> None:
    model = Plain()
    assert model.output is model.output_buffer
    for member in ("emit", "fps", "set_fps", "flush", "clear"):
        assert hasattr(model.output, member)
    assert repr(model.output) == "<OutputBuffer fps=30>"


# What is emitted, checked where it is emitted.


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (np.zeros((4, 6, 3)), TypeError, r"float64, shape \(4, 6, 3\).*clip\(0, 1\) \* 255"),
        (np.zeros((4, 6, 3), np.float32), TypeError, r"\.astype\(numpy\.uint8\)"),
        (np.zeros((4, 6, 3), np.int64), TypeError, r"dtype int64.*Cast it to uint8"),
        (np.zeros((4, 6, 3), bool), TypeError, "dtype bool"),
        ([[0, 0, 0]], TypeError, r"got list\. Convert it with numpy\.asarray"),
        ("picture", TypeError, "got str"),
        (3, TypeError, "got int"),
        (np.zeros((4, 6), np.uint8), ValueError, r"shape \(4, 6\)\. Repeat a grey picture"),
        (np.zeros((4, 6, 1), np.uint8), ValueError, "Repeat a grey picture"),
        (np.zeros((4, 6, 4), np.uint8), ValueError, r"\(4, 6, 4\)\. Drop the alpha channel"),
        (np.zeros((3, 4, 6), np.uint8), ValueError, r"transpose\(1, 2, 0\)"),
        (np.zeros((2, 3, 4, 6), np.uint8), ValueError, r"transpose\(0, 2, 3, 1\)"),
        (np.zeros((1, 2, 4, 6, 3), np.uint8), ValueError, r"shape \(1, 2, 4, 6, 3\)"),
        (np.zeros((0, 6, 3), np.uint8), ValueError, "without pixels"),
    ],
)
async def test_a_wrong_picture_is_raised_at_the_emit_naming_track_expected_and_given(
    plain: Staged, value: Any, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=rf"video track 'main_video'.*{said}") as caught:
        await plain.model.show(value)
    assert authors_line(caught.value) == "await self.emit(Picture(main_video=value))"
    assert plain.clients.pushed == []


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        (np.zeros(9), TypeError, r"float64, shape \(9,\).*clip\(-1, 1\) \* 32767"),
        (np.zeros(9, np.int32), TypeError, "int32.*Cast it to int16"),
        ([0] * 9, TypeError, "got list"),
        (np.zeros((3, 9), np.int16), ValueError, r"shape \(3, 9\).*mono or stereo"),
        (np.zeros((9, 2), np.int16), ValueError, r"Samples come last: transpose it"),
        (np.zeros((1, 1, 9), np.int16), ValueError, r"shape \(1, 1, 9\)"),
    ],
)
async def test_wrong_sound_is_raised_at_the_emit_naming_track_expected_and_given(
    plain: Staged, value: Any, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=rf"audio track 'sound'.*{said}") as caught:
        await plain.model.play(value)
    assert authors_line(caught.value).startswith("await self.output.emit(Clip(")
    assert plain.clients.pushed == []


async def test_a_tensor_is_as_good_as_an_array(plain: Staged) -> None:
    torch = pytest.importorskip("torch")
    await plain.model.show(torch.zeros((2, 4, 6, 3), dtype=torch.uint8))
    await plain.model.play(torch.zeros((1, 9), dtype=torch.int16))
    assert [batch.count for batch in plain.clients.pushed] == [2, 1]
    with pytest.raises(TypeError, match=r"'main_video'.*to\(torch\.uint8\)"):
        await plain.model.show(torch.zeros((4, 6, 3)))
    with pytest.raises(TypeError, match=r"'main_video'.*bfloat16"):
        await plain.model.show(torch.zeros((4, 6, 3), dtype=torch.bfloat16))
    with pytest.raises(ValueError, match=r"'main_video'.*permute\(1, 2, 0\)"):
        await plain.model.show(torch.zeros((3, 4, 6), dtype=torch.uint8))


async def test_batches_that_disagree_are_refused_naming_both(plain: Staged) -> None:
    with pytest.raises(ValueError, match="'main_video' has 2, 'depth' has 3"):
        await plain.model.emit(Pair(main_video=pictures(range(2)), depth=pictures(range(3))))


@pytest.mark.parametrize("odd", [picture(1), None, {"main_video": 1}, Picture])
async def test_what_is_no_output_is_refused(plain: Staged, odd: Any) -> None:
    with pytest.raises(TypeError, match=r"emit\(\) takes an Output; got .*Wrap arrays"):
        await plain.model.emit(odd)


async def test_an_output_of_another_model_is_refused_with_the_way_to_declare_it(
    plain: Staged, write_module: WriteModule
) -> None:
    library = write_module(
        "library",
        """
        from reactor_actors.interface import Output, Video

        class Foreign(Output):
            main_video: Video
        """,
    )
    with pytest.raises(TypeError, match=r"Foreign does not belong.*`output = \(Foreign,\)`"):
        await plain.model.emit(library.Foreign(main_video=picture(1)))


async def test_none_is_nothing_for_that_track_and_nothing_at_all_is_no_tick(plain: Staged) -> None:
    await plain.model.emit(Pair(main_video=picture(1), depth=None))
    await plain.model.emit(Pair(main_video=None, depth=None))
    await plain.model.show(np.zeros((0, 4, 6, 3), np.uint8))
    assert [(b.count, list(b.pictures)) for b in plain.clients.pushed] == [(1, ["main_video"])]


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (np.zeros(9, np.int16), (1, 9)),
        (np.zeros((1, 9), np.int16), (1, 9)),
        (np.zeros((2, 9), np.int16), (2, 9)),
    ],
)
async def test_sound_alone_is_one_tick(plain: Staged, value: Any, shape: Any) -> None:
    await plain.model.play(value)
    (batch,) = plain.clients.pushed
    assert (batch.count, batch.sound["sound"].shape) == (1, shape)


async def test_sound_beside_a_batch_is_cut_into_nearly_equal_parts(plain: Staged) -> None:
    samples = np.arange(1003, dtype=np.int16)
    await plain.model.emit(Clip(main_video=pictures(range(4)), sound=samples))
    (batch,) = plain.clients.pushed
    parts = [batch.sound_of(index)["sound"] for index in range(4)]
    assert [part.shape for part in parts] == [(1, 251), (1, 251), (1, 251), (1, 250)]
    assert np.array_equal(np.concatenate(parts, axis=1)[0], samples)


@pytest.mark.parametrize("still", [picture(9), picture(9)[np.newaxis]], ids=["single", "of one"])
async def test_a_still_beside_a_batch_is_repeated(plain: Staged, still: Any) -> None:
    await plain.model.emit(Pair(main_video=pictures([1, 2, 3]), depth=still))
    (batch,) = plain.clients.pushed
    assert batch.count == 3
    assert all(np.array_equal(batch.pictures_of(i)["depth"], picture(9)) for i in range(3))
    assert [batch.pictures_of(i)["main_video"][0, 0, 0] for i in range(3)] == [4, 8, 12]


# The rate.


@pytest.mark.parametrize("compute_time", [None, 0, 0.0, -1.0, float("nan"), float("inf")])
async def test_a_compute_time_that_says_nothing_changes_nothing(
    plain: Staged, compute_time: Any
) -> None:
    await plain.model.emit(Picture(main_video=picture(1)), compute_time=compute_time)
    assert (plain.clients.rates, plain.model.output.fps) == ([], 30.0)


async def test_the_rate_becomes_what_the_compute_time_allows(plain: Staged) -> None:
    assert await plain.model.emit(Picture(main_video=pictures(range(10))), compute_time=0.5) is None
    assert (plain.clients.rates, plain.model.output.fps) == ([20.0], 20.0)


async def test_only_what_was_admitted_counts_for_the_rate(plain: Staged) -> None:
    plain.clients.room = 5
    ten = Picture(main_video=pictures(range(10)))
    await plain.model.emit(ten, compute_time=0.5, drop=True)
    assert plain.clients.rates == [10.0]
    await plain.model.emit(ten, compute_time=0.5, drop=True)
    assert plain.clients.rates == [10.0]


async def test_an_explicit_compute_time_applies_to_a_pinned_rate_too(plain: Staged) -> None:
    plain.model.output.set_fps(60)
    await plain.model.emit(Picture(main_video=picture(1)), compute_time=0.1)
    assert plain.clients.rates == [60.0, 10.0]


@pytest.mark.parametrize("fps", [0, -1, 0.0, float("nan"), float("inf"), "30", None, True])
def test_a_rate_that_is_none_is_refused(fps: Any) -> None:
    output = Plain().output
    with pytest.raises(ValueError, match="fps"):
        output.set_fps(fps)
    with pytest.raises(ValueError, match="fps"):
        output.fps = fps
    assert output.fps == 30.0


async def test_the_rate_may_be_set_from_any_thread(plain: Staged) -> None:
    output = plain.model.output
    thread = threading.Thread(target=lambda: output.set_fps(24))
    thread.start()
    thread.join()
    output.fps = 25
    assert (plain.clients.rates, output.fps) == ([24.0, 25.0], 25.0)


# A bare array.


def test_a_bare_array_is_the_only_track_of_the_only_output(write_module: WriteModule) -> None:
    module = write_module(
        "own",
        """
        from reactor_actors.interface import *

        class Picture(Output):
            painting: Video

        class Mine(ReactorModel):
            pass
        """,
    )
    model = program_of(module.Mine).model
    wrapped = model.output.wrap(picture(1))
    assert type(wrapped) is module.Picture
    assert np.array_equal(wrapped.painting, picture(1))
    with pytest.raises(TypeError, match=r"one Output of one track; this one has: Picture\(main_v"):
        Plain().output.wrap(picture(1))


# Played out.


class Batches(ReactorPipeline):
    fps = 500
    count = 29

    def inference(self):
        memory = np.zeros((self.count, 4, 6, 3), np.uint8)
        while True:
            memory[:] = pictures(range(self.count))
            yield Picture(main_video=memory)
            # The array is the author's again: what is shown must not change.
            memory[:] = 255


async def test_a_batch_larger_than_the_bound_is_shown_whole_in_order_and_as_it_was() -> None:
    async with serving(Batches) as local:
        local.join()
        await local.shown(60)
        assert numbers_in(local.screen.ticks)[:58] == [*range(29), *range(29)]
        assert local.transport.statistics().peak <= local.contract.buffer_size == 4


class Reusing(ReactorModel):
    fps = 500

    def load(self, config):
        self.overwritten = threading.Event()

    async def run(self):
        await self.connected.wait()
        memory, samples = pictures([1, 2, 3]), np.full(30, 7, np.int16)
        await self.emit(Clip(main_video=memory, sound=samples))
        memory[:] = 255
        samples[:] = 0
        self.overwritten.set()


async def test_once_emit_has_returned_the_arrays_are_the_authors_again() -> None:
    async with serving(Reusing) as local:
        local.join()
        # Nothing is played while this thread stands still: the model overwrites before that.
        assert local.model.overwritten.wait(10)
        await local.shown(3)
        assert numbers_in(local.screen.ticks) == [1, 2, 3]
        assert all((tick.sound["sound"] == 7).all() for tick in local.screen.ticks)


class Odd(ReactorModel):
    async def run(self):
        await self.connected.wait()
        columns = np.arange(641) * 255 // 640
        rows = np.zeros((481, 641, 3), np.uint8)
        rows[:] = columns.astype(np.uint8)[np.newaxis, :, np.newaxis]
        await self.emit(Picture(main_video=rows))


async def test_an_odd_size_is_shown_unsheared() -> None:
    async with serving(Odd) as local:
        local.join()
        (shown,) = await local.shown(1)
    assert shown.shape == (482, 642, 3)
    # Every row is the same ramp, the last one too.
    assert np.array_equal(shown, np.broadcast_to(shown[0], shown.shape))
    assert np.all(np.abs(shown[0, :641, 1] - np.arange(641) * 255 / 640) < 4)


class Held(ReactorModel):
    fps = 200
    buffer_size = 3
    emitted = 0

    async def run(self):
        while True:
            await self.emit(Picture(main_video=picture(self.emitted % 60)))
            self.emitted += 1


async def test_a_producer_is_held_to_what_is_played_plus_the_bound() -> None:
    async with serving(Held) as local:
        for _ in range(30):
            await local.shown(len(local.screen.ticks) + 1)
            emitted = local.model.emitted
            assert emitted <= len(local.screen.ticks) + Held.buffer_size
        assert local.transport.statistics().peak <= 3
        shown = numbers_in(local.screen.ticks)
        assert shown == [number % 60 for number in range(len(shown))]


class Stuck(ReactorModel):
    fps = 0.001
    returned = 0

    async def run(self):
        while True:
            await self.emit(Picture(main_video=pictures(range(29))))
            self.returned += 1

    @on_event(name="ping")
    async def ping(self):
        await asyncio.sleep(0)

    @on_event(name="flush")
    def flush(self):
        self.output.flush()

    @on_event(name="go")
    def go(self, fps: float):
        self.output.set_fps(fps)


async def test_a_waiting_emit_holds_up_no_handler() -> None:
    async with serving(Stuck) as local:
        anna = local.join()
        await local.shown(1)
        for _ in range(3):
            assert type(await anna.ask("ping")).__name__ == "Ack"
        assert local.model.returned == 0


async def test_a_waiting_emit_returns_when_the_output_is_flushed_and_its_rest_is_gone() -> None:
    async with serving(Stuck) as local:
        anna = local.join()
        await local.shown(1)
        await anna.ask("flush")
        assert await local.until(lambda: local.screen.blanks or None) == 1
        await local.eventually(lambda: local.model.returned == 1)
        # What plays next was emitted after the flush.
        await anna.ask("go", fps=500)
        await local.shown(20)
        assert numbers_in(local.screen.ticks)[1:15] == list(range(14))
        assert local.screen.blanks == 1


async def test_a_flush_from_another_thread_is_as_good() -> None:
    async with serving(Stuck) as local:
        await local.shown(1)
        await asyncio.to_thread(local.model.output_buffer.flush)
        await local.until(lambda: local.screen.blanks or None)
        await local.eventually(lambda: local.model.returned == 1)


async def test_clear_drops_what_waits_and_shows_nothing_new() -> None:
    async with serving(Stuck) as local:
        await local.shown(1)
        await asyncio.to_thread(local.model.output_buffer.clear)
        await local.eventually(lambda: local.model.returned == 1)
        local.model.output_buffer.set_fps(500)
        await local.shown(10)
        assert numbers_in(local.screen.ticks)[1:10] == list(range(9))
        assert local.screen.blanks == 0


async def test_a_new_rate_moves_the_pending_tick() -> None:
    async with serving(Stuck) as local:
        await local.shown(1)
        local.model.output_buffer.set_fps(500)
        await local.shown(29)
        assert numbers_in(local.screen.ticks)[:29] == list(range(29))


class Dropping(ReactorModel):
    fps = 5
    latency = "fixed"

    async def run(self):
        await self.connected.wait()
        for _ in range(2):
            await self.emit(Picture(main_video=pictures(range(29))), drop=True)
        self.done = True
        await asyncio.Event().wait()


async def test_drop_never_waits_and_warns_once_of_a_batch_that_cannot_fit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(Dropping) as local:
        local.join()
        await local.eventually(lambda: getattr(local.model, "done", False))
        await local.shown(4)
        statistics = local.transport.statistics()
        # Far fewer than the 58, the first of the first batch among them.
        assert statistics.waiting + statistics.played < 29
        assert numbers_in(local.screen.ticks)[:4] == [0, 1, 2, 3]
    warnings = [r.getMessage() for r in caplog.records if "drop=True" in r.getMessage()]
    assert len(warnings) == 1
    assert "got 29 pictures but buffer_size is 4" in warnings[0]


class Racing(ReactorModel):
    fps = 500

    async def run(self):
        await asyncio.gather(self.produce(0), self.produce(20))

    async def produce(self, first):
        while True:
            await self.emit(Picture(main_video=pictures(range(first, first + 6))))


async def test_the_batches_of_two_tasks_are_not_mixed() -> None:
    async with serving(Racing) as local:
        await local.shown(36)
        shown = numbers_in(local.screen.ticks)[:36]
        batches = [shown[start : start + 6] for start in range(0, 36, 6)]
        assert {tuple(batch) for batch in batches} == {tuple(range(6)), tuple(range(20, 26))}


class Greedy(ReactorModel):
    fps = 500

    async def run(self):
        while True:
            await self.emit(Picture(main_video=picture(1)), drop=True)

    @on_event(name="ping")
    def ping(self): ...


async def test_a_loop_of_nothing_but_emits_lets_handlers_run() -> None:
    async with serving(Greedy) as local:
        anna = local.join()
        for _ in range(3):
            await anna.ask("ping")


async def test_with_nobody_there_ticks_are_played_to_nobody() -> None:
    async with serving(Held, session=False) as local:
        await local.eventually(lambda: local.transport.statistics().played >= 10)
        assert local.screen.ticks == []
        local.transport.start("late")
        await local.shown(3)


class Quiet(ReactorPipeline):
    def inference(self):
        yield Idle


async def test_a_model_without_outputs_emits_nothing() -> None:
    made = await staged(Quiet)
    with pytest.raises(TypeError, match="takes an Output; got ndarray"):
        await made.model.emit(picture(1))
