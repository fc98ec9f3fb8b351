"""The tracks of generation 1: declared as class attributes, used through `get_ctx().get_track()`.

What stands on the class is a declaration. A model that is being served has a copy of each, which is
joined to its stream and can be emitted on, or asked for the latest.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol, Self

from reactor_actors.core.bundles import TrackInfo
from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.core.values import is_number

SOUND = 48_000


class Stream(Protocol):
    """What a track of a model that is being served is joined to."""

    def emit(self, track: OutTrack, frame: Any, bucket: int | None) -> None:
        """Hand over what the author emits."""

    def latest(self, track: MediaTrack) -> Any:
        """Return a copy of the newest data, or None."""


class MediaTrack:
    """One named media channel. The name is that of the class attribute.

    Attributes:
        name: The attribute's name, which clients use too.
        kind: `video` or `audio`.
        direction: `in` or `out`, as the model sees it.
        rate: Pictures or samples a second; 0.0 is whatever comes, and 48000 for sound.
        default: Whether `get_track()` without a name means this one.
    """

    _kind: ClassVar[Kind]
    _direction: ClassVar[Direction]

    def __init__(self, rate: float = 0.0, default: bool = False) -> None:
        if not is_number(rate):
            raise TypeError(f"{type(self).__name__}: rate is a number; got {rate!r}")
        if not math.isfinite(rate) or rate < 0:
            raise ValueError(f"{type(self).__name__}: rate is 0 or more; got {rate!r}")
        self._rate = float(rate)
        self._default = bool(default)
        self._name = ""
        self._stream: Stream | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self._name!r}, rate={self._rate:g}, default={self._default})"
        )

    @property
    def name(self) -> str:
        """The track's name."""
        return self._name

    @property
    def kind(self) -> Kind:
        """What the track carries."""
        return self._kind

    @property
    def direction(self) -> Direction:
        """Which way the track runs."""
        return self._direction

    @property
    def rate(self) -> float:
        """The rate that was declared."""
        return self._rate

    @property
    def default(self) -> bool:
        """Whether this is the track of `get_track()`."""
        return self._default

    @property
    def info(self) -> TrackInfo:
        """Which track this is, as plain data."""
        return TrackInfo(self.name, self.kind, self.rate, self.direction)

    @property
    def declared(self) -> Track:
        """What the contract says of this track. Belongs to the runtime."""
        rate = (int(self.rate) or SOUND) if self.kind is Kind.AUDIO else 0
        return Track(self.name, self.kind, self.direction, rate)

    def joined(self, name: str, stream: Stream | None) -> Self:
        """Return a copy of that name that belongs to a stream. Belongs to the runtime."""
        track = copy.copy(self)
        track._name = name
        track._stream = stream
        return track

    def emit(self, frame: Any = None, bucket: int | None = None) -> None:
        """Send something to the clients; only an output can."""
        raise TypeError(
            f"{self.name!r} is an input track: what clients send arrives on it, and latest() reads "
            "it. Emit on an output, such as get_ctx().get_track().emit(frame)."
        )

    def latest(self) -> Any:
        """Return a copy of the newest data on this track, or None.

        For an output that is what was emitted last. It polls: what came in between is skipped.
        """
        return None if self._stream is None else self._stream.latest(self)


class OutTrack(MediaTrack):
    """A track that the model emits on."""

    _direction = Direction.OUT

    def emit(self, frame: Any = None, bucket: int | None = None) -> None:
        """Send pictures or sound to the clients; waits while 50 ticks are still to be shown.

        At a fixed rate it waits until the next picture is wanted, so that what is shown is what was
        made last. `None` is a black picture, or a second of silence. Tracks that are emitted one
        after the other belong together by their order, or by the `bucket` that each emit names.
        Once the session is being stopped, what is emitted is dropped.

        Raises `TypeError` or `ValueError` naming the track for an array that is wrong, and
        `RuntimeError` outside a session.
        """
        if self._stream is None:
            raise RuntimeError(
                f"{self.name!r} is not being served: emit from start_session(), on "
                "get_ctx().get_track()"
            )
        self._stream.emit(self, frame, bucket)


class VideoOut(OutTrack):
    """Pictures for the clients: (H, W, 3) or (N, H, W, 3) uint8, RGB."""

    _kind = Kind.VIDEO


class AudioOut(OutTrack):
    """Sound for the clients: (M,), (1, M) or (2, M) int16."""

    _kind = Kind.AUDIO


class VideoIn(MediaTrack):
    """Pictures from the clients: (H, W, 3) uint8, RGB."""

    _kind = Kind.VIDEO
    _direction = Direction.IN


class AudioIn(MediaTrack):
    """Sound from the clients: (1, M) int16, mono."""

    _kind = Kind.AUDIO
    _direction = Direction.IN


def tracks_of(cls: type) -> dict[str, MediaTrack]:
    """Return the tracks that a class declares, in order: its parents' first.

    One that is declared again keeps its parent's place. Raises `ValueError` for two defaults.
    """
    found: dict[str, MediaTrack] = {}
    for name, value in _members(cls):
        if isinstance(value, MediaTrack):
            found[name] = value.joined(name, None)
        else:
            found.pop(name, None)  # as everywhere, what a child assigns hides its parent's
    if not found:
        found = {"main_video": VideoOut(default=True).joined("main_video", None)}
    defaults = [repr(name) for name, track in found.items() if track.default]
    if len(defaults) > 1:
        raise ValueError(
            f"{cls.__name__}: the tracks {' and '.join(defaults)} are all default=True. "
            "get_track() can mean one: keep it on that one."
        )
    return found


def default_of(tracks: Mapping[str, MediaTrack]) -> MediaTrack | None:
    """Return the track of `get_track()`: the marked one, else the first `VideoOut`."""
    marked = (track for track in tracks.values() if track.default)
    videos = (track for track in tracks.values() if isinstance(track, VideoOut))
    return next(marked, None) or next(videos, None)


def _members(cls: type) -> Iterator[tuple[str, Any]]:
    for owner in reversed(cls.__mro__):
        yield from vars(owner).items()
