"""Three deciders that steer encoders: bitrate, key frames, and the pace of pictures. All pure.

Time is an argument in seconds. Nothing here knows a codec, a connection or a thread.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from reactor_actors.core.errors import SetupError


@dataclass(frozen=True, slots=True)
class BitrateRange:
    """The bounds of a target in bits per second, and where it starts."""

    lowest: int = 500_000
    start: int = 4_000_000
    highest: int = 10_000_000

    @classmethod
    def parse(cls, text: str) -> BitrateRange:
        """Read `min:start:max` in Mb/s, as in `0.5:4:10`. Raises `SetupError`."""
        try:
            lowest, start, highest = (round(float(part) * 1e6) for part in text.split(":"))
        except (ValueError, OverflowError):
            raise SetupError(f"bitrate: expected min:start:max in Mb/s, got {text!r}") from None
        if not 0 < lowest <= start <= highest:
            raise SetupError(f"bitrate: expected 0 < min <= start <= max, got {text!r}")
        return cls(lowest, start, highest)

    def clamp(self, bitrate: float) -> int:
        """Return the nearest rate within the bounds."""
        return round(min(max(bitrate, self.lowest), self.highest))


@dataclass(slots=True)
class _Viewer:
    """What one viewer is believed to carry."""

    granted: float
    """Follows losses: cut by heavy ones, grown slowly without."""
    estimate: float = math.inf
    """The viewer's own, from REMB."""
    judged: float = -math.inf
    """When losses last moved `granted`."""

    @property
    def room(self) -> float:
        return min(self.granted, self.estimate)


class Bitrate:
    """Decide the target of one encoder that feeds several viewers.

    **Per viewer.** Heavy loss (above 10 %) cuts what a viewer is granted by half the loss, none to
    speak of (below 2 %) grows it by 8 % a second; its own estimate is an upper bound. A rate that
    is not used proves nothing: while the encoder sends much less than its target, nobody's grant
    grows, and an estimate lowers the bound only when it is below what is really sent.

    **Over viewers.** The target is what the slowest viewer carries, of those not left behind. Left
    behind is who carries less than a third of the (upper) median viewer: they skip to key frames.
    So one bad viewer costs the others two thirds of the rate at worst, a viewer alone always gets
    what fits, and of two very unequal ones the better is served.

    **Hysteresis.** A new target costs an encoder a key frame. It falls by 15 % or more at once,
    but at most once a second unless it halves; it rises by 20 % or more, at most every 5 s.
    """

    _BEHIND = 1 / 3
    _USED = 0.7
    _FALL, _FALL_SECONDS = 0.85, 1.0
    _RISE, _RISE_SECONDS = 1.2, 5.0

    def __init__(self, bounds: BitrateRange) -> None:
        self._bounds = bounds
        self._target = bounds.start
        self._moved = -math.inf
        self._viewers: dict[Hashable, _Viewer] = {}
        self._bar = 0.0
        self._sent = Throughput()

    def joined(self, viewer: Hashable) -> None:
        """Count a viewer in, believed to carry the start rate until it reports."""
        self._viewers.setdefault(viewer, _Viewer(granted=self._bounds.start))
        self._compare()

    def left(self, viewer: Hashable) -> None:
        """Forget a viewer."""
        self._viewers.pop(viewer, None)
        self._compare()

    def behind(self, viewer: Hashable) -> bool:
        """Whether a viewer is left behind, and to be sent key frames only."""
        state = self._viewers.get(viewer)
        return state is not None and state.room < self._bar

    def sent(self, size: int, now: float) -> None:
        """Note that the encoder made a packet of `size` bytes."""
        self._sent.add(size * 8, now)

    def estimated(self, viewer: Hashable, bitrate: float, now: float) -> None:
        """Take a viewer's estimate of what it can receive, in bits per second (REMB)."""
        state = self._viewers.get(viewer)
        if state is None:
            return
        if bitrate > state.estimate or bitrate < self._sent.rate(now) or self._used(now):
            state.estimate = bitrate
            self._compare()

    def lost(self, viewer: Hashable, fraction: float, now: float) -> None:
        """Take the fraction of packets a viewer lost since its last report (RTCP)."""
        state = self._viewers.get(viewer)
        if state is None or now - state.judged < 1.0:
            return
        if fraction > 0.10:
            state.granted = self._bounds.clamp(
                min(state.granted, self._target) * (1 - fraction / 2)
            )
            state.judged = now
        elif fraction < 0.02 and self._used(now):
            state.granted = self._bounds.clamp(state.granted * 1.08)
            state.judged = now
        self._compare()

    def target(self, now: float) -> int:
        """Return the rate to encode at from now on, in bits per second."""
        wanted, waited = self._wanted(), now - self._moved
        falls = wanted <= self._target * self._FALL and (
            waited >= self._FALL_SECONDS or wanted <= self._target / 2
        )
        rises = wanted >= self._target * self._RISE and waited >= self._RISE_SECONDS
        # The bounds themselves are always reachable, however small the last step.
        last_step = (
            wanted != self._target
            and waited >= self._RISE_SECONDS
            and wanted
            in (
                self._bounds.lowest,
                self._bounds.highest,
            )
        )
        if falls or rises or last_step:
            self._target, self._moved = wanted, now
        return self._target

    def _wanted(self) -> int:
        rooms = [viewer.room for viewer in self._viewers.values() if viewer.room >= self._bar]
        return self._bounds.clamp(min(rooms)) if rooms else self._target

    def _compare(self) -> None:
        """Set the bar below which a viewer is left behind."""
        rooms = [viewer.room for viewer in self._viewers.values()]
        self._bar = statistics.median_high(rooms) * self._BEHIND if rooms else 0.0

    def _used(self, now: float) -> bool:
        return self._sent.rate(now) >= self._USED * self._target


class Throughput:
    """Measure a rate per second, the last second weighing most."""

    def __init__(self) -> None:
        self._level = 0.0
        self._at = 0.0

    def add(self, amount: float, now: float) -> None:
        """Count an amount at this time."""
        self._level = self.rate(now) + amount
        self._at = now

    def rate(self, now: float) -> float:
        """Return the amount per second."""
        return self._level * math.exp(-max(0.0, now - self._at))


class KeyFrames:
    """Decide which picture becomes a key frame: on request, and not too often.

    Reports of lost pictures make at most one per interval: they may come from a viewer for whom no
    number of key frames helps. A newcomer, who sees nothing until then, makes one sooner. A
    request is never lost: one that comes too early is honoured when its time has come, and any
    number of them meanwhile make one key frame.
    """

    def __init__(self, interval: float = 0.5, newcomer: float = 0.1) -> None:
        self._interval = interval
        self._newcomer = newcomer
        self._wanted = math.inf
        self._made = -math.inf

    def request(self, now: float, *, newcomer: bool = False) -> bool:
        """Ask for a key frame. Returns whether a picture encoded now would be one."""
        wait = self._newcomer if newcomer else self._interval
        self._wanted = min(self._wanted, self._made + wait)
        return self.due(now)

    def due(self, now: float) -> bool:
        """Say whether a picture encoded now is to be a key frame."""
        return now >= self._wanted

    def take(self, now: float) -> bool:
        """Decide about the picture about to be encoded; True answers all requests so far."""
        if not self.due(now):
            return False
        self._wanted, self._made = math.inf, now
        return True


class Cadence:
    """Measure how many pictures come per second, for encoders that have to be told.

    Too low a figure overshoots the bitrate, too high a one wastes some of it. So it rises after
    eight pictures, and falls only after five seconds; a pause is no cadence and changes nothing.
    """

    _PAUSE = 0.5
    _STEP = 1.5
    _RISE_PICTURES = 8
    _FALL_SECONDS = 5.0
    _LOWEST, _HIGHEST = 5.0, 240.0

    def __init__(self, fps: float = 30.0) -> None:
        self.fps = fps
        self._seen: deque[float] = deque()

    def saw(self, seconds: float) -> float:
        """Note a picture at this time; return the pictures per second to reckon with."""
        seen = self._seen
        if seen and not 0 < seconds - seen[-1] <= self._PAUSE:
            seen.clear()
        seen.append(seconds)
        while seconds - seen[0] > self._FALL_SECONDS + self._PAUSE:
            seen.popleft()
        if len(seen) > self._RISE_PICTURES:
            recent = self._RISE_PICTURES / (seconds - seen[-1 - self._RISE_PICTURES])
            if recent > self.fps * self._STEP:
                self._settle(recent)
        span = seconds - seen[0]
        if span >= self._FALL_SECONDS:
            lasting = (len(seen) - 1) / span
            if lasting < self.fps / self._STEP:
                self._settle(lasting)
        return self.fps

    def _settle(self, fps: float) -> None:
        self.fps = float(round(min(max(fps, self._LOWEST), self._HIGHEST)))
