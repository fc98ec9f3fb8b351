"""What a client publishes: decoded frames on their way to the model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.frame import VideoFrame

from reactor_actors.core.media import Pixels, Samples, Track
from reactor_actors.core.ports import Feed

log = logging.getLogger("reactor_actors.peer")


async def pump(
    source: MediaStreamTrack,
    track: Track,
    accepts: Callable[[], bool],
    feed: Callable[[Feed], None],
) -> None:
    """Pass on the frames of an inbound track until it ends; those not accepted are dropped.

    aiortc decodes in a thread of its own and keeps what is not yet taken, so what cannot be
    converted is dropped as well: this goes on in any case.
    """
    sound = _Mono(track.sample_rate) if track.sample_rate else None
    failing = False
    while True:
        try:
            frame: Any = await source.recv()
        except MediaStreamError:
            return
        if not accepts():
            continue
        try:
            for item in _feeds_of(frame, track, sound):
                feed(item)
            failing = False
        except Exception:
            # Foreign media; the next frame may well be fine.
            if not failing:
                log.warning("a frame of %s is dropped", track.name, exc_info=True)
            failing = True


def _feeds_of(frame: Any, track: Track, sound: _Mono | None) -> Iterator[Feed]:
    pts = None if frame.pts is None else float(frame.pts * (frame.time_base or Fraction(0)))
    if isinstance(frame, VideoFrame):
        yield Feed(track.name, planes_of(frame), pts, frame.height, frame.width)
    elif isinstance(frame, AudioFrame) and sound is not None:
        for samples in sound.convert(frame):
            yield Feed(track.name, samples, pts)


def planes_of(frame: VideoFrame) -> Pixels:
    """Return a decoded picture as I420, its sides made even by repeating the last row or column."""
    if frame.format.name != "yuv420p":
        frame = frame.reformat(format="yuv420p")
    height, width = frame.height + frame.height % 2, frame.width + frame.width % 2
    if (height, width) == (frame.height, frame.width):
        return np.asarray(frame.to_ndarray(), np.uint8)
    out = np.empty((height * 3 // 2, width), np.uint8)
    flat, start = out.reshape(-1), 0
    sizes = ((height, width), (height // 2, width // 2), (height // 2, width // 2))
    for plane, size in zip(frame.planes, sizes, strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
        rows = rows[: plane.height, : plane.width]
        missing = ((0, size[0] - plane.height), (0, size[1] - plane.width))
        flat[start : start + size[0] * size[1]] = np.pad(rows, missing, mode="edge").reshape(-1)
        start += size[0] * size[1]
    return out


class _Mono:
    """Resample decoded sound to one channel at the declared rate."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._format: tuple[int, str, str] | None = None

    def convert(self, frame: av.AudioFrame) -> list[Samples]:
        # A resampler takes one format only, and a client may change its codec.
        arriving = (frame.sample_rate, frame.layout.name, frame.format.name)
        if arriving != self._format:
            self._format = arriving
            self._resampler = AudioResampler("s16", "mono", self._sample_rate)
        # A time stamp that jumps makes the resampler fail; the model's clock is the order.
        frame.pts = None
        return [np.asarray(out.to_ndarray(), np.int16) for out in self._resampler.resample(frame)]
