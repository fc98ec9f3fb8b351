"""`Figures`: what a replica has done so far, in numbers that only grow.

They are counted where things pass, in whatever process that is, and read when somebody looks. Those
of two lives, or of two replicas, add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from reactor_actors.core.media import Tick
from reactor_actors.core.tally import Spread, Tally

T = TypeVar("T")

EMIT_SECONDS = (0.005, 0.01, 0.02, 0.033, 0.05, 0.1, 0.2, 0.5, 1, 5)
STAGE_SECONDS = (
    *(0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004),
    *(0.005, 0.0065, 0.008, 0.01, 0.0125, 0.016, 0.02, 0.025, 0.033, 0.04),
    *(0.05, 0.065, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5),
)
"""The bounds for every stage of a picture's way. They lie close, so that a quantile estimated from
them tells milliseconds apart, and are the same, so that stages can be compared."""

_NO_EMITS = Spread.none(EMIT_SECONDS)
_NO_STAGE = Spread.none(STAGE_SECONDS)


@dataclass(frozen=True, slots=True)
class EncoderFigures:
    """What one codec has made of a track.

    Attributes:
        seconds: How long each picture took.
        bytes: Bytes for one viewer.
        waits: Seconds that each picture waited for the encoder's thread.
    """

    seconds: Spread = _NO_STAGE
    bytes: int = 0
    waits: Spread = _NO_STAGE

    def __add__(self, other: EncoderFigures) -> EncoderFigures:
        """Count both."""
        return EncoderFigures(
            self.seconds + other.seconds, self.bytes + other.bytes, self.waits + other.waits
        )


@dataclass(frozen=True, slots=True)
class TrackFigures:
    """What became of the frames of a track.

    Attributes:
        fates: How many met each fate.
        encoders: Each codec's work.
        ways_out: Seconds from an encoded picture to its last packet, once for every viewer.
    """

    fates: Mapping[str, int] = field(default_factory=dict)
    encoders: Mapping[str, EncoderFigures] = field(default_factory=dict)
    ways_out: Spread = _NO_STAGE

    def __add__(self, other: TrackFigures) -> TrackFigures:
        """Count both."""
        return TrackFigures(
            merged(self.fates, other.fates, int.__add__),
            merged(self.encoders, other.encoders, EncoderFigures.__add__),
            self.ways_out + other.ways_out,
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """What a replica has done so far.

    Attributes:
        tracks: By track, inputs too.
        emits: Seconds between two emits of the model, of a session that went on meanwhile.
        turns: Seconds that the model worked for an emit.
        holds: Seconds from an emit to the admission of each of its ticks.
        hand_offs: Seconds from a tick's admission at the model's end to its arrival here.
        latencies: Seconds from a tick's arrival to its playout.
    """

    tracks: Mapping[str, TrackFigures] = field(default_factory=dict)
    emits: Spread = _NO_EMITS
    turns: Spread = _NO_STAGE
    hand_offs: Spread = _NO_STAGE
    latencies: Spread = _NO_STAGE
    holds: Spread = _NO_STAGE

    def __add__(self, other: Figures) -> Figures:
        """Count both."""
        return Figures(
            merged(self.tracks, other.tracks, TrackFigures.__add__),
            self.emits + other.emits,
            self.turns + other.turns,
            self.hand_offs + other.hand_offs,
            self.latencies + other.latencies,
            self.holds + other.holds,
        )


class Traffic:
    """Counts what passes between a model and its clients' side. Lives on one event loop."""

    def __init__(self) -> None:
        self.fed: Counter[str] = Counter()
        self.latencies = Tally(STAGE_SECONDS)
        self._emits = Tally(EMIT_SECONDS)
        self._turns = Tally(STAGE_SECONDS)
        self._hand_offs = Tally(STAGE_SECONDS)
        self._holds = Tally(STAGE_SECONDS)
        self._emitted_at: float | None = None

    def rest(self) -> None:
        """Count no time from the emit before to the next: nobody has waited for it."""
        self._emitted_at = None

    def arrived(self, tick: Tick, now: float) -> None:
        """Count a tick that the model's side has handed over."""
        if tick.admitted_at > 0.0:
            self._hand_offs.count(now - tick.admitted_at)
            self._holds.count(tick.held)
        if tick.turn > 0.0:  # the first tick of an emit
            before, self._emitted_at = self._emitted_at, now
            self._turns.count(tick.turn)
            if before is not None:
                self._emits.count(now - before)

    def figures(self, outputs: Mapping[str, TrackFigures]) -> Figures:
        """Return what has been counted; `outputs` is what became of the pictures and the sound."""
        inputs = {track: TrackFigures({"received": count}) for track, count in self.fed.items()}
        return Figures(
            {**outputs, **inputs},
            self._emits.read(),
            self._turns.read(),
            self._hand_offs.read(),
            self.latencies.read(),
            self._holds.read(),
        )


def merged(one: Mapping[str, T], other: Mapping[str, T], add: Callable[[T, T], T]) -> dict[str, T]:
    """Return the values of both; where both have one, their sum."""
    both = {name: add(value, other[name]) for name, value in one.items() if name in other}
    return {**one, **other, **both}
