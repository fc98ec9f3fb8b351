from __future__ import annotations

import numpy as np

from reactor_actors.core.ports import Feed
from reactor_actors.flow.buffer import CAPACITY
from reactor_actors.links.unsent import Unsent


def frame(track: str, number: int) -> Feed:
    return Feed(track, np.zeros((3, 2), np.uint8), float(number))


def test_the_newest_frames_of_each_track_are_kept() -> None:
    unsent = Unsent()
    for number in range(CAPACITY + 10):
        unsent.add(frame("camera", number))
    unsent.add(frame("voice", 0))
    assert len(unsent) == CAPACITY + 1
    taken = unsent.take(1000)
    assert [f.pts for f in taken if f.track == "camera"] == list(range(10, CAPACITY + 10))
    assert not unsent.take(1)


def test_tracks_take_turns_and_each_keeps_its_order() -> None:
    unsent = Unsent()
    for number in range(5):
        unsent.add(frame("camera", number))
    for number in range(2):
        unsent.add(frame("voice", number))
    taken = [(f.track, f.pts) for _ in range(4) for f in unsent.take(2)]
    assert taken == [
        ("camera", 0), ("voice", 0), ("camera", 1), ("voice", 1),
        ("camera", 2), ("camera", 3), ("camera", 4),
    ]  # fmt: skip


def test_what_is_cleared_is_gone() -> None:
    unsent = Unsent()
    unsent.add(frame("camera", 1))
    unsent.clear()
    assert len(unsent) == 0
    assert unsent.take(9) == []
