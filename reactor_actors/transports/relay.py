"""`Relay`: the screen of a replica for everybody who is no WebRTC peer, and in front of the peers'.

What a link shows lies in memory that goes back to the model, so it is copied for whoever keeps it:
once per tick, however many `Tap`s there are, and not at all where there is none.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from reactor_actors.core.batches import Shown, run_length
from reactor_actors.core.media import Pixels, Samples, Tick
from reactor_actors.core.pixels import black, size_of
from reactor_actors.core.ports import Screen
from reactor_actors.flow.bell import Bell


class Tap:
    """The ticks that one reader has not taken yet, at most `bound`: the oldest one gives way.

    `tracks` are those the reader wants; None means all. Lives on one event loop.
    """

    def __init__(self, tracks: frozenset[str] | None, bound: int) -> None:
        self.tracks = tracks
        self._bound = max(1, bound)
        self._kept: deque[Shown] = deque()
        self._bell = Bell()
        self.dropped = 0
        self.closed = False

    def offer(self, shown: Shown) -> None:
        """Keep a tick until it is taken."""
        if len(self._kept) >= self._bound:
            self._kept.popleft()
            self.dropped += 1
        self._kept.append(shown)
        self._bell.ring()

    def close(self) -> None:
        """Wake the reader: nothing more will come."""
        self.closed = True
        self._bell.ring()

    def discard(self) -> None:
        """Let go of what is kept: nobody will take it."""
        self._kept.clear()

    async def take(self, seconds: float | None = None) -> list[Shown]:
        """Wait for ticks and return those that fit into one batch.

        None are returned after `seconds` without any, and once the tap is closed and empty.
        """
        try:
            return await self._bell.until(self._taken, seconds)
        except TimeoutError:
            return []

    def _taken(self) -> list[Shown] | None:
        if not self._kept:
            return [] if self.closed else None
        count = run_length(list(self._kept), self._bound)
        return [self._kept.popleft() for _ in range(count)]


class Relay:
    """A `Screen` that shows to another one, and to taps. Lives on one event loop.

    `session` says which session runs.
    """

    def __init__(self, replica: str, screen: Screen) -> None:
        self._replica = replica
        self._screen = screen
        self._taps: tuple[Tap, ...] = ()
        self._number = 0
        self._stands: dict[str, tuple[int, Pixels]] = {}
        self._bell = Bell()
        self.session: Callable[[], str | None] = lambda: None

    @property
    def taps(self) -> int:
        """How many taps there are."""
        return len(self._taps)

    def join(self, tap: Tap) -> None:
        """Give a tap every tick from now on."""
        self._taps += (tap,)

    def leave(self, tap: Tap) -> None:
        """Give a tap nothing more."""
        self._taps = tuple(other for other in self._taps if other is not tap)

    def show(self, tick: Tick) -> None:
        """Show a tick to everybody."""
        self._screen.show(tick)
        self._pass_on(tick)

    def blank(self) -> None:
        """Show one black picture per video track, of the last picture's size."""
        self._screen.blank()
        stands = self._stands.items()
        pictures = {name: black(*size_of(picture)) for name, (_, picture) in stands}
        if pictures:
            self._pass_on(Tick(0, pictures))

    def forget(self) -> None:
        """Forget the last pictures: the session they belong to is over."""
        self._stands.clear()
        self._bell.ring()
        self._screen.forget()

    async def newest(
        self, track: str, after: int, seconds: float, over: Callable[[], bool]
    ) -> Shown | None:
        """Return the picture that stands on a track, if its number is above `after`.

        Waits for one; None after `seconds` without, or as soon as it is `over`.
        """

        def attempt() -> tuple[int, Pixels | None] | None:
            if over():
                return 0, None
            stands = self._stands.get(track)
            return stands if stands is not None and stands[0] > after else None

        try:
            number, picture = await self._bell.until(attempt, seconds)
        except TimeoutError:
            return None
        return None if picture is None else self._shown(number, {track: picture.copy()})

    def _pass_on(self, tick: Tick) -> None:
        self._number += 1
        for name, picture in tick.pictures.items():
            self._stands[name] = (self._number, picture)
        self._bell.ring()
        if not self._taps:
            return
        # Shared by all taps, which only read it.
        pictures: dict[str, Pixels] = {}
        for tap in self._taps:
            for name in wanted(tick.pictures, tap.tracks) - pictures.keys():
                pictures[name] = tick.pictures[name].copy()
        for tap in self._taps:
            names, heard = wanted(tick.pictures, tap.tracks), wanted(tick.sound, tap.tracks)
            if names or heard:
                sound = {name: tick.sound[name] for name in heard}
                tap.offer(self._shown(self._number, {n: pictures[n] for n in names}, sound))

    def _shown(
        self,
        number: int,
        pictures: Mapping[str, Pixels],
        sound: Mapping[str, Samples] | None = None,
    ) -> Shown:
        return Shown(self._replica, self.session(), number, time.time(), pictures, sound or {})


def wanted(carried: Mapping[str, object], tracks: frozenset[str] | None) -> set[str]:
    """Return the names of what a tick carries that a tap wants."""
    return set(carried) if tracks is None else set(tracks & carried.keys())
