"""Encode the sound of a track once: 20 ms Opus packets on a clock that never stops.

Sound is laid on the same time line as pictures and sent when its time has come; where there is
none, silence goes out. `SoundLine` and `SoundClock` are pure, time is an argument. This module
never waits and knows no viewer.
"""

from __future__ import annotations

import logging
import math
from fractions import Fraction
from typing import TypeAlias

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.packet import Packet
from numpy.typing import NDArray

SOUND_RATE = 48_000
"""Samples per second of everything that leaves; the clock of Opus in RTP."""

FRAME_SAMPLES = 960
FRAME_SECONDS = FRAME_SAMPLES / SOUND_RATE

Samples = NDArray[np.int16]
"""Sound: `(channels, samples)`."""

SoundPacket: TypeAlias = "Packet[AudioStream]"

_TIME_BASE = Fraction(1, SOUND_RATE)
_LAYOUTS = {1: "mono", 2: "stereo"}
_WARNING_SECONDS = 5.0
_BITRATES = {1: 64_000, 2: 96_000}

log = logging.getLogger(__name__)


class SoundClock:
    """Decide which 20 ms frames are due. Frame `n` covers the time from `n * 20 ms` on.

    A frame is due `delay` after its beginning: sound comes in pieces as long as a picture lasts,
    and the second half of a frame may be in the next piece, 20 ms later; the rest is for jitter.
    """

    def __init__(self, first: int, *, delay: float = 0.03, longest: float = 0.2) -> None:
        self._next = first
        self._delay = delay
        self._longest = round(longest / FRAME_SECONDS)

    def due(self, now: float) -> range:
        """Return the frames to send now. After a stall, those older than `longest` are left out."""
        # The small amount is for products of 0.02 that binary fractions put just below a frame.
        end = math.floor((now - self._delay) / FRAME_SECONDS + 1e-6) + 1
        frames = range(max(self._next, end - self._longest), end)
        self._next = max(self._next, end)
        return frames

    def wait(self, now: float) -> float:
        """Return the seconds until the next frame is due."""
        return max(0.0, self._next * FRAME_SECONDS + self._delay - now)


class SoundLine:
    """Hold sound waiting for its time: at most a second, oldest dropped.

    Pieces are joined seamlessly while that keeps them within `slack` of the time they carry.
    Beyond it sound that would come early is preceded by silence, sound that would come late loses
    its beginning. So no offset to the pictures can build up, whatever the source does.
    """

    def __init__(
        self, channels: int, first: int, *, slack: float = 0.03, longest: float = 1.0
    ) -> None:
        self.offset = 0
        """How many samples later the newest piece plays than it should; negative is earlier."""
        self.dropped = 0
        """Samples given up so far, because too many waited or their time had passed."""
        self.underruns = 0
        """Frames so far in which something was missing."""
        self._slack = round(slack * SOUND_RATE)
        self._longest = round(longest * SOUND_RATE)
        self._head = first * FRAME_SAMPLES
        self._sound = np.zeros((channels, 0), np.int16)

    def lay(self, sound: Samples, at: int) -> None:
        """Add a piece that begins at sample `at` of the time line."""
        late = self._head + self._sound.shape[1] - at
        parts = [self._sound, sound]
        if late < -self._slack:
            gap = min(-late, self._longest)
            parts = [self._sound, np.zeros((sound.shape[0], gap), np.int16), sound]
            late += gap
        elif late > self._slack:
            cut = min(late, sound.shape[1])
            parts = [self._sound, sound[:, cut:]]
            self.dropped += cut
            late -= cut
        joined = np.concatenate(parts, axis=1)
        excess = max(0, joined.shape[1] - self._longest)
        self.dropped += excess
        self.offset = late - excess
        self._sound = joined[:, excess:]

    def take(self, frame: int) -> Samples:
        """Remove and return the sound of a frame, filled up with silence; frames only go up."""
        start = frame * FRAME_SAMPLES
        passed = max(0, start - self._head)
        found = self._sound[:, passed : passed + FRAME_SAMPLES]
        self._sound = self._sound[:, passed + FRAME_SAMPLES :]
        self._head = start + FRAME_SAMPLES
        missing = FRAME_SAMPLES - found.shape[1]
        if missing:
            self.underruns += 1
            found = np.pad(found, ((0, 0), (0, missing)))
        return found

    def clear(self) -> None:
        """Drop what waits; silence takes its place."""
        self.dropped += self._sound.shape[1]
        self._sound = self._sound[:, :0]
        self.offset = 0


class SoundEncoder:
    """Turn PCM of any rate, mono or stereo, into Opus packets at 48 kHz, encoded once.

    Times are those of the pictures: `push(pcm, seconds)` says when the sound belongs, and a packet
    for `seconds` carries `pts = seconds * 48000`. Nothing comes out before the first push; from
    then on the packets never stop, with silence where no sound came.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        if channels not in _LAYOUTS:
            raise ValueError(f"expected one channel or two, got {channels}")
        self._rate, self._channels = sample_rate, channels
        self._layout = _LAYOUTS[channels]
        self._clock: SoundClock | None = None
        self._line: SoundLine | None = None
        self._warned = -math.inf
        self._context = self._open()
        self._resampler = AudioResampler(format="s16p", layout=self._layout, rate=SOUND_RATE)

    def push(self, pcm: Samples, seconds: float) -> None:
        """Add sound that begins at `seconds`. Raises `ValueError` for other shapes or types.

        A piece with another number of channels than declared is mixed down or spread.
        """
        if pcm.ndim != 2 or pcm.dtype != np.int16 or pcm.shape[0] not in _LAYOUTS:
            raise ValueError(f"expected int16 (channels, samples), got {pcm.dtype} {pcm.shape}")
        if self._line is None:
            first = math.floor(seconds / FRAME_SECONDS)
            self._clock = SoundClock(first)
            self._line = SoundLine(self._channels, first)
        if not pcm.shape[1]:
            return
        before = self._line.dropped
        self._line.lay(self._resampled(self._matched(pcm)), round(seconds * SOUND_RATE))
        lost = self._line.dropped - before
        if lost > FRAME_SAMPLES and seconds - self._warned >= _WARNING_SECONDS:
            self._warned = seconds
            log.warning("sound comes faster than it plays: %.2f s dropped", lost / SOUND_RATE)

    def clear(self) -> None:
        """Drop the sound that waits; the packets go on."""
        if self._line is not None:
            self._line.clear()

    def packets(self, now: float) -> list[SoundPacket]:
        """Return the packets due at this time of the pictures' clock."""
        if self._clock is None or self._line is None:
            return []
        due = self._clock.due(now)
        return [packet for n in due for packet in self._encode(n, self._line.take(n))]

    def wait(self, now: float) -> float:
        """Return the seconds until a packet is due; before the first push, one frame's worth."""
        return FRAME_SECONDS if self._clock is None else self._clock.wait(now)

    def _open(self) -> AudioCodecContext:
        context = AudioCodecContext.create("libopus", "w")
        context.sample_rate = SOUND_RATE
        context.layout = self._layout
        context.format = "s16"
        context.time_base = _TIME_BASE
        context.bit_rate = _BITRATES[self._channels]
        context.options = {"application": "audio", "frame_duration": "20"}
        context.open()
        return context

    def _matched(self, pcm: Samples) -> Samples:
        if pcm.shape[0] == self._channels:
            return pcm
        if self._channels == 1:
            mixed = pcm.astype(np.int32).sum(axis=0, keepdims=True) // 2
            return np.asarray(mixed, np.int16)
        return np.repeat(pcm, 2, axis=0)

    def _resampled(self, pcm: Samples) -> Samples:
        if self._rate == SOUND_RATE:
            return pcm
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(pcm), format="s16p", layout=self._layout
        )
        frame.sample_rate = self._rate
        pieces = [piece.to_ndarray() for piece in self._resampler.resample(frame)]
        return np.concatenate([np.zeros((self._channels, 0), np.int16), *pieces], axis=1)

    def _encode(self, number: int, sound: Samples) -> list[SoundPacket]:
        # Opus takes left and right in turn: (samples, channels) flattened.
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound.T).reshape(1, -1), format="s16", layout=self._layout
        )
        frame.sample_rate = SOUND_RATE
        frame.pts, frame.time_base = number * FRAME_SAMPLES, _TIME_BASE
        packets = self._context.encode(frame)
        for packet in packets:
            # libopus subtracts its look-ahead; on the wire the packet has the time of its sound.
            packet.pts = packet.dts = number * FRAME_SAMPLES
        return packets


def opus_works() -> bool:
    """Encode some silence and say whether a packet came out."""
    silence = np.zeros((1, 3 * FRAME_SAMPLES), np.int16)
    try:
        encoder = SoundEncoder(SOUND_RATE, 1)
        encoder.push(silence, 0.0)
        return bool(encoder.packets(1.0))
    except (FFmpegError, ValueError) as error:
        log.debug("opus does not work here: %s", error)
        return False
