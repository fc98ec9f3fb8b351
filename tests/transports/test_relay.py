"""What is shown, for whoever keeps it: copies, bounds, and no cost without anybody."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_actors.core.batches import batch_of
from reactor_actors.core.media import Tick
from reactor_actors.core.pixels import to_i420
from reactor_actors.transports.relay import Relay, Tap
from tests.fakes import FakeScreen


def grey(level: int, height: int = 4, width: int = 6) -> Any:
    return to_i420(np.full((height, width, 3), level, np.uint8))


def sample(level: int) -> Any:
    return np.full((1, 10), level, np.int16)


def relay_to(screen: FakeScreen, *taps: Tap) -> Relay:
    relay = Relay("0", screen)
    for tap in taps:
        relay.join(tap)
    return relay


async def test_a_tick_is_shown_and_copied_once_for_all_taps() -> None:
    screen, taps = FakeScreen(), [Tap(None, 4), Tap(frozenset({"main"}), 4)]
    relay = relay_to(screen, *taps)
    lent = grey(100)
    relay.show(Tick(1, {"main": lent, "depth": grey(3)}, {"voice": sample(7)}))
    before = lent.copy()
    lent[:] = 0  # the model's memory, used again
    [[everything], [one]] = [await tap.take() for tap in taps]
    assert len(screen.ticks) == 1
    assert set(everything.pictures) == {"main", "depth"}
    assert set(everything.sound) == {"voice"}
    assert (set(one.pictures), set(one.sound)) == ({"main"}, set())
    assert one.pictures["main"] is everything.pictures["main"]
    assert np.array_equal(one.pictures["main"], before)


async def test_a_tap_that_wants_none_of_a_tick_gets_nothing() -> None:
    tap = Tap(frozenset({"voice"}), 4)
    relay = relay_to(FakeScreen(), tap)
    relay.show(Tick(1, {"main": grey(1)}))
    relay.show(Tick(1, {}, {"voice": sample(1)}))
    [heard] = await tap.take()
    assert heard.number == 2
    assert tap.dropped == 0


async def test_without_a_tap_nothing_is_copied() -> None:
    class Counted(np.ndarray[Any, Any]):
        copies = 0

        def copy(self, *args: Any) -> Any:
            Counted.copies += 1
            return super().copy(*args)

    tap = Tap(None, 4)
    relay = relay_to(FakeScreen(), tap)
    relay.show(Tick(1, {"main": grey(1).view(Counted)}))
    assert Counted.copies == 1
    relay.leave(tap)
    relay.show(Tick(1, {"main": grey(1).view(Counted)}))
    assert Counted.copies == 1
    assert relay.taps == 0


async def test_the_oldest_gives_way_and_is_counted() -> None:
    tap = Tap(None, 3)
    relay = relay_to(FakeScreen(), tap)
    for level in range(10):
        relay.show(Tick(1, {"main": grey(level)}))
    taken = await tap.take()
    assert [tick.number for tick in taken] == [8, 9, 10]
    assert tap.dropped == 7


async def test_a_batch_ends_where_pictures_or_tracks_or_sessions_change() -> None:
    tap = Tap(None, 16)
    relay = relay_to(FakeScreen(), tap)
    session = "a"
    relay.session = lambda: session
    for size in (4, 4, 8):
        relay.show(Tick(1, {"main": grey(1, size, 6)}))
    relay.show(Tick(1, {"main": grey(1, 8, 6), "depth": grey(1)}))
    session = "b"
    relay.show(Tick(1, {"main": grey(1, 8, 6), "depth": grey(1)}))
    relay.show(Tick(1, {}, {"voice": sample(1)}))
    relay.show(Tick(1, {}, {"voice": np.zeros((2, 5), np.int16)}))
    batches = [batch_of(await tap.take()) for _ in range(6)]
    assert [batch.numbers for batch in batches] == [(1, 2), (3,), (4,), (5,), (6,), (7,)]
    assert [batch.session for batch in batches] == ["a", "a", "a", "b", "b", "b"]


async def test_a_batch_holds_pictures_and_sound_of_all_its_ticks() -> None:
    tap = Tap(None, 16)
    relay = relay_to(FakeScreen(), tap)
    for level in (50, 200):
        relay.show(Tick(1, {"main": grey(level)}, {"voice": sample(level)}))
    batch = batch_of(await tap.take(), dropped=2)
    assert (len(batch), batch.dropped, batch.replica) == (2, 2, "0")
    assert batch.video["main"].shape == (2, 6, 6)
    assert batch.rgb("main").shape == (2, 4, 6, 3)
    assert [int(picture.mean().round()) for picture in batch.rgb("main")] == [
        pytest.approx(50, abs=2),
        pytest.approx(200, abs=2),
    ]
    assert batch.luma("main").shape == (2, 4, 6)
    assert batch.sound["voice"].tolist() == [[50] * 10 + [200] * 10]
    assert batch.times[0] <= batch.times[1]


async def test_black_is_shown_to_everybody_and_forgotten_with_the_session() -> None:
    screen, tap = FakeScreen(), Tap(None, 4)
    relay = relay_to(screen, tap)
    relay.blank()
    assert screen.blanks == 1
    relay.show(Tick(1, {"main": grey(200)}))
    relay.blank()
    shown, dark = await tap.take()
    assert dark.pictures["main"].shape == shown.pictures["main"].shape
    assert set(np.unique(dark.pictures["main"])) == {16, 128}
    relay.forget()
    assert screen.forgotten == 1
    assert await relay.newest("main", 0, 0.0, lambda: False) is None


async def test_the_picture_that_stands_is_copied_for_who_asks_for_it() -> None:
    relay = relay_to(FakeScreen())
    lent = grey(90)
    relay.show(Tick(1, {"main": lent}))
    stands = await relay.newest("main", 0, 0.0, lambda: False)
    assert stands is not None
    lent[:] = 0
    assert stands.pictures["main"].any()
    assert await relay.newest("main", stands.number, 0.0, lambda: False) is None
    assert await relay.newest("main", 0, 10.0, lambda: True) is None


async def test_a_closed_tap_gives_what_it_has_and_then_nothing() -> None:
    tap = Tap(None, 4)
    relay = relay_to(FakeScreen(), tap)
    relay.show(Tick(1, {"main": grey(1)}))
    tap.close()
    assert len(await tap.take()) == 1
    assert await tap.take() == []


async def test_what_a_tap_discards_is_not_taken() -> None:
    tap = Tap(None, 4)
    relay_to(FakeScreen(), tap).show(Tick(1, {"main": grey(5)}))
    tap.discard()
    tap.close()
    assert await tap.take(0.0) == []
