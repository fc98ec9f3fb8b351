from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks.actors.__main__ import spread
from benchmarks.actors.people import TRACK, Subscriber
from benchmarks.loopback.clock import HEIGHT, now, stamp
from reactor_actors.core.batches import FrameBatch
from reactor_actors.core.pixels import to_i420


def drawn(milliseconds_ago: int) -> np.ndarray:
    picture = np.zeros((HEIGHT, HEIGHT * 16 // 9, 3), np.uint8)
    stamp(picture, (now() - milliseconds_ago) % 2**24)
    return to_i420(picture)


def test_a_subscriber_notes_how_long_ago_each_picture_was_drawn_and_shown() -> None:
    eye = Subscriber()
    pictures = np.stack([drawn(9_000), drawn(60_000)])
    shown = (time.time() - 9.0, time.time() - 60.0)
    eye.on_frames(FrameBatch("0", None, (1, 2), shown, {TRACK: pictures}))
    assert [round(age / 1e4) for age in eye.taken()] == [1, 6]
    assert [round(age / 1e4) for age in eye.waited()] == [1, 6]
    assert eye.taken() == eye.waited() == []


def test_too_few_figures_are_not_told_as_if_they_were_many() -> None:
    assert spread([float(number) for number in range(101)])["p50, ms"] == 50
    with pytest.raises(RuntimeError, match="too little"):
        spread([1.0])
