"""What a generation 1 class declares: tracks, commands and rate."""

from __future__ import annotations

import functools
import inspect
import math
from dataclasses import dataclass
from typing import Any

from reactor_actors.classic.commands import Handler, handlers_of
from reactor_actors.classic.tracks import MediaTrack, default_of, tracks_of
from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Direction
from reactor_actors.core.naming import snake_case, summary_of
from reactor_actors.core.values import is_number

WAITING = 50
"""How many ticks wait for playout before `emit` blocks."""

FIRST_LEAD = 4
"""How many of them a session begins with, where the rate is fixed."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What `@model` was given."""

    name: str
    config: str | None
    weights: tuple[str, ...]
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Declaration:
    """Everything a class declares. `fps` is the rate it fixes, None for one that adapts."""

    title: str
    description: str
    tracks: dict[str, MediaTrack]
    default: MediaTrack | None
    handlers: dict[str, Handler]
    fps: float | None
    fixed_latency: bool

    def contract(self, fps: float, **facts: Any) -> Contract:
        """Return what crosses to the clients' side; `facts` are what the manifest says."""
        tracks = [track.declared for track in self.tracks.values()]
        named = {"name": self.title, **facts}
        return Contract(
            description=self.description,
            tracks=tuple(sorted(tracks, key=lambda track: track.direction is Direction.OUT)),
            commands=tuple(handler.declared for handler in self.handlers.values()),
            fps=fps,
            pinned=self.fps is not None,
            buffer_size=WAITING,
            fixed_latency=self.fixed_latency,
            first_lead=FIRST_LEAD,
            **named,
        )


def spec_of(cls: type) -> Spec | None:
    """Return what `@model` was given for a class, or for the nearest of its parents."""
    return getattr(cls, "__reactor_model__", None)


@functools.cache
def declare(cls: type) -> Declaration:
    """Read a class. Raises `TypeError` or `ValueError` naming what is declared wrongly."""
    spec = spec_of(cls)
    tracks = tracks_of(cls)
    default = default_of(tracks)
    fps = _fixed_rate(cls, default)
    latency = getattr(cls, "latency", "adaptive")
    if latency not in ("adaptive", "fixed"):
        raise ValueError(f'{cls.__name__}.latency is "adaptive" or "fixed"; got {latency!r}')
    _check_session(cls)
    return Declaration(
        title=spec.name if spec is not None else snake_case(cls.__name__),
        description=summary_of(cls),
        tracks=tracks,
        default=default,
        handlers=handlers_of(cls),
        fps=fps,
        # A rate that is measured must not be measured of our own waiting.
        fixed_latency=latency == "fixed" or fps is None,
    )


def _fixed_rate(cls: type, default: MediaTrack | None) -> float | None:
    fps = getattr(cls, "emission_fps", None)
    if fps is not None:
        if not is_number(fps) or not math.isfinite(fps):
            raise ValueError(f"{cls.__name__}.emission_fps is a number above 0; got {fps!r}")
        if fps < 0:
            raise ValueError(f"{cls.__name__}.emission_fps must be above zero; got {fps!r}")
        if fps > 0:
            return float(fps)
    if default is not None and default.kind == "video" and default.direction is Direction.OUT:
        return default.rate or None
    return None


_NOT_PLAIN = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)


def _check_session(cls: type) -> None:
    session = getattr(cls, "start_session", None)
    if getattr(session, "__isabstractmethod__", False):
        raise TypeError(
            f"{cls.__name__} has no start_session(): write one that emits until "
            "get_ctx().should_stop() is true"
        )
    if any(is_one(session) for is_one in _NOT_PLAIN):
        raise TypeError(
            f"{cls.__name__}.start_session() is a plain function: it runs on a thread of its own, "
            "and emit() waits there. Remove `async` and `yield`; a generator belongs to "
            "ReactorPipeline."
        )
