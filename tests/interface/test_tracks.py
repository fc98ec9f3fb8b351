from dataclasses import dataclass
from typing import Annotated

import pytest

from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.interface.tracks import Audio, Input, Output, Video, merged, tracks_of
from tests.interface.conftest import WriteModule


class Audio16k(Audio):
    sample_rate = 16_000


class Picture(Output):
    main_video: Video


class Talk(Output):
    main_video: Video
    voice: Audio16k
    caption: str = ""


class Camera(Input):
    webcam: Video
    microphone: Audio


def test_a_field_annotated_with_a_track_type_is_a_track_and_others_are_not() -> None:
    assert tracks_of(Talk) == (
        Track("main_video", Kind.VIDEO, Direction.OUT),
        Track("voice", Kind.AUDIO, Direction.OUT, 16_000),
    )


def test_audio_has_48000_samples_per_second_unless_a_subclass_says_otherwise() -> None:
    class AudioOfTheHouse(Audio16k):
        pass

    class Both(Output):
        plain: Audio
        low: Audio16k
        inherited: AudioOfTheHouse

    assert [track.sample_rate for track in tracks_of(Both)] == [48_000, 16_000, 16_000]


@pytest.mark.parametrize("rate", [0, -8000, 44_100.5, True, "48000"])
def test_a_sample_rate_that_is_none_is_refused(rate: object) -> None:
    class Odd(Audio):
        sample_rate = rate  # type: ignore[assignment]

    class Sound(Output):
        voice: Odd

    with pytest.raises(ValueError, match=r"Odd\.sample_rate must be a positive integer; got"):
        tracks_of(Sound)


def test_a_subclass_of_video_is_a_video_track() -> None:
    class Depth(Video):
        pass

    class Maps(Output):
        depth: Depth

    assert tracks_of(Maps) == (Track("depth", Kind.VIDEO, Direction.OUT),)


def test_an_output_takes_exactly_its_tracks_by_keyword() -> None:
    talk = Talk(main_video=1, voice=None)
    assert (talk.main_video, talk.voice, talk.caption) == (1, None, "")
    with pytest.raises(TypeError, match="'voice'"):
        Talk(main_video=1)
    with pytest.raises(TypeError, match="'sound'"):
        Talk(main_video=1, voice=2, sound=3)
    with pytest.raises(TypeError, match="positional"):
        Picture(1)


def test_a_dataclass_on_top_changes_nothing() -> None:
    @dataclass
    class Decorated(Output):
        main_video: Video
        voice: Audio

    assert [track.name for track in tracks_of(Decorated)] == ["main_video", "voice"]
    assert Decorated(main_video=1, voice=2).voice == 2
    with pytest.raises(TypeError, match="'voice'"):
        Decorated(main_video=1)
    with pytest.raises(TypeError, match="positional"):
        Decorated(1, 2)


def test_annotations_may_be_strings(write_module: WriteModule) -> None:
    module = write_module(
        "written_late",
        """
        from __future__ import annotations
        import reactor_actors.interface as ra

        class Late(ra.Output):
            main_video: ra.Video
            voice: Low
            caption: str = ""

        class Low(ra.Audio):
            sample_rate = 8000
        """,
    )
    assert [(t.name, t.sample_rate) for t in tracks_of(module.Late)] == [
        ("main_video", 0),
        ("voice", 8000),
    ]


def test_a_string_that_names_nothing_is_refused_naming_class_and_field() -> None:
    class Lost(Output):
        main_video: "Vidoe"  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(TypeError, match=r"Lost\.main_video: .*'Vidoe' cannot be resolved"):
        tracks_of(Lost)


def test_tracks_are_inherited_and_those_of_the_parent_come_first() -> None:
    class More(Picture):
        depth: Video

    assert [track.name for track in tracks_of(More)] == ["main_video", "depth"]
    assert More(main_video=1, depth=2).main_video == 1


def test_outputs_are_compared_by_identity_so_that_arrays_are_never_compared() -> None:
    assert Picture(main_video=1) != Picture(main_video=1)


def test_inputs_come_first_and_everything_else_in_order_of_declaration() -> None:
    names = [track.name for track in merged([Talk, Camera])]
    assert names == ["webcam", "microphone", "main_video", "voice"]


def test_a_track_that_two_outputs_declare_alike_is_one_track() -> None:
    assert merged([Picture, Talk]) == merged([Talk])


def test_a_track_that_two_outputs_declare_differently_is_refused() -> None:
    class Loud(Output):
        voice: Audio

    with pytest.raises(
        ValueError, match=r"'voice' is audio at 16000 Hz in Talk but audio at 48000 Hz in Loud"
    ):
        merged([Talk, Loud])

    class Shown(Output):
        voice: Video

    with pytest.raises(
        ValueError, match=r"'voice' is audio at 16000 Hz in Talk but video in Shown"
    ):
        merged([Talk, Shown])


def test_a_name_in_both_directions_is_refused_naming_both_classes() -> None:
    class Mirror(Output):
        webcam: Video

    for classes in ([Camera, Mirror], [Mirror, Camera]):
        with pytest.raises(
            ValueError, match=r"'webcam' is an input in Camera and an output in Mirror"
        ):
            merged(classes)


def test_an_optional_or_annotated_track_is_a_track() -> None:
    class Both(Output):
        picture: Annotated[Video, "what the viewer sees"]
        sound: Audio | None

    assert [track.name for track in tracks_of(Both)] == ["picture", "sound"]
