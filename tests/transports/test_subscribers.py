"""Batches for subscribers: at their own pace, dropped when slow, and never in the stream's way."""

from __future__ import annotations

import asyncio
import weakref
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from reactor_actors.core.batches import FrameBatch, Shown
from reactor_actors.core.errors import PeerGone, SetupError
from reactor_actors.core.media import Tick
from reactor_actors.core.pixels import to_i420
from reactor_actors.transports.relay import Tap
from tests.hosted import Hosted, hosting
from tests.local import eventually
from tests.transports.test_guests import Echo


class Target:
    """Somebody who takes batches, as slowly and as badly as a test wants."""

    def __init__(self) -> None:
        self.batches: list[FrameBatch] = []
        self.free = asyncio.Event()
        self.free.set()
        self.failure: Exception | None = None

    @property
    def numbers(self) -> list[int]:
        return [number for batch in self.batches for number in batch.numbers]

    async def __call__(self, batch: FrameBatch) -> None:
        self.batches.append(batch)
        await self.free.wait()
        if self.failure is not None:
            raise self.failure


def show(hosted: Hosted, count: int, replica: str = "0") -> None:
    picture = to_i420(np.zeros((4, 4, 3), np.uint8))
    for _ in range(count):
        hosted.server.venues[replica].relay.show(Tick(1, {"main_video": picture}))


def keep_an_eye_on(hosted: Hosted) -> weakref.ref[Any]:
    """Show a picture, and return what tells whether it is still kept."""
    seen: list[Any] = []

    class Eye(Tap):
        def offer(self, shown: Shown) -> None:
            seen.append(weakref.ref(shown.pictures["main_video"]))

    eye = Eye(None, 1)
    hosted.venue.relay.join(eye)
    show(hosted, 1)
    hosted.venue.relay.leave(eye)
    return seen[0]


async def test_everything_is_delivered_to_who_keeps_up() -> None:
    async with hosting(Echo) as hosted:
        target = Target()
        number = hosted.server.subscribers.open(None, 8, None, target)
        for last in range(1, 21):
            show(hosted, 1)
            await eventually(lambda last=last: target.numbers[-1:] == [last])
        assert target.numbers == list(range(1, 21))
        ended = await hosted.server.subscribers.stop(number)
        assert (ended.delivered, ended.dropped, ended.failed) == (20, 0, 0)
        assert hosted.venue.relay.taps == 0


async def test_what_is_shown_meanwhile_comes_in_one_batch_and_the_oldest_is_dropped() -> None:
    async with hosting(Echo) as hosted:
        target = Target()
        target.free.clear()
        number = hosted.server.subscribers.open(None, 4, None, target)
        show(hosted, 1)
        await eventually(lambda: target.batches)
        show(hosted, 10)
        assert hosted.server.subscribers.delivery(number).dropped == 6
        target.free.set()
        await eventually(lambda: len(target.batches) == 2)
        assert target.numbers == [1, 8, 9, 10, 11]
        assert [batch.dropped for batch in target.batches] == [0, 6]


async def test_a_batch_that_fails_is_followed_by_the_next() -> None:
    async with hosting(Echo) as hosted:
        target = Target()
        target.failure = ValueError("no")
        number = hosted.server.subscribers.open(None, 4, None, target)
        show(hosted, 1)
        await eventually(lambda: hosted.server.subscribers.delivery(number).failed == 1)
        target.failure = None
        show(hosted, 1)
        await eventually(lambda: hosted.server.subscribers.delivery(number).delivered == 1)
        assert target.numbers == [1, 2]


async def test_a_dead_target_is_dropped_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    async with hosting(Echo) as hosted:
        target = Target()
        target.failure = PeerGone("its process has died")
        number = hosted.server.subscribers.open(None, 4, None, target)
        show(hosted, 1)
        await eventually(lambda: hosted.server.subscribers.delivery(number).over)
        assert hosted.venue.relay.taps == 0
        show(hosted, 1)
        assert target.numbers == [1]
        told = [record.message for record in caplog.records if "is dropped" in record.message]
        assert told == ["subscriber 1 is dropped: its process has died"]


async def test_of_who_has_died_no_picture_is_kept_but_how_it_went() -> None:
    async with hosting(Echo) as hosted:
        target = Target()
        target.free.clear()
        target.failure = PeerGone("its process has died")
        subscribers = hosted.server.subscribers
        number = subscribers.open(None, 8, None, target)
        show(hosted, 1)
        await eventually(lambda: target.batches)
        kept = keep_an_eye_on(hosted)
        assert kept() is not None
        target.free.set()
        await eventually(lambda: subscribers.delivery(number).over)
        assert kept() is None
        assert (await subscribers.stop(number)).over == "its process has died"
        with pytest.raises(PeerGone, match="the subscription has ended"):
            subscribers.delivery(number)


async def test_how_it_went_is_known_of_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactor_actors.transports.subscribers.REMEMBERED", 2)
    async with hosting(Echo) as hosted:
        target = Target()
        target.failure = PeerGone("its process has died")
        subscribers = hosted.server.subscribers
        numbers = [subscribers.open(None, 8, None, target) for _ in range(3)]
        show(hosted, 1)
        await eventually(lambda: hosted.venue.relay.taps == 0)
        known = 0
        for number in numbers:
            with suppress(PeerGone):
                known += bool(subscribers.delivery(number).over)
        assert known == 2


async def test_the_end_of_the_server_is_told_to_all_of_them() -> None:
    async with hosting(Echo) as hosted:
        subscribers = hosted.server.subscribers
        numbers = [subscribers.open(None, 8, None, Target()) for _ in range(3)]
        closing = asyncio.ensure_future(subscribers.close())
        await asyncio.sleep(0)
        await subscribers.stop(numbers[0])
        await closing
        assert subscribers.delivery(numbers[2]).over == "the server has ended"


async def test_one_replica_can_be_chosen_and_batches_never_mix_them() -> None:
    async with hosting(Echo, replicas=2) as hosted:
        everything, one = Target(), Target()
        hosted.server.subscribers.open(None, 8, None, everything)
        hosted.server.subscribers.open(["main_video"], 8, "1", one)
        for replica in ("0", "0", "1", "0"):
            show(hosted, 1, replica)
        await eventually(lambda: len(everything.numbers) == 4)
        told = [(batch.replica, batch.numbers) for batch in everything.batches]
        assert told == [("0", (1, 2)), ("1", (1,)), ("0", (3,))]
        assert [batch.replica for batch in one.batches] == ["1"]


async def test_batches_can_be_fetched() -> None:
    async with hosting(Echo) as hosted:
        subscribers = hosted.server.subscribers
        number = subscribers.open(None, 8, None)
        assert await subscribers.take(number, 0.0) is None
        show(hosted, 3)
        batch = await subscribers.take(number, 1.0)
        assert batch is not None
        assert batch.numbers == (1, 2, 3)
        waiting = asyncio.ensure_future(subscribers.take(number, 10.0))
        await asyncio.sleep(0)
        assert (await subscribers.stop(number)).delivered == 3
        for asked in (waiting, subscribers.take(number, 0.0)):
            with pytest.raises(PeerGone):
                await asked


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ((["nowhere"], 8, None), "tracks: expected some of .*main_video.*; got 'nowhere'"),
        ((None, 0, None), "bound: expected a number from 1 to 1024; got 0"),
        ((None, 8, "7"), "replica: expected one of 0; got '7'"),
    ],
)
async def test_what_cannot_be_subscribed_to_is_refused(asked: tuple, told: str) -> None:
    async with hosting(Echo) as hosted:
        with pytest.raises(SetupError, match=told):
            hosted.server.subscribers.open(*asked)
