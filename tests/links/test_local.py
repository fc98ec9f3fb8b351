"""What is special about the ring link. What all links have in common is in `test_contract.py`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgpack
import numpy as np
import pytest

from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import Grant, Said, SessionStarted
from reactor_actors.core.pixels import to_i420
from reactor_actors.core.ports import Feed
from reactor_actors.core.wire import inbound
from reactor_actors.core.wire.outbound import Ack
from reactor_actors.engine.host import ModelHost
from reactor_actors.flow.buffer import CAPACITY
from reactor_actors.interface.compile import program_of
from reactor_actors.links import local
from reactor_actors.links.local import SHOWN_SLOTS, ClientsEnd, ModelEnd
from reactor_actors.links.meeting import Address, Listener, reach
from reactor_actors.transports.host import TransportHost
from tests.authoring.simplest import Painter, grey_of
from tests.fakes import FakeModel, FakePeer, FakeScreen
from tests.links.joined import CONTRACT, SECONDS, Clients, batch, level_of, meet, until

SLOTS = CONTRACT.buffer_size + 2 * SHOWN_SLOTS


class Ends:
    """Both ends in this process, with clients that keep every tick as it came."""

    def __init__(self, ours: ClientsEnd, theirs: ModelEnd, model: FakeModel, seen: Clients) -> None:
        self.ours, self.theirs, self.model, self.clients = ours, theirs, model, seen
        self.done = 0

    def play(self, count: int) -> None:
        self.done += count
        self.ours.grant(Grant(self.done, float("-inf"), 0.1, 0.4))

    async def push(self, *levels: int, drop: bool = False) -> int:
        pushing = self.theirs.push(batch(*levels), drop=drop)
        return await asyncio.wait_for(pushing, SECONDS)

    async def arrived(self, count: int) -> list[Tick]:
        await until(lambda: len(self.clients.ticks) >= count)
        return self.clients.ticks

    def forget(self, count: int) -> None:
        del self.clients.calls[:count]


@asynccontextmanager
async def joined() -> AsyncIterator[Ends]:
    model, seen = FakeModel(), Clients(keep=True)
    ours, theirs = await meet(CONTRACT, model, seen)
    try:
        yield Ends(ours, theirs, model, seen)
    finally:
        ours.close()
        theirs.close()
        seen.calls.clear()


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    async with joined() as both:
        yield both


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Fail a test that leaves a descriptor, a thread of the link, or a file anywhere behind."""
    gc.collect()
    before = footprint()
    yield
    gc.collect()
    assert footprint() == before


def footprint() -> tuple[object, ...]:
    links = sum(thread.name == "link" for thread in threading.enumerate())
    descriptors = len(os.listdir("/proc/self/fd"))
    files = [name for name in os.listdir(tempfile.gettempdir()) if "reactor" in name]
    return links, mappings(), descriptors, os.listdir("/dev/shm"), files


def mappings() -> int:
    """How many rings this process has mapped."""
    return Path("/proc/self/maps").read_text().count("reactor-ring")


async def test_a_push_waits_for_a_slot_while_the_clients_hold_them_all(ends: Ends) -> None:
    for level in range(SLOTS):
        await ends.push(level)
        ends.play(1)
        await ends.arrived(level + 1)
    assert await ends.push(100, drop=True) == 0
    pushing = asyncio.create_task(ends.push(50))
    await asyncio.sleep(0.02)
    assert not pushing.done()
    assert [level_of(tick) for tick in ends.clients.ticks] == list(range(SLOTS))
    # No grant comes now: the release alone has to wake it.
    ends.forget(1)
    assert await pushing == 1
    await ends.arrived(SLOTS)
    assert [level_of(tick) for tick in ends.clients.ticks] == [*range(1, SLOTS), 50]


async def test_a_slot_that_another_thread_lets_go_of_wakes_a_push(ends: Ends) -> None:
    for level in range(SLOTS):
        await ends.push(level)
        ends.play(1)
        await ends.arrived(level + 1)
    pushing = asyncio.create_task(ends.push(50))
    await asyncio.sleep(0.01)
    await asyncio.to_thread(ends.forget, 1)
    assert await pushing == 1


@pytest.mark.parametrize("how", ["cut", "cancelled", "closed"])
async def test_a_push_that_waits_for_a_slot_can_be_given_up(ends: Ends, how: str) -> None:
    for level in range(SLOTS):
        await ends.push(level)
        ends.play(1)
        await ends.arrived(level + 1)
    pushing = asyncio.create_task(ends.theirs.push(batch(50, 51), drop=False))
    await asyncio.sleep(0.01)
    if how == "cut":
        ends.theirs.cut(1, black=False)
    elif how == "cancelled":
        pushing.cancel()
    else:
        ends.ours.close()
    if how == "cancelled":
        with pytest.raises(asyncio.CancelledError):
            await pushing
    else:
        assert await asyncio.wait_for(pushing, SECONDS) == 0
    if how == "closed":
        return
    # The credit it had comes back, as a tick without pictures.
    await until(lambda: len(ends.clients.ticks) == SLOTS + 1)
    assert not ends.clients.ticks[-1].pictures
    ends.forget(SLOTS + 1)
    ends.play(1)
    again = ends.theirs.push(batch(1, 2, 3, 4, epoch=1), drop=False)
    assert await asyncio.wait_for(again, SECONDS) == 4


async def test_releases_ride_with_grants(ends: Ends) -> None:
    for level in range(200):
        await ends.push(level)
        ticks = await ends.arrived(1)
        assert level_of(ticks[0]) == level
        del ticks
        ends.forget(1)
        ends.play(1)


async def test_pictures_are_read_only_and_stay_after_the_link(ends: Ends) -> None:
    await ends.push(7)
    (tick,) = await ends.arrived(1)
    with pytest.raises(ValueError, match="read-only"):
        tick.pictures["main"][0, 0] = 1
    ends.ours.close()
    ends.theirs.close()
    assert level_of(tick) == 7


async def test_a_resolution_that_grows_leaves_the_pictures_before_alone(ends: Ends) -> None:
    rng = np.random.default_rng(3)
    sizes = [(64, 64), (1080, 1920), (64, 64), (2160, 3840)]
    before = mappings()
    sent = [rng.integers(0, 256, (*size, 3), np.uint8) for size in sizes]
    for rgb in sent:
        await ends.theirs.push(Batch(1, {"main": rgb}), drop=True)
    ticks = await ends.arrived(len(sent))
    for tick, rgb in zip(ticks, sent, strict=True):
        assert np.array_equal(tick.pictures["main"], to_i420(rgb))
    assert mappings() == before + 4  # one of the model's end, three that are looked at
    del ticks, tick
    ends.clients.calls.clear()
    assert mappings() == before + 2


async def test_the_ends_learn_of_each_others_close(ends: Ends) -> None:
    ends.ours.close()
    reason = await asyncio.wait_for(asyncio.wrap_future(ends.theirs.closed), SECONDS)
    assert reason.startswith("the other end is gone")
    assert await ends.ours.closed == "closed at this end"


async def test_whoever_gives_up_waiting_for_the_end_does_not_disturb_it(ends: Ends) -> None:
    for end in (asyncio.wrap_future(ends.theirs.closed), ends.ours.closed):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(end, 0.001)
    ends.ours.close()
    await until(ends.theirs.closed.done)
    assert ends.theirs.closed.result().startswith("the other end is gone")


async def test_closing_the_model_end_ends_its_thread_and_is_repeatable(ends: Ends) -> None:
    ends.theirs.close()
    ends.theirs.close()
    assert ends.theirs.closed.result() == "closed at this end"
    assert (await asyncio.wait_for(ends.ours.closed, SECONDS)).startswith("the other end is gone")
    assert not [thread for thread in threading.enumerate() if thread.name == "link"]


async def test_nothing_is_read_before_the_start() -> None:
    listener, seen = Listener(), Clients()
    theirs = ModelEnd(reach(listener.address), CONTRACT, FakeModel())
    ours = ClientsEnd(await asyncio.wait_for(listener.accept(), SECONDS), seen)
    listener.close()
    await theirs.push(batch(1, 2), drop=False)
    await asyncio.sleep(0.01)
    assert seen.calls == []
    ours.start()
    await until(lambda: len(seen.ticks) == 2)
    ours.close()
    theirs.close()


async def test_input_that_the_model_does_not_take_in_time_is_bounded() -> None:
    """The I/O thread of the model's end stands still: as when the process is stopped."""
    blocked, reached = threading.Event(), threading.Event()

    class Slow(FakeModel):
        def feed(self, frame: Feed) -> None:
            reached.set()
            blocked.wait()
            super().feed(frame)

    model = Slow()
    ours, theirs = await meet(CONTRACT, model, Clients())
    ours.feed(Feed("camera", np.full((6, 4), 0, np.uint8)))
    await asyncio.to_thread(reached.wait)
    for number in range(1, 1000):
        ours.feed(Feed("camera", np.full((6, 4), number % 256, np.uint8), float(number)))
    blocked.set()
    await until(lambda: model.fed and model.fed[-1].pts == 999.0)
    assert CAPACITY <= len(model.fed) < CAPACITY + 20
    assert all(frame.data[0, 0] == frame.pts % 256 for frame in model.fed if frame.pts)
    ours.close()
    theirs.close()


async def test_who_floods_the_clients_is_held_back_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local, "PATIENCE", 2**18)
    listener, seen = Listener(), Clients()
    theirs = ModelEnd(reach(listener.address), CONTRACT, FakeModel())
    ours = ClientsEnd(await listener.accept(), seen)
    listener.close()

    def flood() -> None:
        for number in range(200):
            theirs.post(Said("a", {"number": number, "text": "x" * 10_000}))

    flooding = asyncio.create_task(asyncio.to_thread(flood))
    await asyncio.sleep(0.05)
    assert not flooding.done()
    ours.start()
    await asyncio.wait_for(flooding, SECONDS)
    await until(lambda: len(seen.calls) == 200)
    assert [call[1].data["number"] for call in seen.calls] == list(range(200))
    ours.close()
    theirs.close()


async def test_a_model_that_has_stopped_reading_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local, "GIVE_UP", 2**18)
    listener = Listener()
    silent = reach(listener.address)
    ours = ClientsEnd(await listener.accept(), Clients())
    listener.close()
    ours.start()
    for _ in range(100):
        ours.deliver(SessionStarted("x" * 10_000))
    assert await asyncio.wait_for(ours.closed, SECONDS) == "the model has stopped reading"
    silent.close()


async def test_a_malformed_frame_ends_the_link_and_nothing_else() -> None:
    listener = Listener()
    broken = reach(listener.address)
    ours = ClientsEnd(await listener.accept(), Clients())
    listener.close()
    ours.start()
    broken.send(b"\0\0\0\x01\0\0\0\0\xc1")
    assert "no msgpack" in await asyncio.wait_for(ours.closed, SECONDS)
    broken.close()


@pytest.mark.parametrize(
    "fields",
    [
        ["Pushed", 0, 0.0, 0, 0, [], []],
        ["Pushed", 0, 0.0, 7, 0, [], []],
        ["Pushed", 0, 0.0, None, None, [], [["voice", 2, b"abc"]]],
        ["Pushed", 0, 0.0, None, None, [], [["voice", 0, b"ab"]]],
        ["Released", 0, [1]],
        ["RingMade", 0, 4, 4096],
    ],
)
async def test_what_cannot_be_ends_the_link_or_is_nothing(fields: list[object]) -> None:
    listener = Listener()
    broken = reach(listener.address)
    ours = ClientsEnd(await listener.accept(), Clients())
    listener.close()
    ours.start()
    ours.feed(Feed("camera", np.zeros((6, 4), np.uint8)))
    head = msgpack.packb(fields)
    broken.send(len(head).to_bytes(4, "big") + bytes(4) + head)
    assert await asyncio.wait_for(ours.closed, SECONDS)
    assert "closed at this end" not in ours.closed.result()
    broken.close()


class Process:
    """Another process at the far end; killed without ceremony at the end of a test."""

    def __init__(self, mode: str, address: Address | None = None) -> None:
        name, secret = (address.name, address.secret.hex()) if address else ("-", "00")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.links.other_end", mode, name, secret],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    async def line(self) -> str:
        assert self._process.stdout is not None
        return (await asyncio.to_thread(self._process.stdout.readline)).strip()

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@asynccontextmanager
async def model_process(mode: str, clients: Clients) -> AsyncIterator[tuple[Process, ClientsEnd]]:
    listener = Listener()
    process = Process(mode, listener.address)
    try:
        ours = ClientsEnd(await asyncio.wait_for(listener.accept(), SECONDS), clients)
        listener.close()
        try:
            yield process, ours
        finally:
            ours.close()
    finally:
        listener.close()
        process.end()


async def test_three_hundred_pictures_of_720p_from_another_process() -> None:
    class Playing(Clients):
        def push(self, tick: Tick) -> None:
            levels.append(level_of(tick))
            if len(levels) % 3 == 0 or len(levels) > 290:
                ours.grant(Grant(len(levels), float("-inf"), 0.01, 0.04))

    levels: list[int] = []
    clients = Playing()
    async with model_process("throughput", clients) as (_, ours):
        ours.start()
        await until(lambda: clients.calls)
        assert levels == [level % 256 for level in range(300)]
        assert clients.calls == [("receive", Said("over", {"count": 300}))]


async def test_input_to_another_process_arrives_whole() -> None:
    async with model_process("reader", Clients()) as (process, ours):
        ours.start()
        for number in range(100):
            height = 6 if number < 50 else 1080
            ours.feed(Feed("camera", np.full((height, 1280), number % 256, np.uint8)))
        ours.deliver(SessionStarted("over"))
        # Frames that waited for a slot come after what was said meanwhile.
        assert 0 < int(await process.line()) <= 100


async def test_when_the_model_is_killed_the_clients_know_at_once_and_keep_the_picture() -> None:
    clients = Clients(keep=True)
    async with model_process("stream", clients) as (process, ours):
        ours.start()
        for played in range(1, 60):
            await until(lambda: clients.ticks)
            last = clients.ticks[-1]
            clients.calls.clear()
            ours.grant(Grant(played, float("-inf"), 0.01, 0.04))
        process.kill()
        reason = await asyncio.wait_for(ours.closed, SECONDS)
        assert reason.startswith("the other end is gone")
        assert level_of(last) >= 58
        ours.grant(Grant(100, 1.0, 0.1, 0.1))
        ours.deliver(SessionStarted("s"))
        ours.feed(Feed("camera", np.zeros((6, 4), np.uint8)))
        clients.calls.clear()
        del last


async def test_a_child_of_a_killed_model_does_not_keep_the_link_alive() -> None:
    async with model_process("fork", Clients()) as (process, ours):
        ours.start()
        child = int(await process.line())
        try:
            process.kill()
            await asyncio.wait_for(ours.closed, SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


async def test_when_the_clients_are_killed_a_waiting_push_returns() -> None:
    process = Process("clients")
    try:
        name, secret = (await process.line()).split()
        model = FakeModel()
        theirs = ModelEnd(reach(Address(name, bytes.fromhex(secret))), CONTRACT, model)
        pushing = asyncio.create_task(theirs.push(batch(*range(9)), drop=False))
        assert await process.line() == "full"
        assert not pushing.done()
        process.kill()
        assert await asyncio.wait_for(pushing, SECONDS) == 4
        await asyncio.wait_for(asyncio.wrap_future(theirs.closed), SECONDS)
        assert len(model.fed) == 1
        theirs.post(Said("a", {}))
        theirs.close()
    finally:
        process.end()


class OnePicture(FakeScreen):
    """A screen that shows, and keeps the last picture only, as real ones do."""

    shown = 0

    def show(self, tick: Tick) -> None:
        self.ticks.clear()
        super().show(tick)
        self.shown += 1


async def test_a_model_and_its_clients_are_served_over_the_ring() -> None:
    host, screen = ModelHost(lambda: program_of(Painter, {"easel": [48, 64]})), OnePicture()
    transport = TransportHost(screen)
    contract = await asyncio.wait_for(asyncio.wrap_future(host.load()), SECONDS)
    ours, theirs = await meet(contract, host, transport)
    transport.attach(ours, contract)
    transport.start("s")
    anna = FakePeer("anna")
    transport.join(anna)
    ended = host.serve(theirs)
    await until(lambda: screen.shown > 40)
    transport.hear("anna", inbound.Command("1", "set_prompt", {"prompt": "rain"}))
    await until(lambda: Ack("1") in anna.told)
    await until(lambda: abs(int(screen.newest()[0, 0, 0]) - grey_of("rain")) < 3)
    ours.close()
    assert (await asyncio.wrap_future(theirs.closed)).startswith("the other end is gone")
    host.stop()
    await asyncio.wait_for(asyncio.wrap_future(ended), SECONDS)
    assert await asyncio.to_thread(host.close)
    theirs.close()
    await transport.close()
    screen.ticks.clear()
