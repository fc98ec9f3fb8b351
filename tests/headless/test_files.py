from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import SetupError
from reactor_actors.core.pixels import to_i420
from reactor_actors.headless.files import checked, files_for
from reactor_actors.headless.gif import WIDTH, Gif
from reactor_actors.headless.movie import Movie
from reactor_actors.headless.stills import Stills
from tests.headless.models.drawing import drawn
from tests.headless.recorded import film, halves, sound, stills


def test_names_that_nothing_can_be_written_to_are_refused(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").mkdir()
    (tmp_path / "text").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "000000.png").write_text("")
    (tmp_path / "empty").mkdir()
    for name, told in {
        "a.mov": "--out expects a file ending in .mp4 or .gif, or a folder for PNGs; got",
        "film.mp4": "is a folder: expected",
        "text": "is a file: expected",
        "full": "has pictures in it: name a new folder",
        "none/a.gif": "there is no folder",
    }.items():
        with pytest.raises(SetupError) as refused:
            checked(tmp_path / name)
        assert told in refused.value.message, name
    for name in ("empty", "new", "a.MP4", "a.gif"):
        assert checked(tmp_path / name) == tmp_path / name


def test_a_model_without_outputs_has_nothing_to_write() -> None:
    with pytest.raises(SetupError, match="mute has no output track"):
        files_for(Path("a.mp4"), Contract("mute"), 30.0)


@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_pictures_of_another_size_are_scaled_to_the_first(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    file = Movie(path, 10, {}) if kind == "mp4" else Gif(path)
    for number, height in enumerate((48, 96, 24)):
        picture = np.full((height, height * 2, 3), 60 * (number + 1), np.uint8)
        file.picture(to_i420(picture), number / 10)
    assert file.close(0.3) == [path]
    pictures = film(path)
    assert {picture.shape for _, picture in pictures} == {(48, 96, 3)}
    assert [abs(halves(p)[0] - 60 * (n + 1)) < 6 for n, (_, p) in enumerate(pictures)] == [True] * 3


def test_pngs_keep_every_size(tmp_path: Path) -> None:
    file = Stills(tmp_path / "out", "")
    for height in (48, 96):
        file.picture(to_i420(np.full((height, 64, 3), 99, np.uint8)), 0.0)
    assert file.close(1.0) == [tmp_path / "out"]
    assert [picture.shape[0] for picture in stills(tmp_path / "out")] == [48, 96]


def test_a_gif_is_small_and_no_faster_than_browsers_play_it(tmp_path: Path) -> None:
    gif = Gif(tmp_path / "a.gif")
    for number in range(100):
        picture = np.full((90, 1280, 3), number, np.uint8)
        gif.picture(to_i420(picture), number / 100)
    gif.close(1.0)
    pictures = film(tmp_path / "a.gif")
    assert len(pictures) == 50
    assert pictures[0][1].shape == (34, WIDTH, 3)


def test_nothing_shown_is_nothing_written(tmp_path: Path) -> None:
    for file in (Gif(tmp_path / "a.gif"), Movie(tmp_path / "a.mp4", 30, {}), Stills(tmp_path, "")):
        assert file.close(1.0) == []
    assert list(tmp_path.iterdir()) == []


def test_sound_keeps_its_place_and_its_loudness(tmp_path: Path) -> None:
    """A film of a second, with a tone in its middle third on one channel."""
    film_file = Movie(tmp_path / "a.mp4", 30, {"voice": 48_000})
    for number in range(30):
        film_file.picture(to_i420(drawn(99)), number / 30)
        if 10 <= number < 20:
            at = np.arange(1600) + 1600 * number
            tone = (10_000 * np.sin(2 * np.pi * 480 * at / 48_000)).astype(np.int16)
            film_file.sound("voice", tone[np.newaxis], number / 30)
    film_file.close(1.0)
    heard = np.abs(sound(tmp_path / "a.mp4")[:48_000]).reshape(-1, 1200).max(axis=1)
    loud = np.flatnonzero(heard > 0.15)
    assert 12 <= loud[0] <= 14
    assert 25 <= loud[-1] <= 27
    assert heard[15:24] == pytest.approx(10_000 / 32_768, rel=0.1)
