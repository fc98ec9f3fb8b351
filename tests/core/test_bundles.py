from __future__ import annotations

import numpy as np

from reactor_actors.core.bundles import MediaBundle, TrackData, TrackInfo
from reactor_actors.core.media import Direction, Kind


def arrived(name: str, kind: Kind) -> TrackData:
    shape = (2, 2, 3) if kind is Kind.VIDEO else (1, 8)
    return TrackData(TrackInfo(name, kind, 0.0, Direction.IN), np.zeros(shape))


CAM, FACE, VOICE = arrived("cam", Kind.VIDEO), arrived("face", Kind.VIDEO), arrived("v", Kind.AUDIO)
BUNDLE = MediaBundle([CAM, VOICE, FACE])


def test_a_track_is_found_by_name_or_is_none() -> None:
    assert BUNDLE.get_track("cam") is CAM
    assert BUNDLE.get_track("gone") is None


def test_tracks_are_listed_in_order_of_arrival_and_by_kind() -> None:
    assert BUNDLE.get_tracks() == list(BUNDLE) == [CAM, VOICE, FACE]
    assert BUNDLE.get_tracks_by_kind("video") == [CAM, FACE]
    assert BUNDLE.get_tracks_by_kind("audio") == BUNDLE.get_tracks_by_kind(Kind.AUDIO) == [VOICE]
    assert len(BUNDLE) == 3
    assert repr(BUNDLE) == "MediaBundle(cam, v, face)"


def test_sound_can_be_left_out() -> None:
    assert BUNDLE.video_only().get_tracks() == [CAM, FACE]
    assert BUNDLE.get_track("v") is VOICE


def test_kind_and_direction_compare_with_text() -> None:
    assert (CAM.info.kind, CAM.info.direction, CAM.info.rate) == ("video", "in", 0.0)


def test_a_bundle_may_be_empty() -> None:
    assert MediaBundle().get_tracks() == []
    assert not MediaBundle()
