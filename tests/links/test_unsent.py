from __future__ import annotations

import numpy as np

from reactor_actors.core.ports import Feed
from reactor_actors.flow.buffer import CAPACITY
from reactor_actors.links.kept import Kept


def frame(track: str, number: int) -> Feed:
    return Feed(track, np.zeros((3, 2), np.uint8), float(number))


def test_the_newest_frames_of_each_track_are_kept() -> None:
    kept = Kept()
    for number in range(CAPACITY + 10):
        kept.add(frame("camera", number))
    kept.add(frame("voice", 0))
    assert len(kept) == CAPACITY + 1
    taken = kept.take(1000)
    assert [f.pts for f in taken if f.track == "camera"] == list(range(10, CAPACITY + 10))
    assert not kept.take(1)


def test_tracks_take_turns_and_each_keeps_its_order() -> None:
    kept = Kept()
    for number in range(5):
        kept.add(frame("camera", number))
    for number in range(2):
        kept.add(frame("voice", number))
    taken = [(f.track, f.pts) for _ in range(4) for f in kept.take(2)]
    assert taken == [
        ("camera", 0), ("voice", 0), ("camera", 1), ("voice", 1),
        ("camera", 2), ("camera", 3), ("camera", 4),
    ]  # fmt: skip


def test_what_is_cleared_is_gone() -> None:
    kept = Kept()
    kept.add(frame("camera", 1))
    kept.clear()
    assert len(kept) == 0
    assert kept.take(9) == []
