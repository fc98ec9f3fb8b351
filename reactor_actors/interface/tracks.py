"""`Video`, `Audio`, `Output` and `Input`: how an author declares tracks."""

from __future__ import annotations

from collections.abc import Iterable
from types import UnionType
from typing import Annotated, Any, Union, dataclass_transform, get_args, get_origin

from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.interface.records import as_record, fields_of, is_remade, resolved


class Video:
    """Annotate a field with it to declare a video track: (H, W, 3) or (N, H, W, 3) uint8 RGB."""


class Audio:
    """Annotate a field with it to declare an audio track: (M,), (1, M) or (2, M) int16.

    Subclass it to declare another rate: `class Audio16k(Audio): sample_rate = 16_000`.
    """

    sample_rate: int = 48_000


@dataclass_transform(kw_only_default=True)
class Output:
    """What a model emits at once: subclass it, one field per track.

    An instance takes exactly its tracks by keyword; `None` means that this emit carries nothing for
    that track.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make a dataclass of the subclass."""
        super().__init_subclass__(**kwargs)
        if not is_remade(cls):
            as_record(cls)


@dataclass_transform(kw_only_default=True)
class Input:
    """What a model receives: subclass it, one field per track, and annotate the model with it.

    On the model, each track is an `InputBuffer`: `await self.input.webcam.read()`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make a dataclass of the subclass."""
        super().__init_subclass__(**kwargs)
        if not is_remade(cls):
            as_record(cls)


def tracks_of(cls: type[Output] | type[Input]) -> tuple[Track, ...]:
    """Return the tracks a class declares, inherited ones included, in order of declaration."""
    base, direction = (Output, Direction.OUT) if issubclass(cls, Output) else (Input, Direction.IN)
    tracks = []
    for name, (owner, raw) in fields_of(cls, base).items():
        kind = _unwrapped(resolved(owner, name, raw))
        if not isinstance(kind, type):
            continue
        if issubclass(kind, Video):
            tracks.append(Track(name, Kind.VIDEO, direction))
        elif issubclass(kind, Audio):
            tracks.append(Track(name, Kind.AUDIO, direction, _checked_rate(kind)))
    return tuple(tracks)


def merged(classes: Iterable[type[Output] | type[Input]]) -> tuple[Track, ...]:
    """Return the tracks of several classes, inputs first.

    A track that several classes of one direction name alike is one track. Raises `ValueError` when
    they disagree about it, or when a name is used in both directions.
    """
    owners: dict[str, tuple[type, Track]] = {}
    for cls in classes:
        for track in tracks_of(cls):
            owner, known = owners.setdefault(track.name, (cls, track))
            if known.direction is not track.direction:
                raise ValueError(
                    f"track {track.name!r} is an input in "
                    f"{(cls if track.direction is Direction.IN else owner).__name__} and an output "
                    f"in {(owner if track.direction is Direction.IN else cls).__name__}. A name "
                    "belongs to one direction: rename one of them."
                )
            if known != track:
                raise ValueError(
                    f"track {track.name!r} is {_told(known)} in {owner.__name__} but "
                    f"{_told(track)} in {cls.__name__}. Declare it alike, or rename one of them."
                )
    tracks = [track for _, track in owners.values()]
    return tuple(sorted(tracks, key=lambda track: track.direction is Direction.OUT))


def _unwrapped(annotation: Any) -> Any:
    """Return `Audio` for `Audio | None` and for `Annotated[Audio, ...]`; others as they are."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _unwrapped(parts[0])
    if origin in (Union, UnionType):
        others = [part for part in parts if part is not type(None)]
        return _unwrapped(others[0]) if len(others) == 1 else annotation
    return annotation


def _checked_rate(kind: type[Audio]) -> int:
    rate = kind.sample_rate
    if isinstance(rate, bool) or not isinstance(rate, int) or rate <= 0:
        raise ValueError(f"{kind.__name__}.sample_rate must be a positive integer; got {rate!r}")
    return rate


def _told(track: Track) -> str:
    return "video" if track.kind is Kind.VIDEO else f"audio at {track.sample_rate} Hz"
