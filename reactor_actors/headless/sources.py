"""What an input track is fed: a file, or a picture and a tone made here.

A picture is asked for by its time, at the rate of the output: a file of another rate repeats
pictures or leaves some out, as a camera of that rate would see it. Files begin again at their end.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import SetupError
from reactor_actors.core.media import Direction, Kind, Pixels, Samples, Track
from reactor_actors.core.pixels import to_i420
from reactor_actors.core.ports import Feed

TEST_PATTERN, TONE = "test-pattern", "tone"
HERTZ = 440.0
LOUD = 8000
HEIGHT, WIDTH = 360, 640
COLOURS = (
    *((235, 235, 235), (235, 235, 16), (16, 235, 235), (16, 235, 16)),
    *((235, 16, 235), (235, 16, 16), (16, 16, 235), (16, 16, 16)),
)


class Source(Protocol):
    """What feeds one input track. `seconds` is how long it lasts, None for ever."""

    seconds: float | None

    def until(self, seconds: float) -> list[Feed]:
        """Return what comes up to a moment: one picture, or all sound since the last call."""

    def close(self) -> None:
        """Let go of the file."""


def sources_for(words: list[str], contract: Contract) -> dict[str, Source]:
    """Open what each `track=FILE`, `track=test-pattern` or `track=tone` names.

    Raises `SetupError`, and nothing stays open then.
    """
    opened: dict[str, Source] = {}
    try:
        for word in words:
            name, _, source = word.partition("=")
            if name in opened:
                raise SetupError(f"--input {word}: {name} is fed already")
            opened[name] = _source(word, source, _track(word, name, contract))
    except BaseException:
        for one in opened.values():
            one.close()
        raise
    return opened


def _track(word: str, name: str, contract: Contract) -> Track:
    inputs = contract.tracks_towards(Direction.IN)
    if name not in inputs:
        known = ", ".join(f"{track.name} ({track.kind})" for track in inputs.values())
        known = f"known are: {known}" if known else "it has none"
        raise SetupError(f"--input {word}: {contract.name} has no input track {name!r}; {known}")
    return inputs[name]


def _source(word: str, source: str, track: Track) -> Source:
    made = {TEST_PATTERN: Kind.VIDEO, TONE: Kind.AUDIO}.get(source)
    if not source:
        raise SetupError(f"--input {word}: expected track=FILE, track=test-pattern or track=tone")
    if made is not None and made is not track.kind:
        raise SetupError(f"--input {word}: {track.name} carries {track.kind}; got {source}")
    if source == TEST_PATTERN:
        return Bars(track.name)
    if source == TONE:
        return Tone(track)
    path = Path(source).expanduser()
    try:
        return Film(track.name, path) if track.kind is Kind.VIDEO else Recording(track, path)
    except (OSError, FFmpegError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SetupError(f"--input {word}: {path} cannot be read: {reason}") from None


class Bars:
    """Eight colour bars that move, so that no two pictures in a row are the same."""

    seconds: float | None = None

    def __init__(self, track: str) -> None:
        self._track = track
        bars = np.repeat(np.array(COLOURS, np.uint8), WIDTH // len(COLOURS), axis=0)
        self._bars = np.broadcast_to(bars, (HEIGHT, WIDTH, 3))

    def until(self, seconds: float) -> list[Feed]:
        """Return the picture of a moment: the bars pass by once in eight seconds."""
        return [_picture(self._track, self._bars_at(seconds), seconds)]

    def _bars_at(self, seconds: float) -> Pixels:
        return np.roll(self._bars, round(seconds * WIDTH / len(COLOURS)), axis=1)

    def close(self) -> None:
        """Let go of nothing."""


class Tone:
    """A note for tuning."""

    seconds: float | None = None

    def __init__(self, track: Track) -> None:
        self._track = track
        self._made = 0

    def until(self, seconds: float) -> list[Feed]:
        """Return the sound up to a moment."""
        rate, first = self._track.sample_rate, self._made
        self._made = max(first, round(seconds * rate))
        if self._made == first:
            return []
        angle = 2 * np.pi * HERTZ / rate * np.arange(first, self._made)
        samples = (LOUD * np.sin(angle)).astype(np.int16)[np.newaxis]
        return [Feed(self._track.name, samples, first / rate)]

    def close(self) -> None:
        """Let go of nothing."""


class Film:
    """The pictures of a file."""

    def __init__(self, track: str, path: Path) -> None:
        self._track = track
        self._file = _opened(path, "video")
        self._frames = self._decoded()
        self._shown: Pixels | None = None
        self._next: tuple[float, Any] | None = next(self._frames, None)
        if self._next is None:
            self._file.close()
            raise OSError("it has no picture that can be decoded")
        self.seconds = _length(self._file, self._file.streams.video[0])

    def until(self, seconds: float) -> list[Feed]:
        """Return the picture of a moment. Moments only go on."""
        while self._next is not None and (self._shown is None or self._next[0] <= seconds + 1e-6):
            self._shown = self._next[1].to_ndarray(format="rgb24")
            self._next = next(self._frames, None)
        return [] if self._shown is None else [_picture(self._track, self._shown, seconds)]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _decoded(self) -> Iterator[tuple[float, Any]]:
        """Decode the file again and again, on a time line that goes on."""
        begun, stream = 0.0, self._file.streams.video[0]
        stream.thread_type = "AUTO"
        while True:
            first, end = None, begun
            for frame in self._file.decode(stream):
                told = frame.time if frame.time is not None else end
                first = told if first is None else first
                at = begun + told - first
                yield at, frame
                end = at + float(1 / (stream.average_rate or 30))
            if first is None:
                return
            begun = end
            self._file.seek(0)


class Recording:
    """The sound of a file, as one channel at the rate of its track."""

    def __init__(self, track: Track, path: Path) -> None:
        self._track = track
        self._file = _opened(path, "audio")
        self._pieces = self._decoded()
        self._taken = 0
        self._left: Samples = np.zeros((1, 0), np.int16)
        self.seconds = _length(self._file, self._file.streams.audio[0])

    def until(self, seconds: float) -> list[Feed]:
        """Return the sound up to a moment. Moments only go on."""
        first, wanted = self._taken, round(seconds * self._track.sample_rate) - self._taken
        if wanted <= 0:
            return []
        while self._left.shape[1] < wanted and (piece := next(self._pieces, None)) is not None:
            self._left = np.concatenate([self._left, piece], axis=1)
        samples, self._left = self._left[:, :wanted].copy(), self._left[:, wanted:]
        self._taken += samples.shape[1]
        rate = self._track.sample_rate
        return [Feed(self._track.name, samples, first / rate)] if samples.shape[1] else []

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _decoded(self) -> Iterator[Samples]:
        resampler = AudioResampler("s16", "mono", self._track.sample_rate)
        while True:
            some = False
            for frame in self._file.decode(audio=0):
                frame.pts = None  # its clock begins again with the file, the track's does not
                for piece in resampler.resample(frame):
                    some = True
                    yield np.asarray(piece.to_ndarray(), np.int16)
            if not some:
                return
            self._file.seek(0)


def _opened(path: Path, kind: str) -> Any:
    file: Any = av.open(str(path))
    if not getattr(file.streams, kind):
        file.close()
        raise OSError(f"it has no {kind}")
    return file


def _length(file: Any, stream: Any) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return float(file.duration / av.time_base) if file.duration is not None else None


def _picture(track: str, rgb: Pixels, seconds: float) -> Feed:
    return Feed(track, to_i420(rgb), seconds, rgb.shape[0], rgb.shape[1])
