from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_actors.classic.tracks import (
    AudioIn,
    AudioOut,
    MediaTrack,
    VideoIn,
    VideoOut,
    default_of,
    tracks_of,
)
from reactor_actors.core.bundles import TrackInfo
from reactor_actors.core.media import Direction, Kind, Track

EVERY = [VideoOut, AudioOut, VideoIn, AudioIn]


@pytest.mark.parametrize("made", EVERY)
def test_a_track_has_no_rate_and_is_not_the_default_unless_told_otherwise(
    made: type[MediaTrack],
) -> None:
    track = made()
    assert (track.name, track.rate, track.default) == ("", 0.0, False)
    assert (made(24).rate, made(24, True).default) == (24.0, True)
    assert made(rate=np.float32(12.5), default=True).rate == 12.5


@pytest.mark.parametrize(
    ("made", "kind", "direction"),
    [
        (VideoOut, "video", "out"),
        (AudioOut, "audio", "out"),
        (VideoIn, "video", "in"),
        (AudioIn, "audio", "in"),
    ],
)
def test_a_tracks_class_says_kind_and_direction(
    made: type[MediaTrack], kind: str, direction: str
) -> None:
    class Model:
        cam = made(rate=5.0)

    assert (Model.cam.name, Model.cam.kind, Model.cam.direction) == ("cam", kind, direction)
    assert Model.cam.info == TrackInfo("cam", Kind(kind), 5.0, Direction(direction))
    assert repr(Model.cam) == f"{made.__name__}('cam', rate=5, default=False)"


@pytest.mark.parametrize("name", ["name", "kind", "direction", "rate", "default"])
def test_what_a_track_is_cannot_be_changed(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(VideoOut(), name, "x")


@pytest.mark.parametrize("rate", [True, "30", None])
def test_a_rate_that_is_no_number_is_refused(rate: Any) -> None:
    with pytest.raises(TypeError, match="VideoOut: rate is a number; got"):
        VideoOut(rate=rate)


@pytest.mark.parametrize("rate", [-1, float("nan"), float("inf")])
def test_a_rate_below_zero_or_without_end_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="AudioIn: rate is 0 or more; got"):
        AudioIn(rate=rate)


@pytest.mark.parametrize(
    ("track", "declared"),
    [
        (VideoOut(rate=30), Track("x", Kind.VIDEO, Direction.OUT)),
        (AudioOut(), Track("x", Kind.AUDIO, Direction.OUT, 48_000)),
        (AudioIn(rate=16_000), Track("x", Kind.AUDIO, Direction.IN, 16_000)),
    ],
)
def test_sound_has_48000_samples_a_second_unless_told_otherwise(
    track: MediaTrack, declared: Track
) -> None:
    assert track.joined("x", None).declared == declared


def test_a_model_without_tracks_has_one() -> None:
    class Bare:
        pass

    (track,) = tracks_of(Bare).values()
    assert (track.name, type(track), track.default) == ("main_video", VideoOut, True)
    assert default_of(tracks_of(Bare)) is not None


def test_parents_come_first_and_a_child_replaces_in_place() -> None:
    class Eyes:
        left = VideoOut()
        right = VideoOut()

    class Voice:
        voice = AudioOut()

    class Head(Eyes, Voice):
        ears = AudioIn()
        left = VideoOut(rate=5)

    tracks = tracks_of(Head)
    assert list(tracks) == ["voice", "left", "right", "ears"]
    assert tracks["left"].rate == 5.0
    assert tracks_of(Eyes)["left"].rate == 0.0


def test_what_hides_a_parents_track_removes_it() -> None:
    class Eyes:
        left = VideoOut()
        right = VideoOut()

    class Pirate(Eyes):
        left = None

    assert list(tracks_of(Pirate)) == ["right"]


def test_one_object_under_two_names_is_two_tracks() -> None:
    class Twins:
        a = b = VideoOut()

    assert [track.name for track in tracks_of(Twins).values()] == ["a", "b"]


def test_two_defaults_are_refused_naming_both() -> None:
    class Eyes:
        left = VideoOut(default=True)
        right = VideoOut(default=True)

    with pytest.raises(ValueError, match="Eyes: the tracks 'left' and 'right' are all default"):
        tracks_of(Eyes)


def test_the_default_is_the_marked_track_else_the_first_video_out() -> None:
    class Marked:
        first = VideoOut()
        second = VideoOut(default=True)

    class Unmarked:
        cam = VideoIn()
        voice = AudioOut()
        first = VideoOut()
        second = VideoOut()

    class Deaf:
        voice = AudioOut()

    names = [getattr(default_of(tracks_of(cls)), "name", None) for cls in (Marked, Unmarked, Deaf)]
    assert names == ["second", "first", None]


@pytest.mark.parametrize("made", [VideoIn, AudioIn])
def test_emitting_on_an_input_says_where_to_emit(made: type[MediaTrack]) -> None:
    with pytest.raises(TypeError, match=r"'cam' is an input track.*Emit on an output, such as"):
        made().joined("cam", None).emit(np.zeros((2, 2, 3), np.uint8))


def test_a_declared_track_that_nobody_serves_cannot_be_emitted_on_and_has_nothing() -> None:
    track = VideoOut().joined("main", None)
    with pytest.raises(RuntimeError, match=r"'main' is not being served: emit from start_session"):
        track.emit()
    assert track.latest() is None


def test_a_joined_track_passes_on_what_it_is_asked() -> None:
    class Recorded:
        def __init__(self) -> None:
            self.emitted: list[tuple[str, Any, int | None]] = []

        def emit(self, track: MediaTrack, frame: Any, bucket: int | None) -> None:
            self.emitted.append((track.name, frame, bucket))

        def latest(self, track: MediaTrack) -> Any:
            return f"newest of {track.name}"

    stream = Recorded()
    declared = VideoOut(rate=3)
    track = declared.joined("main", stream)
    track.emit("a")
    track.emit("b", bucket=7)
    assert stream.emitted == [("main", "a", None), ("main", "b", 7)]
    assert (track.latest(), track.rate) == ("newest of main", 3.0)
    assert (declared.name, declared.latest()) == ("", None)
