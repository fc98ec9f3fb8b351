"""Encode the pictures of a track once, in a thread of its own, for all its viewers.

`VideoEncoder` turns one picture into one packet and returns at once; `EncoderThread` runs it
beside the event loop and keeps only the newest picture when encoding falls behind. Neither knows
peers, RTP or where pictures come from.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import av
import numpy as np
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from reactor_actors.core.tally import Tally
from reactor_actors.transports.figures import STAGE_SECONDS, EncoderFigures, TrackFigures
from reactor_actors.transports.webrtc.codecs import VIDEO_CLOCK, VIDEO_TIME_BASE, VideoCodec
from reactor_actors.transports.webrtc.rate import Cadence, KeyFrames

I420 = NDArray[np.uint8]
"""A planar picture: `(height * 3 / 2, width)`, contiguous, both sides even."""

VideoPacket: TypeAlias = "Packet[VideoStream]"

log = logging.getLogger(__name__)


class VideoEncoder:
    """Encode pictures one by one, without delay: the packet of a picture comes with the picture.

    The codecs given are ways to make the same stream, best first (`codecs.codec_for`): one that
    fails, on opening or later, is given up for the next. A new size, a new bitrate or, where the
    library has to be told, a new frame rate opens the encoder afresh; the stream goes on with a
    key frame. (A live change of bitrate is not to be had through PyAV: libvpx ignores it, and x264
    keeps the buffer of its first rate, so that key frames take seconds to send.)

    Not thread-safe: use it from one thread at a time.
    """

    def __init__(self, codecs: Sequence[VideoCodec], bitrate: int, fps: float = 30.0) -> None:
        self._codecs = list(codecs)
        self._context: VideoCodecContext | None = None
        self._opened: tuple[int, int, int, float] | None = None
        self._cadence = Cadence(fps)
        self._last_pts = -1
        self.bitrate = bitrate

    @property
    def codec(self) -> VideoCodec:
        """The codec in use, or to be tried first."""
        return self._codecs[0]

    def encode(self, picture: I420, seconds: float, *, key: bool = False) -> list[VideoPacket]:
        """Return the packets of a picture shown at `seconds`, on the 90 kHz clock.

        One packet, or none where the rate could only be held by skipping the picture; a key frame
        is never skipped. `picture` is read in place, and free to be overwritten on return. Raises
        `ValueError` for a picture that is no I420 and `av.error.FFmpegError` when encoding fails;
        the next call opens the encoder afresh.
        """
        frame = as_frame(picture)
        frame.pts = self._last_pts = max(round(seconds * VIDEO_CLOCK), self._last_pts + 1)
        frame.time_base = VIDEO_TIME_BASE
        if key:
            frame.pict_type = PictureType.I
        fps = self._cadence.saw(seconds)
        while True:
            try:
                return self._context_for(frame.width, frame.height, fps).encode(frame)
            except FFmpegError as error:
                self.close()
                if len(self._codecs) == 1:
                    raise
                failed = self._codecs.pop(0).library
                log.warning("%s failed, going on with %s: %s", failed, self.codec.library, error)

    def close(self) -> None:
        """Free the library's memory. A later `encode` opens it again."""
        self._context = self._opened = None

    def _context_for(self, width: int, height: int, fps: float) -> VideoCodecContext:
        wanted = (width, height, self.bitrate, 0.0 if self.codec.timed else fps)
        if self._context is None or self._opened != wanted:
            self.close()
            self._context = self.codec.open(width, height, self.bitrate, fps)
            self._opened = wanted
        return self._context


def as_frame(picture: I420) -> VideoFrame:
    """Wrap a picture without copying it, where PyAV can.

    It computes the height of a planar picture as a multiple of 4; any other is copied.
    """
    rows, width = picture.shape if picture.ndim == 2 else (0, 0)
    height = rows * 2 // 3
    if (
        picture.dtype != np.uint8
        or not picture.flags.c_contiguous
        or height < 2
        or height % 2
        or rows != height * 3 // 2
        or width < 2
        or width % 2
    ):
        raise ValueError(
            f"expected a contiguous uint8 I420 picture of even sides, "
            f"got {picture.dtype} {picture.shape}"
        )
    if height % 4 == 0:
        return VideoFrame.from_numpy_buffer(picture, format="yuv420p")
    frame = av.VideoFrame(width, height, "yuv420p")
    flat, start = picture.reshape(-1), 0
    for plane in frame.planes:
        size = plane.width * plane.height
        target = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
        target[: plane.height, : plane.width] = flat[start : start + size].reshape(-1, plane.width)
        start += size
    return frame


@dataclass(slots=True)
class EncoderCounts:
    """What became of the pictures offered to an encoder, their times, and all bytes."""

    encoded: int = 0
    dropped: int = 0
    """Replaced by a newer picture before their turn."""
    skipped: int = 0
    """Left out by the library to hold the bitrate."""
    failed: int = 0
    bytes: int = 0
    seconds: Tally = field(default_factory=lambda: Tally(STAGE_SECONDS))
    """How long each took."""
    waits: Tally = field(default_factory=lambda: Tally(STAGE_SECONDS))
    """How long each waited for its turn, from the offer on."""

    def figures(self, codec: str) -> TrackFigures:
        """Return what an encoder of that codec has done for its track."""
        fates = {"dropped": self.dropped, "skipped": self.skipped, "failed": self.failed}
        work = EncoderFigures(self.seconds.read(), self.bytes, self.waits.read())
        return TrackFigures(fates, {codec: work})


@dataclass(frozen=True, slots=True)
class _Job:
    picture: I420
    seconds: float
    done: Callable[[], None]
    offered_at: float


class EncoderThread:
    """Run a `VideoEncoder` in a thread; hand its packets to the event loop.

    At most one picture waits. A newer one takes its place, so a slow encoder lowers the frame rate
    and never adds delay. `show` is called in the loop, in order, with each packet and the instant
    of `clock` at which it was made; each picture's `done` is called in the loop exactly once, as
    soon as nobody needs its memory. All methods are called from the loop. Whoever starts it closes
    it.
    """

    def __init__(
        self,
        encoder: VideoEncoder,
        show: Callable[[VideoPacket, float], None],
        *,
        name: str = "encoder",
        key_interval: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts = EncoderCounts()
        self._encoder = encoder
        self._show = show
        self._clock = clock
        self._keys = KeyFrames(key_interval)
        self._bitrate = encoder.bitrate
        self._waiting: _Job | None = None
        self._closed = False
        self._failing = False
        self._change = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        # What a thread logs belongs to whatever it was begun for.
        run = partial(contextvars.copy_context().run, self._run)
        self._thread = threading.Thread(target=run, name=name, daemon=True)

    @property
    def bitrate(self) -> int:
        """The bits per second that are aimed at."""
        return self._bitrate

    def start(self) -> None:
        """Begin; call once, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def offer(self, picture: I420, seconds: float, done: Callable[[], None] = lambda: None) -> None:
        """Have a picture encoded next. It must not change until `done` is called."""
        if self._closed:
            done()
            return
        with self._change:
            job = _Job(picture, seconds, done, self._clock())
            replaced, self._waiting = self._waiting, job
            self._change.notify()
        if replaced is not None:
            self.counts.dropped += 1
            replaced.done()

    def request_key(self, *, newcomer: bool = False) -> bool:
        """Ask for a key frame; returns whether the next picture offered at once will be one."""
        with self._change:
            return self._keys.request(self._clock(), newcomer=newcomer)

    def aim(self, bitrate: int) -> None:
        """Encode at this rate from the next picture on. A change costs a key frame."""
        with self._change:
            self._bitrate = bitrate

    async def close(self) -> None:
        """Stop and wait for the thread to end. Neither `show` nor `done` is called after that."""
        with self._change:
            self._closed = True
            waiting, self._waiting = self._waiting, None
            self._change.notify()
        if waiting is not None:
            waiting.done()
        if self._thread.is_alive():
            # What the thread posts to the loop before it ends runs before this goes on.
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            job, key = work
            began = self._clock()
            self.counts.waits.count(began - job.offered_at)
            packets = self._encode(job, key)
            ended = self._clock()
            self.counts.seconds.count(ended - began)
            if not self._post(job, packets, ended):
                break
        self._encoder.close()

    def _next(self) -> tuple[_Job, bool] | None:
        with self._change:
            self._change.wait_for(lambda: self._waiting is not None or self._closed)
            job, self._waiting = self._waiting, None
            if job is None:
                return None
            self._encoder.bitrate = self._bitrate
            return job, self._keys.take(self._clock())

    def _encode(self, job: _Job, key: bool) -> list[VideoPacket]:
        try:
            packets = self._encoder.encode(job.picture, job.seconds, key=key)
        except Exception:
            # The encoder opens afresh with the next picture, and starts with a key frame.
            if not self._failing:
                log.exception("%s: encoding failed, trying afresh", self._thread.name)
            self._failing = True
            self.counts.failed += 1
            return []
        self._failing = False
        if packets:
            self.counts.encoded += 1
            self.counts.bytes += sum(packet.size for packet in packets)
        else:
            self.counts.skipped += 1
        return packets

    def _post(self, job: _Job, packets: list[VideoPacket], ended: float) -> bool:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._deliver, job, packets, ended)
        except RuntimeError:  # the loop is gone, and nobody is left to show anything to
            return False
        return True

    def _deliver(self, job: _Job, packets: list[VideoPacket], ended: float) -> None:
        job.done()
        if not self._closed:
            for packet in packets:
                self._show(packet, ended)
