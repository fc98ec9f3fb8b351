from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import SetupError
from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.core.pixels import to_i420, to_rgb
from reactor_actors.core.ports import Feed
from reactor_actors.headless.feeding import Feeding
from reactor_actors.headless.movie import Movie
from reactor_actors.headless.sources import Source, sources_for

CONTRACT = Contract(
    "mirror",
    tracks=(
        Track("webcam", Kind.VIDEO, Direction.IN),
        Track("mic", Kind.AUDIO, Direction.IN, 16_000),
    ),
)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Half a second at 10 pictures a second, each 40 brighter, with a tone of 300 Hz."""
    movie = Movie(tmp_path / "clip.mp4", 10, {"tone": 48_000})
    for number in range(5):
        picture = np.full((50, 62, 3), 40 * number + 20, np.uint8)
        movie.picture(to_i420(picture), number / 10)
        at = np.arange(4800) + 4800 * number
        tone = (9000 * np.sin(2 * np.pi * 300 * at / 48_000)).astype(np.int16)
        movie.sound("tone", tone[np.newaxis], number / 10)
    movie.close(0.5)
    return tmp_path / "clip.mp4"


def opened(word: str) -> Source:
    (source,) = sources_for([word], CONTRACT).values()
    return source


def level(source: Source, seconds: float) -> float:
    (feed,) = source.until(seconds)
    assert (feed.track, feed.pts) == ("webcam", seconds)
    return float(to_rgb(feed.data, feed.height, feed.width).mean())


def test_a_film_of_another_rate_repeats_and_begins_again(clip: Path) -> None:
    source = opened(f"webcam={clip}")
    assert source.seconds == pytest.approx(0.5, abs=0.01)
    seen = [round((level(source, n / 30) - 20) / 40) for n in range(30)]
    assert seen == [n // 3 for n in range(15)] * 2
    source.close()


def test_the_sound_of_a_film_is_one_channel_at_the_rate_of_the_track(clip: Path) -> None:
    source = opened(f"mic={clip}")
    feeds = [feed for n in range(20) for feed in source.until(n / 25)]
    samples = np.concatenate([feed.data[0] for feed in feeds])
    assert len(samples) == round(19 / 25 * 16_000)
    assert [feed.pts for feed in feeds] == pytest.approx([n / 25 for n in range(19)])
    spectrum = np.abs(np.fft.rfft(samples[1600:6400].astype(float)))
    assert abs(np.argmax(spectrum) * 16_000 / 4800 - 300) < 5
    source.close()


def test_a_tone_and_bars_are_made_here() -> None:
    tone, bars = opened("mic=tone"), opened("webcam=test-pattern")
    (feed,) = tone.until(1.0)
    spectrum = np.abs(np.fft.rfft(feed.data[0].astype(float)))
    assert (feed.data.shape, int(np.argmax(spectrum))) == ((1, 16_000), 440)
    assert tone.until(1.0) == []
    one, two = (to_rgb(bars.until(at)[0].data) for at in (0.0, 1 / 30))
    assert one.shape == (360, 640, 3)
    assert np.abs(one.astype(int) - two).max() > 100


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["webcan=tone"], "mirror has no input track 'webcan'; known are: webcam (video), mic"),
        (["webcam"], "expected track=FILE, track=test-pattern or track=tone"),
        (["webcam=tone"], "webcam carries video; got tone"),
        (["mic=test-pattern"], "mic carries audio; got test-pattern"),
        (["webcam=/nowhere.mp4"], "/nowhere.mp4 cannot be read: No such file or directory"),
        ([f"webcam={__file__}"], "cannot be read: Invalid data found"),
        (["mic=tone", "mic=tone"], "mic is fed already"),
    ],
)
def test_an_input_that_cannot_be_is_one_line(words: list[str], told: str) -> None:
    with pytest.raises(SetupError) as refused:
        sources_for(words, CONTRACT)
    assert refused.value.message.startswith(f"--input {words[-1]}: ")
    assert told in refused.value.message


def test_a_file_without_the_kind_that_is_asked_for_is_refused(tmp_path: Path) -> None:
    silent = Movie(tmp_path / "silent.mp4", 10, {})
    silent.picture(to_i420(np.zeros((48, 64, 3), np.uint8)), 0.0)
    silent.close(0.1)
    with pytest.raises(SetupError, match=r"silent.mp4 cannot be read: it has no audio"):
        sources_for([f"mic={tmp_path / 'silent.mp4'}"], CONTRACT)


def test_a_model_without_inputs_says_that_it_has_none() -> None:
    with pytest.raises(SetupError, match="no input track 'webcam'; it has none"):
        sources_for(["webcam=tone"], Contract("blind"))


def test_a_picture_is_fed_for_each_that_is_shown_and_never_twice() -> None:
    fed: list[Feed] = []
    feeding = Feeding({"webcam": opened("webcam=test-pattern")}, fed.append, 1 / 30)
    for seconds in (0.0, 0.0, 1 / 30, 2 / 30, 2 / 30, 4 / 30, 1 / 30):
        feeding.to(seconds)
    assert [feed.pts for feed in fed] == pytest.approx([0, 1 / 30, 2 / 30, 4 / 30])
    feeding.hurry(0.02)
    feeding.to(4 / 30)
    feeding.hurry(0.02)
    feeding.to(4 / 30)
    assert [feed.pts for feed in fed][4:] == pytest.approx([5 / 30])
    feeding.close()
