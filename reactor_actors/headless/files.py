"""Which file a recording goes into: the suffix of a name chooses what is written.

One file per video track. With several, the track's name is added to each: `take-left.mp4`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import SetupError
from reactor_actors.core.media import Direction, Kind, Pixels, Samples, Track
from reactor_actors.headless.gif import Gif
from reactor_actors.headless.movie import Movie
from reactor_actors.headless.stills import Stills

EXPECTED = "a file ending in .mp4 or .gif, or a folder for PNGs"


class File(Protocol):
    """Something that is written. Nothing is made before there is something to write into it."""

    def picture(self, i420: Pixels, at: float) -> None:
        """Write a picture that is shown from `at` on, in seconds."""

    def sound(self, track: str, samples: Samples, at: float) -> None:
        """Write sound that begins at `at`."""

    def close(self, end: float) -> list[Path]:
        """Finish what was begun; the last picture is shown until `end`. Return what there is."""


def checked(out: Path) -> Path:
    """Refuse a name that nothing can be written to. Raises `SetupError`."""
    suffix = out.suffix.lower()
    if suffix not in ("", ".mp4", ".gif"):
        raise SetupError(f"--out expects {EXPECTED}; got {str(out)!r}")
    if suffix and out.is_dir():
        raise SetupError(f"--out {out} is a folder: expected {EXPECTED}")
    if not suffix and out.exists() and not out.is_dir():
        raise SetupError(f"--out {out} is a file: expected {EXPECTED}")
    if not suffix and any(out.glob("*.png")):
        raise SetupError(f"--out {out} has pictures in it: name a new folder")
    if suffix and not out.absolute().parent.is_dir():
        raise SetupError(f"--out {out}: there is no folder {str(out.parent)!r}")
    return out


def files_for(out: Path, contract: Contract, fps: float) -> dict[str, File]:
    """Return the file of each video track, by its name; sound alone has one, called "".

    Raises `SetupError` for a model that shows nothing a file of this kind can hold.
    """
    outputs = contract.tracks_towards(Direction.OUT).values()
    videos = [track.name for track in outputs if track.kind is Kind.VIDEO]
    sounds = [track for track in outputs if track.kind is Kind.AUDIO]
    if not videos and not sounds:
        raise SetupError(f"{contract.name} has no output track: there is nothing to write")
    if not videos and out.suffix.lower() != ".mp4":
        raise SetupError(f"{contract.name} makes sound only: expected --out with .mp4; got {out}")
    if not videos:
        return {"": Movie(out, fps, _rates(sounds), pictures=False)}
    if len(videos) == 1:
        return {videos[0]: _file(out, "", fps, sounds)}
    return {name: _file(out, f"-{name}", fps, sounds) for name in videos}


def _file(out: Path, mark: str, fps: float, sounds: Iterable[Track]) -> File:
    if not out.suffix:
        return Stills(out, mark)
    path = out.with_name(f"{out.stem}{mark}{out.suffix}")
    if out.suffix.lower() == ".gif":
        return Gif(path)
    return Movie(path, fps, _rates(sounds))


def _rates(sounds: Iterable[Track]) -> dict[str, int]:
    return {track.name: track.sample_rate for track in sounds}
