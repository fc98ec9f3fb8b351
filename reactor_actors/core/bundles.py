"""`MediaBundle`: what arrived on the input tracks in one moment, as generation 1 hands it over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from reactor_actors.core.media import Direction, Kind


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """Which track something belongs to: `kind` is `video` or `audio`, `direction` `in` or `out`."""

    name: str
    kind: Kind
    rate: float
    direction: Direction


@dataclass(frozen=True, slots=True)
class TrackData:
    """What arrived on one track: (H, W, 3) uint8 RGB, or (1, M) int16 sound."""

    info: TrackInfo
    data: NDArray[Any]


class MediaBundle:
    """One `TrackData` for every input track that had data, in order of arrival."""

    def __init__(self, tracks: Iterable[TrackData] = ()) -> None:
        self._tracks = {track.info.name: track for track in tracks}

    def __repr__(self) -> str:
        return f"MediaBundle({', '.join(self._tracks)})"

    def __iter__(self) -> Iterator[TrackData]:
        return iter(self._tracks.values())

    def __len__(self) -> int:
        return len(self._tracks)

    def get_track(self, name: str) -> TrackData | None:
        """Return what arrived on a track; None if nothing did."""
        return self._tracks.get(name)

    def get_tracks(self) -> list[TrackData]:
        """Return everything that arrived."""
        return list(self._tracks.values())

    def get_tracks_by_kind(self, kind: str) -> list[TrackData]:
        """Return what arrived on the tracks of one kind, `video` or `audio`."""
        return [track for track in self if track.info.kind == kind]

    def video_only(self) -> MediaBundle:
        """Return a bundle without the sound."""
        return MediaBundle(self.get_tracks_by_kind(Kind.VIDEO))
