from __future__ import annotations

import numpy as np
import pytest

from reactor_actors.core.ports import Feed
from reactor_actors.flow.buffer import CAPACITY
from reactor_actors.links.feeds import INPUT_SLOTS, Feeds
from reactor_actors.links.frames import Fed
from reactor_actors.links.ring import SMALLEST, Ring, Window


class Reader:
    """The other end: knows the rings and the frames in them."""

    def __init__(self) -> None:
        self.windows: list[Window] = []
        self.fed: list[Fed] = []
        self.feeds = Feeds(self._announced, self.fed.append)

    def _announced(self, ring: Ring) -> None:
        self.windows.append(Window(ring.detach(), ring.number, ring.slots, ring.size))

    def value(self, fed: Fed) -> int:
        slot = self.windows[fed.ring].slot(fed.slot)
        return int(slot.place((fed.rows, fed.columns), np.int16 if fed.sound else np.uint8)[0, 0])

    def drain(self) -> list[tuple[str, int]]:
        """Read everything, giving each slot back as soon as it is read."""
        values = []
        while self.fed:
            fed = self.fed.pop(0)
            values.append((fed.track, self.value(fed)))
            self.feeds.give_back(fed.ring, [fed.slot])
        return values


def frame(value: int, track: str = "camera", size: int = 4) -> Feed:
    return Feed(track, np.full((6, size), value, np.uint8))


def test_frames_go_straight_into_slots_while_there_are_any() -> None:
    reader = Reader()
    for value in range(INPUT_SLOTS + 3):
        reader.feeds.add(frame(value))
    assert [reader.value(fed) for fed in reader.fed] == list(range(INPUT_SLOTS))
    assert reader.drain() == [("camera", value) for value in range(INPUT_SLOTS + 3)]


def test_of_what_finds_no_slot_the_newest_of_each_track_are_kept() -> None:
    reader = Reader()
    for value in range(INPUT_SLOTS):
        reader.feeds.add(frame(value))
    for value in range(200):
        reader.feeds.add(frame(value, "one"))
    reader.feeds.add(Feed("two", np.full((1, 960), -5, np.int16)))
    values = reader.drain()[INPUT_SLOTS:]
    assert [value for track, value in values if track == "one"] == list(range(72, 200))
    assert values.index(("two", -5)) <= 1  # no track waits behind all of another
    assert len(values) == CAPACITY + 1


def test_a_larger_frame_gets_a_larger_ring_and_none_is_lost() -> None:
    reader = Reader()
    for value in range(INPUT_SLOTS):
        reader.feeds.add(frame(value))
    reader.feeds.add(frame(50, size=SMALLEST))
    reader.feeds.add(frame(51))
    assert len(reader.windows) == 2
    assert [v for _, v in reader.drain()] == [*range(INPUT_SLOTS), 50, 51]


def test_a_picture_of_any_strides_is_written_as_it_looks() -> None:
    reader = Reader()
    data = np.arange(48, dtype=np.uint8).reshape(6, 8)[:, ::-2]
    reader.feeds.add(Feed("camera", data, 0.5, 3, 4))
    (fed,) = reader.fed
    slot = reader.windows[0].slot(fed.slot)
    assert np.array_equal(slot.place((fed.rows, fed.columns)), data)
    assert (fed.pts, fed.height, fed.width) == (0.5, 3, 4)


def test_a_slot_that_was_not_filled_cannot_come_back() -> None:
    reader = Reader()
    reader.feeds.add(frame(1))
    with pytest.raises(ValueError, match="was not taken"):
        reader.feeds.give_back(0, [5])


def test_nothing_is_kept_after_the_end() -> None:
    reader = Reader()
    for value in range(INPUT_SLOTS + 1):
        reader.feeds.add(frame(value))
    reader.feeds.close()
    reader.feeds.give_back(0, [0])
    assert len(reader.fed) == INPUT_SLOTS
