from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from reactor_actors.classic.buckets import PATIENCE
from reactor_actors.classic.context import ReactorContext
from reactor_actors.classic.outbound import Outbound, blank
from reactor_actors.classic.rate import Rate
from reactor_actors.classic.tracks import AudioOut, MediaTrack, VideoIn, VideoOut
from reactor_actors.core.media import Batch
from reactor_actors.engine.stage import Stage
from tests.classic.test_context import FakeOwner
from tests.fakes import FakeClients
from tests.local import eventually
from tests.pictures import number_of, picture, pictures


class Shown:
    """The output of a model whose clients' side records; author code is on threads of the test."""

    def __init__(
        self,
        *tracks: MediaTrack,
        fps: float | None = None,
        room: int = 10_000,
        stage: type[Stage] = Stage,
    ) -> None:
        self.tracks = {track.name: track for track in tracks}
        self.clients = FakeClients(room=room)
        self.stage = stage({t.name: t.declared for t in tracks if t.direction == "out"}, 16.0)
        self.stage.attach(self.clients, 0)
        self.outbound = Outbound(self.stage, tracks)
        self.fps = fps
        self.context = ReactorContext(FakeOwner())

    def begin(self) -> None:
        self.context = ReactorContext(FakeOwner())
        self.outbound.begin(self.context, Rate(self.fps))

    async def emit(self, name: str, frame: Any = None, bucket: Any = None) -> None:
        await asyncio.to_thread(self.outbound.emit, self.tracks[name], frame, bucket)

    def latest(self, name: str) -> Any:
        return self.outbound.latest(self.tracks[name])

    def stop(self) -> None:
        self.context.stop()
        self.stage.cut(black=False)

    @property
    def numbers(self) -> list[dict[str, int]]:
        """What was pushed: for each batch, the number of the picture of every video track."""
        return [
            {name: number_of(value) for name, value in batch.pictures.items()}
            for batch in self.clients.pushed
        ]


def named(**tracks: MediaTrack) -> list[MediaTrack]:
    return [track.joined(name, None) for name, track in tracks.items()]


def one(**options: Any) -> Shown:
    made = Shown(*named(main=VideoOut()), **options)
    made.begin()
    return made


def two(**options: Any) -> Shown:
    made = Shown(*named(left=VideoOut(), right=VideoOut()), **options)
    made.begin()
    return made


async def test_single_pictures_batches_and_sound_are_handed_over() -> None:
    shown = Shown(*named(main=VideoOut(), voice=AudioOut()))
    shown.begin()
    await shown.emit("main", pictures([1, 2]), 0)
    await shown.emit("voice", np.ones(8, np.int16), 0)
    (batch,) = shown.clients.pushed
    assert batch.count == 2
    assert batch.sound["voice"].shape == (1, 8)


@pytest.mark.parametrize(
    ("frame", "error", "told"),
    [
        (np.zeros((4, 4, 3)), TypeError, r"'main' expects .*uint8.*Scale and cast it"),
        (np.zeros((3, 4, 4), np.uint8), ValueError, r"'main' .*Channels come last"),
        (np.zeros((4, 4), np.uint8), ValueError, r"'main' .*grey picture"),
        ([[1]], TypeError, r"'main' .*numpy.asarray"),
        ("x", TypeError, r"'main' expects an array"),
    ],
)
async def test_a_wrong_array_is_refused_in_the_authors_own_call(
    frame: Any, error: type[Exception], told: str
) -> None:
    shown = one()
    with pytest.raises(error, match=told):
        await shown.emit("main", frame)
    assert shown.clients.pushed == []
    assert shown.latest("main") is None


@pytest.mark.parametrize("bucket", [True, "0", 1.0])
async def test_a_bucket_that_is_no_whole_number_is_refused(bucket: Any) -> None:
    with pytest.raises(TypeError, match="bucket is a whole number, or None; got"):
        await one().emit("main", picture(1), bucket)


async def test_a_whole_number_of_numpys_names_a_bucket() -> None:
    shown = two()
    await shown.emit("left", picture(1), np.int64(3))
    await shown.emit("right", picture(2), 3)
    assert shown.numbers == [{"left": 1, "right": 2}]


async def test_outside_a_session_emitting_says_when_there_is_one() -> None:
    shown = Shown(*named(main=VideoOut()))
    with pytest.raises(RuntimeError, match=r"emit\(\) on 'main' outside a session: there is one"):
        await shown.emit("main", picture(1))
    shown.begin()
    await shown.emit("main", picture(1))
    shown.outbound.end()
    with pytest.raises(RuntimeError, match="outside a session"):
        await shown.emit("main", picture(1))


async def test_none_is_black_or_a_second_of_silence() -> None:
    shown = Shown(*named(main=VideoOut(), voice=AudioOut(rate=24_000)))
    shown.begin()
    await shown.emit("main")
    await shown.emit("voice", None)
    (batch,) = shown.clients.pushed
    assert batch.pictures["main"].shape == (720, 1280, 3)
    assert batch.sound["voice"].shape == (1, 24_000)
    assert not batch.pictures["main"].any()
    assert not batch.sound["voice"].any()


def test_silence_has_the_usual_rate_unless_another_is_declared() -> None:
    (voice,) = named(voice=AudioOut())
    assert blank(voice).shape == (1, 48_000)
    assert blank(voice).dtype == np.int16


async def test_latest_is_a_copy_of_what_was_emitted_last_in_this_session() -> None:
    shown = one()
    assert shown.latest("main") is None
    await shown.emit("main", picture(1))
    await shown.emit("main", picture(2))
    shown.latest("main")[:] = 0
    assert number_of(shown.latest("main")) == 2
    shown.outbound.end()
    assert shown.latest("main") is None
    shown.begin()
    assert shown.latest("main") is None


async def test_latest_is_what_was_emitted_whatever_becomes_of_the_array() -> None:
    shown, array = one(), picture(3)
    await shown.emit("main", array)
    array[:] = 255
    assert number_of(shown.latest("main")) == 3


async def test_what_waits_for_another_track_is_kept_as_it_was_emitted() -> None:
    shown = two()
    frame = picture(1)
    await shown.emit("left", frame)
    frame[:] = 0
    await shown.emit("right", picture(2))
    assert shown.numbers == [{"left": 1, "right": 2}]
    assert number_of(shown.latest("left")) == 1


async def test_an_emit_into_a_bucket_that_has_left_is_ignored_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shown = two()
    await shown.emit("left", picture(1), 0)
    await shown.emit("right", picture(2), 0)
    with caplog.at_level(logging.WARNING):
        await shown.emit("left", picture(3), 0)
    assert shown.numbers == [{"left": 1, "right": 2}]
    assert "emit() on 'left': bucket 0 has left already; ignored" in caplog.text


async def test_tracks_that_disagree_are_refused_to_who_completes_the_bucket() -> None:
    shown = two()
    await shown.emit("left", pictures([1, 2]))
    with pytest.raises(ValueError, match="disagree about the number of pictures"):
        await shown.emit("right", pictures([1, 2, 3]))
    await shown.emit("left", picture(4))
    await shown.emit("right", picture(5))
    assert shown.numbers == [{"left": 4, "right": 5}]


async def test_a_bucket_that_cannot_be_paired_takes_no_other_along() -> None:
    shown = Shown(*named(left=VideoOut(), right=VideoOut(), third=VideoOut()))
    shown.begin()
    await shown.emit("left", pictures([1, 2]), 0)
    await shown.emit("right", pictures([1, 2, 3]), 0)
    for bucket in range(1, 8):
        await shown.emit("left", picture(bucket), bucket)
        await shown.emit("right", picture(bucket), bucket)
    assert shown.clients.pushed == []
    # A ninth one is not waited with: the third track is quiet, and all the others leave.
    with pytest.raises(ValueError, match="disagree about the number of pictures"):
        await shown.emit("left", picture(8), 8)
    assert shown.numbers == [{"left": n, "right": n} for n in range(1, 8)]


async def test_who_waits_for_a_turn_to_push_is_let_go_when_the_session_stops() -> None:
    shown = one(room=0)
    first = asyncio.create_task(shown.emit("main", picture(1)))
    await eventually(lambda: len(asyncio.all_tasks()) > 2)  # it is being pushed
    behind = asyncio.create_task(shown.emit("main", picture(2)))
    await eventually(lambda: number_of(shown.latest("main")) == 2)
    shown.stop()
    shown.outbound.stop()
    await asyncio.wait_for(behind, 5)
    assert not first.done()
    shown.clients.open(1)
    await asyncio.wait_for(first, 5)
    assert [number["main"] for number in shown.numbers] == [1]


async def test_emitting_waits_until_it_is_admitted_and_a_stop_ends_the_wait() -> None:
    shown = one(room=1)
    await shown.emit("main", picture(1))
    waiting = asyncio.create_task(shown.emit("main", picture(2)))
    behind = asyncio.create_task(shown.emit("main", picture(3)))
    done, _ = await asyncio.wait({waiting, behind}, timeout=0.05)
    assert not done
    shown.stop()
    shown.clients.open(5)  # as a link does at a cut
    await asyncio.wait_for(asyncio.gather(waiting, behind), 5)
    assert len(shown.clients.pushed) == 2  # who stood behind has handed over nothing


async def test_once_the_session_is_being_stopped_what_is_emitted_is_dropped() -> None:
    shown = one(room=0)
    shown.stop()
    await asyncio.wait_for(shown.emit("main", picture(1)), 5)
    assert shown.clients.pushed == []
    assert shown.latest("main") is None


async def test_a_stop_in_the_middle_of_an_emit_lets_nothing_through() -> None:
    class Stopping(Stage):
        calls = 0

        def prepare(self, values: Mapping[str, object]) -> Batch:
            self.calls += 1
            if self.calls == 2:  # the first call checks the frame, the second makes the batch
                shown.stop()
            return super().prepare(values)

    shown = Shown(*named(main=VideoOut()), room=0, stage=Stopping)
    shown.begin()
    await asyncio.wait_for(shown.emit("main", picture(1)), 5)
    assert shown.clients.pushed == []


async def test_threads_that_emit_take_turns() -> None:
    shown = one()
    await asyncio.gather(*(shown.emit("main", picture(n)) for n in range(20)))
    assert sorted(n["main"] for n in shown.numbers) == list(range(20))


async def test_threads_with_a_track_each_stay_together() -> None:
    # Pictures take time to be made, sound takes none.
    shown = two()
    made = threading.Event()

    def pictures_one_by_one() -> None:
        for number in range(40):
            time.sleep(0.002)
            shown.outbound.emit(shown.tracks["left"], picture(number), None)
            made.set()

    def sounds_at_once() -> None:
        made.wait(5)
        for number in range(40):
            shown.outbound.emit(shown.tracks["right"], picture(number), None)

    await asyncio.gather(asyncio.to_thread(pictures_one_by_one), asyncio.to_thread(sounds_at_once))
    assert shown.numbers == [{"left": n, "right": n} for n in range(40)]


async def test_nobody_waits_for_a_thread_that_has_ended() -> None:
    shown = two()

    def once() -> None:
        shown.outbound.emit(shown.tracks["right"], picture(0), None)

    gone = threading.Thread(target=once)
    gone.start()
    await eventually(lambda: not gone.is_alive())
    began = time.monotonic()
    for number in range(12):
        await shown.emit("left", picture(number))
    assert shown.numbers == [{"left": 0, "right": 0}, *({"left": n} for n in range(1, 12))]
    assert time.monotonic() - began < PATIENCE


async def test_who_waits_for_another_thread_is_let_go_when_the_session_stops() -> None:
    shown, waiting = two(), threading.Event()

    def silent() -> None:
        shown.outbound.emit(shown.tracks["right"], picture(0), None)
        waiting.wait(10)

    other = threading.Thread(target=silent)
    other.start()
    await eventually(lambda: shown.latest("right") is not None)
    for number in range(9):
        await shown.emit("left", picture(number))
    ahead = asyncio.create_task(shown.emit("left", picture(9)))
    shown.stop()
    shown.outbound.stop()
    await asyncio.wait_for(ahead, PATIENCE / 2)
    waiting.set()
    await asyncio.to_thread(other.join)


async def test_buckets_that_leave_together_are_one_measurement() -> None:
    shown = two()
    for number in range(9):
        await shown.emit("left", picture(number))
    assert shown.clients.rates == [16.0]


async def test_who_emits_as_the_loop_ends_comes_back() -> None:
    ended = threading.Event()

    def author(shown: Shown) -> None:
        shown.outbound.emit(shown.tracks["main"], picture(1), None)
        ended.set()

    async def life() -> None:
        shown = one(room=0)
        thread = threading.Thread(target=author, args=(shown,))
        thread.start()
        # The push is under way when this loop is left, and cancelled.
        await eventually(lambda: len(asyncio.all_tasks()) > 1)

    await asyncio.to_thread(asyncio.run, life())
    assert await asyncio.to_thread(ended.wait, 5)


async def test_the_first_rate_is_a_guess_and_then_it_is_measured() -> None:
    shown = one()
    assert shown.clients.rates == [16.0]
    await shown.emit("main", picture(1))
    assert shown.clients.rates == [16.0]
    await shown.emit("main", pictures([1, 2]))
    assert len(shown.clients.rates) == 2
    assert not shown.stage.pinned


async def test_a_rate_is_told_how_many_came_and_how_many_wait() -> None:
    class Recorded(Rate):
        def __init__(self) -> None:
            super().__init__()
            self.told: list[tuple[int, int]] = []

        def emitted(self, count: int, now: float, waiting: int, sound: float = 0) -> float | None:
            self.told.append((count, waiting))
            return 33.0

    shown, rate = one(), Recorded()
    shown.outbound.begin(shown.context, rate)
    shown.clients.unplayed = 40
    await shown.emit("main", pictures([1, 2, 3]))
    assert rate.told == [(3, 40)]
    assert shown.clients.rates[-1] == 33.0


async def test_a_fixed_rate_stays() -> None:
    shown = one(fps=24.0)
    for n in range(3):
        await shown.emit("main", picture(n))
    shown.outbound.measure(True)
    await shown.emit("main", picture(4))
    assert shown.clients.rates == [24.0]


async def test_measuring_can_be_switched_off_and_on() -> None:
    shown = one()
    await shown.emit("main", picture(1))
    shown.outbound.measure(False)
    await shown.emit("main", picture(1))
    assert shown.clients.rates == [16.0]
    shown.outbound.measure(True)
    await shown.emit("main", picture(1))
    assert len(shown.clients.rates) == 2
    shown.outbound.end()
    shown.outbound.measure(True)


async def test_pairing_rate_and_count_start_afresh_with_every_session() -> None:
    shown = two()
    await shown.emit("left", picture(1))
    shown.outbound.end()
    shown.begin()
    await shown.emit("right", picture(2))
    assert shown.clients.pushed == []
    await shown.emit("left", picture(3), 0)
    assert shown.numbers == [{"left": 3, "right": 2}]
    assert shown.clients.rates[-1] == 16.0


async def test_an_input_takes_no_part_in_pairing() -> None:
    shown = Shown(*named(cam=VideoIn(), main=VideoOut()))
    shown.begin()
    await shown.emit("main", picture(1))
    assert shown.numbers == [{"main": 1}]


@pytest.mark.parametrize(
    "odd",
    [
        lambda: np.asfortranarray(picture(3)),
        lambda: picture(3)[::-1, ::-1],
        lambda: np.broadcast_to(np.uint8(12), (4, 6, 3)),
        lambda: np.zeros((4, 6, 5), np.uint8)[..., 1:4] + np.uint8(12),
    ],
)
async def test_arrays_of_any_layout_are_taken(odd: Callable[[], Any]) -> None:
    for shown, name in ((one(), "main"), (two(), "left")):
        frame = odd()
        frame.flags.writeable = False
        await shown.emit(name, frame)
        assert number_of(shown.latest(name)) == 3
