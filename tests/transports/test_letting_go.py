"""Pictures lie in memory that the model waits for: who lets go of them, and when.

No garbage collector runs: a slot that only it can find is one that the model does without.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from reactor_actors.core import events as ev
from reactor_actors.core import messages as link
from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Direction, Kind, Tick, Track
from reactor_actors.core.pixels import to_i420
from reactor_actors.transports.host import TransportHost
from reactor_actors.transports.relay import Relay, Tap
from reactor_actors.transports.webrtc.outbound import PacketTrack
from reactor_actors.transports.webrtc.streams import Streams
from tests.fakes import FakeModel, FakePeer
from tests.local import eventually

pytestmark = pytest.mark.usefixtures("uncollected")

LEFT, RIGHT = (Track(name, Kind.VIDEO, Direction.OUT) for name in ("left", "right"))
CONTRACT = Contract("eyes", tracks=(LEFT, RIGHT), fps=200.0, buffer_size=64)
STANDING = 2
"""One picture of each track stands, for whoever comes late."""


class Slots:
    """A model that emits, and the slots of its that somebody still looks at."""

    def __init__(self) -> None:
        self.lent: list[weakref.ref[np.ndarray]] = []

    @property
    def out(self) -> int:
        return sum(slot() is not None for slot in self.lent)

    def tick(self, *tracks: str, epoch: int = 0) -> Tick:
        memory = np.zeros(2 * 48 * 48, np.uint8)
        self.lent.append(weakref.ref(memory))
        pictures, start = {}, 0
        for name in tracks:
            picture = to_i420(np.full((32, 48, 3), len(self.lent), np.uint8))
            pictures[name] = np.ndarray(picture.shape, np.uint8, memory, start)
            pictures[name][:] = picture
            start += picture.nbytes
        return Tick(epoch, pictures)

    async def given_back_but(self, most: int) -> None:
        await eventually(lambda: self.out <= most)


class Eyes:
    """The clients' side of a replica with two tracks of pictures, each with two viewers."""

    def __init__(self) -> None:
        self.streams = Streams()
        self.relay = Relay("0", self.streams)
        self.host = TransportHost(self.relay)
        self.slots = Slots()
        self.begin("s1")

    def begin(self, session: str) -> None:
        self.streams.declare(CONTRACT.tracks, CONTRACT.fps)
        if self.host.contract is None:
            self.host.attach(FakeModel(), CONTRACT)
        self.host.start(session)
        self.host.join(FakePeer("anna"))
        self.viewers = [
            (stream, PacketTrack("video"), codec)
            for stream in self.streams.video.values()
            for codec in ("VP8", "H264")
        ]
        for stream, viewer, codec in self.viewers:
            stream.join(viewer, codec)

    def emit(self, count: int, epoch: int = 0) -> None:
        for number in range(count):
            names = ("left", "right") if number % 3 else ("left",)
            self.host.push(self.slots.tick(*names, epoch=epoch))

    async def emitted(self, count: int) -> None:
        """Emit, and wait until all of it has been played and encoded, or given up."""
        self.emit(count)
        await eventually(lambda: (s := self.host.statistics()) is not None and not s.waiting)

    def end(self) -> None:
        for stream, viewer, _ in self.viewers:
            stream.leave(viewer)
        self.host.stop()
        self.host.receive(link.SessionClosed(str(self.host.session)))


@asynccontextmanager
async def eyes() -> AsyncIterator[Eyes]:
    made = Eyes()
    try:
        yield made
    finally:
        await made.host.close()
        await made.streams.close()


async def test_what_was_shown_is_given_back_but_for_what_stands() -> None:
    async with eyes() as clients:
        await clients.emitted(30)
        await clients.slots.given_back_but(STANDING)


async def test_what_is_flushed_is_given_back_at_once() -> None:
    async with eyes() as clients:
        await clients.emitted(3)
        await clients.slots.given_back_but(STANDING)
        clients.emit(20)
        clients.host.cut(1, black=True)
        clients.emit(5)  # of before the cut, on its way until now
        await clients.slots.given_back_but(0)


async def test_nobody_who_reads_slowly_keeps_a_slot() -> None:
    async with eyes() as clients:
        taps = [Tap(None, 100), Tap(frozenset({"right"}), 1)]
        for tap in taps:
            clients.relay.join(tap)
        asking = asyncio.create_task(clients.relay.newest("left", 10, 60.0, lambda: False))
        await clients.emitted(30)
        await asking
        given_up = asyncio.create_task(clients.relay.newest("left", 10**6, 60.0, lambda: False))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(clients.relay.newest("left", 10**6, 60.0, lambda: False), 0.01)
        given_up.cancel()
        await asyncio.wait([given_up])
        assert await taps[0].take()
        await clients.slots.given_back_but(STANDING)


async def test_a_crash_leaves_no_more_than_what_stands_and_the_end_nothing() -> None:
    async with eyes() as clients:
        clients.emit(40)
        clients.host.detach(ev.ModelLost(0.0, 1, 3, 1000))
        await clients.slots.given_back_but(STANDING)
        clients.host.attach(FakeModel(), CONTRACT)
        clients.streams.declare((LEFT, replace(RIGHT, name="third")), CONTRACT.fps)
        await clients.emitted(10)
        clients.end()
        await clients.slots.given_back_but(0)


async def test_no_session_leaves_a_slot_to_the_next() -> None:
    async with eyes() as clients:
        for number in range(2, 5):
            clients.emit(10)
            await clients.slots.given_back_but(8)
            clients.emit(10)
            clients.end()
            await clients.slots.given_back_but(0)
            clients.begin(f"s{number}")
