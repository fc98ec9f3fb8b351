from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from reactor_actors.classic.inbound import Inbound
from reactor_actors.classic.tracks import AudioIn, MediaTrack, VideoIn, VideoOut
from reactor_actors.core.bundles import MediaBundle
from reactor_actors.core.pixels import to_i420
from reactor_actors.core.ports import Feed
from reactor_actors.flow.buffer import CAPACITY
from tests.pictures import number_of, picture

SECONDS = 5.0
CAM, EAR, MAIN = (
    made.joined(name, None)
    for name, made in (("cam", VideoIn(rate=15)), ("ear", AudioIn()), ("main", VideoOut()))
)


def shot(number: int, track: MediaTrack = CAM) -> Feed:
    return Feed(track.name, to_i420(picture(number)), None, 4, 6)


class Seen:
    """An author's `on_media`: remembers numbers, and can be held up."""

    def __init__(self, count: int = 1) -> None:
        self.numbers: list[int] = []
        self.bundles: list[MediaBundle] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.enough = threading.Event()
        self.count = count
        self.raises: BaseException | None = None
        self.thread = 0

    def __call__(self, bundle: MediaBundle) -> None:
        self.begun.set()
        self.thread = threading.get_ident()
        assert self.gate.wait(SECONDS)
        self.bundles.append(bundle)
        found = bundle.get_track("cam")
        if found is not None:
            self.numbers.append(number_of(found.data))
        if len(self.bundles) >= self.count:
            self.enough.set()
        if self.raises is not None:
            raise self.raises


@contextmanager
def receiving(on_media: Callable[[MediaBundle], None] | None = None) -> Iterator[Inbound]:
    inbound = Inbound([CAM, EAR, MAIN], on_media)
    inbound.begin()
    yield inbound
    if (ended := inbound.stop()) is not None:
        ended.result(SECONDS)


def test_the_newest_frame_is_there_as_a_copy_and_those_in_between_are_skipped() -> None:
    with receiving() as inbound:
        assert inbound.latest(CAM) is None
        inbound.feed(shot(1))
        inbound.feed(shot(2))
        inbound.latest(CAM)[:] = 0
        assert number_of(inbound.latest(CAM)) == 2
        assert inbound.latest(CAM).shape == (4, 6, 3)
        assert inbound.latest(EAR) is None


def test_sound_is_kept_as_it_came() -> None:
    with receiving() as inbound:
        inbound.feed(Feed("ear", np.arange(8, dtype=np.int16)[np.newaxis]))
        assert inbound.latest(EAR).tolist() == [list(range(8))]


def test_every_frame_is_seen_once_in_order_with_what_it_is() -> None:
    seen = Seen(count=30)
    with receiving(seen) as inbound:
        for number in range(30):
            inbound.feed(shot(number))
        assert seen.enough.wait(SECONDS)
    assert seen.numbers == list(range(30))
    assert seen.thread != threading.get_ident()
    (data,) = seen.bundles[0].get_tracks()
    assert (data.info.name, data.info.kind, data.info.direction, data.info.rate) == (
        "cam", "video", "in", 15.0,
    )  # fmt: skip


def test_a_bundle_holds_the_track_that_had_data() -> None:
    seen = Seen(count=2)
    with receiving(seen) as inbound:
        inbound.feed(Feed("ear", np.zeros((1, 8), np.int16)))
        inbound.feed(shot(1))
        assert seen.enough.wait(SECONDS)
    assert [[t.info.name for t in bundle] for bundle in seen.bundles] == [["ear"], ["cam"]]


def test_the_track_is_up_to_date_when_a_frame_is_seen() -> None:
    found: list[int] = []
    done = threading.Event()

    def on_media(bundle: MediaBundle) -> None:
        found.append(number_of(inbound.latest(CAM)))
        done.set()

    with receiving(on_media) as inbound:
        inbound.feed(shot(7))
        assert done.wait(SECONDS)
    assert found == [7]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit("no"), KeyboardInterrupt("no")])
def test_what_on_media_raises_is_logged_and_the_next_frame_is_seen(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    seen = Seen(count=2)
    seen.raises = error
    with caplog.at_level(logging.ERROR), receiving(seen) as inbound:
        inbound.feed(shot(1))
        inbound.feed(shot(2))
        assert seen.enough.wait(SECONDS)
    assert seen.numbers == [1, 2]
    assert caplog.text.count("on_media() failed; the session goes on") == 2
    assert f"{type(error).__name__}: no" in caplog.text
    assert sys.exception() is None


def test_on_media_that_is_too_slow_misses_the_oldest_frames_and_is_told_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen = Seen(count=CAPACITY + 1)
    seen.gate.clear()
    with caplog.at_level(logging.WARNING), receiving(seen) as inbound:
        inbound.feed(shot(0))
        assert seen.begun.wait(SECONDS)
        for number in range(CAPACITY + 10):
            inbound.feed(shot(number % 60))
        assert number_of(inbound.latest(CAM)) == (CAPACITY + 9) % 60
        seen.gate.set()
        assert seen.enough.wait(SECONDS)
    assert seen.numbers == [0, *(n % 60 for n in range(10, CAPACITY + 10))]
    assert caplog.text.count("on_media() is slower than what clients send") == 1


def test_nothing_is_taken_in_between_sessions_and_nothing_is_left_of_one() -> None:
    seen = Seen()
    seen.gate.clear()
    with receiving(seen) as inbound:
        inbound.feed(shot(1))
        assert seen.begun.wait(SECONDS)
        inbound.feed(shot(2))
        inbound.end()
        inbound.feed(shot(3))
        assert inbound.latest(CAM) is None
        inbound.begin()
        assert inbound.latest(CAM) is None
        seen.gate.set()
        seen.count = 2
        seen.enough.clear()
        inbound.feed(shot(4))
        assert seen.enough.wait(SECONDS)
    assert seen.numbers == [1, 4]


def test_a_frame_for_no_input_is_dropped_with_a_debug_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG), receiving() as inbound:
        inbound.feed(shot(1, MAIN))
        inbound.feed(Feed("gone", np.zeros((1, 8), np.int16)))
    assert "a frame for 'main' is dropped: no such input track" in caplog.text
    assert "a frame for 'gone' is dropped" in caplog.text
