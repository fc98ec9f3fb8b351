"""`Buckets`: pair what several output tracks emit one after the other. Pure.

Every emit goes into a bucket: the one whose index it names, or the track's next. A bucket leaves
when all tracks have contributed. One that nobody completes does not hold up the rest for ever: at
most eight wait, and a track that is missing from eight in a row is quiet until it emits again. So
is one that has emitted nothing for as long as the oldest bucket waits, if that is a second: nine
pictures of a slow model take too long. Time is an argument.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

WAITING = 8
PATIENCE = 1.0
"""Seconds for which a bucket waits for a track that emits nothing."""

REMEMBERED = 1024

Contents: TypeAlias = Mapping[str, Any]


@dataclass(eq=False, slots=True)
class _Bucket:
    index: int
    place: int
    since: float
    values: dict[str, Any] = field(default_factory=dict)

    def emptied(self) -> Contents:
        """Let go of the values, and keep which tracks they were of."""
        values, self.values = self.values, dict.fromkeys(self.values)
        return values


class Buckets:
    """The buckets of one session."""

    def __init__(self, tracks: Iterable[str]) -> None:
        self._next = dict.fromkeys(tracks, 0)
        self._heard = dict.fromkeys(self._next, float("-inf"))
        # From which place on a track is waited for; one that is quiet is not in here.
        self._awaited = dict.fromkeys(self._next, 0)
        self._open: dict[int, _Bucket] = {}
        self._recent: deque[_Bucket] = deque(maxlen=WAITING)
        self._left: dict[int, None] = {}
        self._opened = 0
        self._highest = -1

    def holds_up(self, track: str, index: int | None = None) -> set[str]:
        """Return the tracks without which the oldest bucket would leave because of such an emit."""
        if len(self._open) < WAITING or self._bucket(track, index, 0.0).index in self._open:
            return set()
        oldest = next(iter(self._open.values()))
        return {t for t in self._missing_from(oldest) if t != track}

    def add(
        self, track: str, value: Any, index: int | None = None, *, now: float
    ) -> list[Contents] | None:
        """Take in one emit; return the buckets that leave because of it, in order.

        None: the bucket named has left already, and the emit is ignored.
        """
        if index is not None and index in self._left:
            return None
        bucket = self._bucket(track, index, now)
        self._heard[track] = now
        # A bucket from before a quiet track's return will never have anything of it.
        self._awaited.setdefault(track, bucket.place)
        self._next[track] = max(self._next[track], bucket.index + 1)
        if bucket.index not in self._open:
            self._open[bucket.index] = bucket
            self._opened += 1
            self._highest = max(self._highest, bucket.index)
            if len(self._open) > WAITING:
                # Asked before the newest one counts: it has had no time to be contributed to.
                for quiet in [t for t in self._awaited if self._is_missing(t) and t != track]:
                    del self._awaited[quiet]
            self._recent.append(bucket)
        bucket.values[track] = value
        self._lose_patience(now)
        return self._leaving()

    def _lose_patience(self, now: float) -> None:
        oldest = next(iter(self._open.values()))
        if now - oldest.since >= PATIENCE:
            for track in self._missing_from(oldest):
                if self._heard[track] < oldest.since:
                    del self._awaited[track]

    def _bucket(self, track: str, index: int | None, now: float) -> _Bucket:
        if index is None:
            index = self._next[track]
            if track not in self._awaited:
                index = next(reversed(self._open), self._highest + 1)
            while index in self._left:
                index += 1
        return self._open.get(index) or _Bucket(index, self._opened, now)

    def _is_missing(self, track: str) -> bool:
        return all(track not in bucket.values for bucket in self._recent)

    def _missing_from(self, bucket: _Bucket) -> list[str]:
        """Return the tracks that a bucket waits for."""
        waited_for = (t for t, place in self._awaited.items() if place <= bucket.place)
        return [track for track in waited_for if track not in bucket.values]

    def _leaving(self) -> list[Contents]:
        gone = [bucket for bucket in self._open.values() if not self._missing_from(bucket)]
        if len(self._open) - len(gone) > WAITING:
            gone = [next(iter(self._open.values()))]
        for bucket in gone:
            del self._open[bucket.index]
            self._left[bucket.index] = None
        while len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]
        return [bucket.emptied() for bucket in gone]
