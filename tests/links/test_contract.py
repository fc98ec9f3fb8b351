"""What every link promises, whatever it is made of."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import (
    Answered,
    ClientJoined,
    CommandRequested,
    FileReceived,
    FromModel,
    Grant,
    Said,
    SessionClosed,
    SessionOver,
    SessionStarted,
)
from reactor_actors.core.pixels import to_i420
from reactor_actors.core.ports import Feed
from reactor_actors.flow.queue import FrameQueue
from tests.fakes import FakeModel
from tests.links.joined import CONTRACT, LINKS, SECONDS, Clients, Joined, batch, level_of, until

ON_RAY = pytest.param("refs on Ray", marks=[pytest.mark.ray, pytest.mark.timeout(180)])


@pytest.fixture(params=[*LINKS, ON_RAY])
async def link(request: pytest.FixtureRequest) -> AsyncIterator[Joined]:
    if request.param in LINKS:
        joining = LINKS[request.param](CONTRACT, FakeModel(), Clients())
    else:
        joining = request.getfixturevalue("actors").link(CONTRACT)
    async with joining as joined:
        yield joined


async def test_ticks_arrive_in_order_as_converted_pictures_with_their_sound(link: Joined) -> None:
    assert await link.port.push(batch(1, 2, 3), drop=False) == 3
    await link.settle()
    assert [level_of(tick) for tick in link.clients.ticks] == [1, 2, 3]


async def test_only_the_first_tick_of_a_batch_carries_its_turn(link: Joined) -> None:
    sent = batch(1, 2)
    await link.port.push(Batch(2, sent.pictures, sent.sound, 3, 0.25), drop=False)
    await link.settle()
    assert [(tick.epoch, tick.turn) for tick in link.clients.ticks] == [(3, 0.25), (3, 0.0)]


async def test_a_tick_says_when_it_was_let_through_where_both_sides_share_a_clock(
    link: Joined, request: pytest.FixtureRequest
) -> None:
    before = time.monotonic()
    await link.port.push(batch(1, 2), drop=False)
    between = time.monotonic()
    link.play(2)
    await link.port.push(batch(3), drop=True)
    await link.settle()
    instants = [tick.admitted_at for tick in link.clients.ticks]
    if "refs" in request.node.name:
        assert instants == [0.0, 0.0, 0.0]
    else:
        assert before <= instants[0] <= instants[1] <= between <= instants[2] <= time.monotonic()


async def test_a_tick_says_how_long_it_was_held_for_want_of_room(
    link: Joined, request: pytest.FixtureRequest
) -> None:
    began = time.monotonic()
    pushing = asyncio.create_task(link.port.push(batch(1, 2, 3, 4, 5), drop=False))
    await until(lambda: len(link.clients.ticks) >= 4)
    full = time.monotonic()
    await link.settle()
    link.play(1)
    await until(lambda: len(link.clients.ticks) == 5)
    over = time.monotonic()
    ticks, last = link.clients.ticks, link.clients.ticks[-1]
    if "refs" in request.node.name:
        assert [tick.held for tick in ticks] == [0.0] * 5
    else:
        assert sorted(tick.held for tick in ticks) == [tick.held for tick in ticks]
        assert all(
            tick.admitted_at - tick.held == pytest.approx(began, abs=full - began) for tick in ticks
        )
        assert last.admitted_at - full <= last.held <= over - began
    pushing.cancel()


async def test_twenty_nine_ticks_pass_a_buffer_of_four_and_never_more_wait(link: Joined) -> None:
    pushing = asyncio.create_task(link.port.push(batch(*range(29)), drop=False))
    for done in range(29):
        await until(lambda done=done: len(link.clients.ticks) >= min(29, done + 4))
        await link.settle()
        assert len(link.clients.ticks) == min(29, done + 4)
        link.play(1)
    assert await asyncio.wait_for(pushing, SECONDS) == 29
    assert [level_of(tick) for tick in link.clients.ticks] == list(range(29))


async def test_dropping_never_waits_and_admits_what_fits(link: Joined) -> None:
    assert await link.port.push(batch(*range(6)), drop=True) == 4
    assert await link.port.push(batch(*range(6)), drop=True) == 0
    link.play(2)
    admitted = 0
    while not admitted:
        await asyncio.sleep(0.001)
        admitted = await link.port.push(batch(7, 8, 9), drop=True)
    assert admitted == 2
    await link.settle()
    assert [level_of(tick) for tick in link.clients.ticks] == [0, 1, 2, 3, 7, 8]


async def test_the_model_knows_how_many_ticks_have_not_been_played(link: Joined) -> None:
    assert link.port.waiting() == 0
    await link.port.push(batch(1, 2, 3), drop=False)
    assert link.port.waiting() == 3
    link.play(2)
    await link.until_waiting(1)
    assert await link.port.push(batch(*range(9)), drop=True) == 3
    assert link.port.waiting() == 4
    link.play(4)
    await link.until_waiting(0)


async def test_a_push_waits_until_the_next_tick_is_to_be_worked_on(link: Joined) -> None:
    later = Grant(0, time.monotonic() + 3600.0, 0.1, 0.1)
    link.door.grant(later)
    # The newest grant counts as soon as it is there; a tick is let in in any case.
    pushing = asyncio.create_task(link.port.push(batch(1), drop=False))
    await until(lambda: link.clients.ticks)
    link.play(1)
    assert await asyncio.wait_for(pushing, SECONDS) == 1


async def test_grants_that_are_repeated_or_overtaken_do_no_harm(link: Joined) -> None:
    pushing = asyncio.create_task(link.port.push(batch(*range(12)), drop=False))
    for done in (3, 1, 3, 2, 5, 4, 8, 5, 8):
        link.door.grant(Grant(done, float("-inf"), 0.1, 0.4))
    assert await asyncio.wait_for(pushing, SECONDS) == 12
    assert await link.port.push(batch(1), drop=True) == 0
    await link.settle()
    assert [level_of(tick) for tick in link.clients.ticks] == list(range(12))


async def test_a_cut_releases_a_waiting_push_and_is_told_after_what_came_before(
    link: Joined,
) -> None:
    pushing = asyncio.create_task(link.port.push(batch(*range(9)), drop=False))
    await until(lambda: len(link.clients.ticks) == 4)
    link.port.cut(1, black=True)
    assert await asyncio.wait_for(pushing, SECONDS) == 4
    await link.settle()
    assert [call[0] for call in link.clients.calls] == ["push"] * 4 + ["cut"]
    assert link.clients.calls[-1] == ("cut", 1, True)


@pytest.mark.parametrize("drop", [True, False])
async def test_what_is_older_than_a_cut_is_not_admitted(link: Joined, drop: bool) -> None:
    link.port.cut(2, black=False)
    assert await link.port.push(batch(1, epoch=1), drop=drop) == 0
    assert await link.port.push(batch(2, epoch=2), drop=drop) == 1
    await link.settle()
    assert [level_of(tick) for tick in link.clients.ticks] == [2]


async def test_what_the_model_says_arrives_in_order(link: Joined) -> None:
    said: list[FromModel] = [Said("a", {"n": n}) for n in range(200)]
    said += [Answered(3, "done", {"x": [1, None, "ü"]}), SessionOver("s", "error")]
    said += [SessionClosed("s"), SessionOver("t", "stopped"), SessionClosed("t")]

    def speak() -> None:
        for message in said:
            link.port.post(message)

    await asyncio.to_thread(speak)
    await until(lambda: len(link.clients.calls) == len(said))
    assert link.clients.calls == [("receive", message) for message in said]


async def test_pushes_rates_cuts_and_words_keep_one_order(link: Joined) -> None:
    await link.port.push(batch(1), drop=False)
    link.port.set_rate(12.5)
    link.port.post(Said("a", {}))
    link.port.cut(1, black=False)
    await link.port.push(batch(2, epoch=1), drop=False)
    link.port.post(Said("b", {}, "anna"))
    await link.settle()
    assert [call[0] for call in link.clients.calls] == [
        "push", "rate", "receive", "cut", "push", "receive",
    ]  # fmt: skip


async def test_what_is_delivered_arrives_whole_and_in_order(link: Joined) -> None:
    file = UploadedFile("a \U0001f600.bin", "x/y", 300_000, bytes(range(250)) * 1200)
    sent: list[Any] = [SessionStarted("s"), ClientJoined("anna", 1.5)]
    for number in range(50):
        files = {"u": file} if number % 10 == 0 else {}
        sent.append(CommandRequested(number, "anna", "go", {"deep": [{"x": "ü"}]}, files))
    sent.append(FileReceived("anna", file))
    for message in sent:
        link.door.deliver(message)
    await until(lambda: len(link.model.delivered) == len(sent))
    assert link.model.delivered == sent


async def test_input_frames_arrive_whole_and_in_order(link: Joined) -> None:
    rng = np.random.default_rng(1)
    frames = []
    for number in range(100):
        shape = (int(rng.integers(1, 9)) * 3, int(rng.integers(1, 9)) * 2)
        frames.append(Feed("camera", rng.integers(0, 256, shape, np.uint8), number / 10, 5, 7))
    frames += [Feed("voice", np.full((1, 960), -n, np.int16)) for n in range(10)]
    for frame in frames:
        link.door.feed(frame)
    await until(lambda: len(link.model.fed) == len(frames))
    for track in ("camera", "voice"):
        sent, fed = ([f for f in some if f.track == track] for some in (frames, link.model.fed))
        for one, other in zip(sent, fed, strict=True):
            assert np.array_equal(one.data, other.data)
            assert one.data.dtype == other.data.dtype
            assert (one.pts, one.height, one.width) == (other.pts, other.height, other.width)


async def test_after_a_push_the_author_may_overwrite_everything(link: Joined) -> None:
    sent = batch(1, 2, 3, 4)
    await link.port.push(sent, drop=False)
    for array in (*sent.pictures.values(), *sent.sound.values()):
        array[:] = 0
    await link.settle()
    assert [level_of(tick) for tick in link.clients.ticks] == [1, 2, 3, 4]


async def test_pictures_of_every_size_and_of_several_tracks(link: Joined) -> None:
    rng = np.random.default_rng(2)
    sizes = [(2, 2), (1, 1), (7, 5), (720, 1280), (3, 1281), (2160, 3840), (4, 4), (720, 1280)]
    sent = []
    for height, width in sizes:
        pictures = {
            "main": rng.integers(0, 256, (height, width, 3), np.uint8),
            "depth": rng.integers(0, 256, (width % 9 + 1, height % 7 + 1, 3), np.uint8),
        }
        sent.append(pictures)
        await link.port.push(Batch(1, pictures), drop=False)
        await until(lambda: len(link.clients.ticks) == len(sent))
        link.play(1)
    for tick, pictures in zip(link.clients.ticks, sent, strict=True):
        assert set(tick.pictures) == {"main", "depth"}
        for name, rgb in pictures.items():
            assert np.array_equal(tick.pictures[name], to_i420(rgb))


async def test_sound_without_pictures_and_nothing_at_all(link: Joined) -> None:
    stereo = np.arange(8, dtype=np.int16).reshape(2, 4)
    assert await link.port.push(Batch(1, {}, {"voice": stereo}), drop=False) == 1
    assert await link.port.push(Batch(0), drop=False) == 0
    assert await link.port.push(Batch(0), drop=True) == 0
    await link.settle()
    (tick,) = link.clients.ticks
    assert tick.pictures == {}
    assert tick.sound["voice"].tolist() == stereo.tolist()


async def test_credits_and_input_flow_while_author_code_holds_its_thread(link: Joined) -> None:
    held, free = threading.Event(), threading.Event()

    async def author() -> None:
        await link.port.push(batch(1, 2, 3, 4), drop=False)
        held.set()
        free.wait()
        assert await link.port.push(batch(5, 6, 7, 8), drop=True) == 4

    running = asyncio.create_task(asyncio.to_thread(asyncio.run, author()))
    await asyncio.to_thread(held.wait)
    link.play(4)
    link.door.feed(Feed("camera", np.zeros((6, 4), np.uint8)))
    link.door.deliver(SessionStarted("after"))
    await until(lambda: link.model.fed and link.model.delivered)
    free.set()
    await running


async def test_the_last_picture_stays_readable_while_the_model_idles(link: Joined) -> None:
    link.clients.keep = True
    for level in range(40):
        await link.port.push(batch(level), drop=False)
        await until(lambda: link.clients.ticks)
        last = link.clients.ticks[-1]
        link.clients.calls.clear()
        link.play(1)
    await asyncio.sleep(0.02)
    assert level_of(last) == 39


async def test_an_author_whose_conversion_fails_keeps_its_credits(link: Joined) -> None:
    wrong = Batch(1, {"main": np.zeros((4, 4, 3), np.float64)})
    for _ in range(3):
        with pytest.raises(Exception, match=r".+"):
            await link.port.push(wrong, drop=False)
    await link.settle()
    # What a failed tick took of the bound comes back as if it had been played.
    link.play(3)
    pushing = asyncio.create_task(link.port.push(batch(1, 2, 3, 4), drop=False))
    assert await asyncio.wait_for(pushing, SECONDS) == 4
    await link.settle()
    assert [level_of(tick) for tick in link.clients.ticks if tick.pictures] == [1, 2, 3, 4]


@pytest.mark.parametrize("end", ["model", "clients"])
async def test_nothing_waits_or_fails_after_the_death_of_an_end(link: Joined, end: str) -> None:
    pushing = asyncio.create_task(link.port.push(batch(*range(9)), drop=False))
    await until(lambda: len(link.clients.ticks) == 4)
    (link.kill_model if end == "model" else link.kill_clients)()
    link.port.cut(1, black=False)
    assert await asyncio.wait_for(pushing, SECONDS) == 4
    for _ in range(100):
        link.port.set_rate(5.0)
        link.port.post(Said("a", {"x": "y" * 10_000}))
        link.door.deliver(SessionStarted("s"))
        link.door.feed(Feed("camera", np.zeros((6, 4), np.uint8)))
        link.play(1)
        await asyncio.sleep(0)
    await until(lambda: link.port.waiting() == 0)


class Watching(Clients):
    """Clients that play out of a real frame queue, whenever a test says so.

    Pictures are looked at when they are played, where they lie: one that is overwritten is seen.
    """

    def __init__(self) -> None:
        super().__init__(keep=True)
        self.queue = FrameQueue(CONTRACT.buffer_size, 1000.0)
        self.played: list[int] = []
        self.last: Tick | None = None
        self.most = 0

    def push(self, tick: Tick) -> None:
        self.queue.push(tick, 0.0)
        self.most = max(self.most, len(self.queue))

    def cut(self, epoch: int, black: bool) -> None:
        self.queue.cut(epoch)

    def play(self) -> None:
        if self.last is not None and self.last.pictures:
            level_of(self.last)
        if len(self.queue):
            self.last = self.queue.play(0.0)
            if self.last.pictures:
                self.played.append(level_of(self.last))


STEPS = st.lists(
    st.sampled_from(["push", "push", "many", "drop", "cut", "play", "play", "grow", "yield"]),
    max_size=40,
)


@pytest.mark.parametrize("name", LINKS)
@settings(max_examples=60)
@given(steps=STEPS)
def test_nothing_is_lost_or_doubled_whatever_happens_when(name: str, steps: list[str]) -> None:
    asyncio.run(_live(name, steps))


SIZES = [(4, 6), (1024, 720), (7, 5), (1448, 1000)]


async def _live(name: str, steps: list[str]) -> None:
    clients = Watching()
    async with LINKS[name](CONTRACT, FakeModel(), clients) as link:
        numbers, epoch, size = itertools.count(), 0, SIZES[0]
        admitted: list[tuple[int, int]] = []  # (epoch, level), of pushes that wait

        async def push(count: int, *, drop: bool) -> int:
            levels = [next(numbers) for _ in range(count)]
            began = epoch
            passed = await link.port.push(batch(*levels, epoch=began, size=size), drop=drop)
            if not drop:
                admitted.extend((began, level) for level in levels[:passed])
            return passed

        def play() -> None:
            clients.play()
            link.door.grant(clients.queue.grant())

        waiting: asyncio.Queue[int | None] = asyncio.Queue()

        async def author() -> None:
            while (count := await waiting.get()) is not None:
                await push(count, drop=False)

        running = asyncio.create_task(author())
        dropping = 0
        for step in steps:
            match step:
                case "push":
                    waiting.put_nowait(1)
                case "many":
                    waiting.put_nowait(7)
                case "drop":
                    dropping += await push(3, drop=True)
                case "cut":
                    epoch += 1
                    link.port.cut(epoch, black=False)
                case "play":
                    play()
                case "grow":
                    size = SIZES[(SIZES.index(size) + 1) % len(SIZES)]
            await asyncio.sleep(0.0005 if step == "yield" else 0)
        waiting.put_nowait(None)
        while not running.done():
            play()
            await asyncio.sleep(0)
        await link.settle()
        while len(clients.queue):
            play()
        counted = clients.queue.statistics()
        # One that does not wait may overtake one that does; else order is that of the calls.
        waited = [level for _, level in admitted]
        for some in (set(waited), set(clients.played) - set(waited)):
            in_order = [level for level in clients.played if level in some]
            assert in_order == sorted(in_order)
        assert len(clients.played) == len(set(clients.played))
        assert {level for began, level in admitted if began == epoch} <= set(clients.played)
        assert len(clients.played) + counted.dropped >= len(admitted) + dropping
        assert clients.most <= CONTRACT.buffer_size
        # The whole bound is free again.
        link.door.grant(clients.queue.grant())
        await link.until_waiting(0)
        pushing = link.port.push(batch(1, 2, 3, 4, epoch=epoch), drop=False)
        assert await asyncio.wait_for(pushing, SECONDS) == 4
        await until(lambda: len(clients.queue) == 4)
