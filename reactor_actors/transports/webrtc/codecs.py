"""The video codecs: which library, which settings, and the measurements that chose them.

Every figure here is from `python -m benchmarks.encode` on a 2-core machine: one thread, 720p at 30
fps, mean over three scenes at 0.5, 4 and 10 Mb/s. This module opens encoders; it knows no
viewer and starts no thread of its own.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

VIDEO_CLOCK = 90_000
"""Ticks per second of the RTP clock of every video codec."""

VIDEO_TIME_BASE = Fraction(1, VIDEO_CLOCK)

_NO_REGULAR_KEY_FRAMES = 1 << 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VideoCodec:
    """How one library encodes one codec. `name` is the codec's name in SDP.

    `timed` says whether the library's rate control reads timestamps. One that is not timed spends
    `bitrate / fps` on each picture whatever the clock says, so it has to be told the real `fps`.
    """

    name: str
    library: str
    options: Mapping[str, str] = field(hash=False)
    timed: bool
    buffer_seconds: float = 0.5
    """How far the rate may run ahead. Shorter bounds key frames, longer makes better ones: against
    0.5 s, x264 loses 0.65 dB with 0.25 s; it wins 0.4 dB with 1 s, but then exceeds the rate by
    22 % instead of 12 % at worst, with key frames of 112 instead of 93 kB. libvpx moves by 0.1 dB
    either way."""

    def open(self, width: int, height: int, bitrate: int, fps: float) -> VideoCodecContext:
        """Return an open encoder. Raises `av.error.FFmpegError` where the library refuses."""
        context = VideoCodecContext.create(self.library, "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = VIDEO_TIME_BASE
        context.framerate = Fraction(fps).limit_denominator(1000)
        context.gop_size = _NO_REGULAR_KEY_FRAMES
        context.max_b_frames = 0
        context.thread_count = threads_for(width * height, os.cpu_count() or 1)
        context.bit_rate = bitrate
        rates = {"maxrate": str(bitrate), "bufsize": str(int(bitrate * self.buffer_seconds))}
        if self.library == "libvpx":
            # libvpx holds a constant rate only where the floor equals the ceiling.
            rates["minrate"] = str(bitrate)
        context.options = {**rates, **self.options}
        context.open()
        return context


def threads_for(pixels: int, cpus: int) -> int:
    """Return how many threads a picture of this many pixels deserves.

    One up to 1080p (10 ms of CPU). The threads of libvpx wait by spinning: with two, a 1080p
    picture takes 61 ms of CPU when the second core is busy. Only where one core cannot keep up and
    there are plenty is it worth the risk.
    """
    return max(1, min(4, cpus // 4)) if pixels > 1920 * 1200 else 1


VP8 = VideoCodec(
    name="VP8",
    library="libvpx",
    options={
        "deadline": "realtime",
        # 5.1 ms of CPU a picture, 0.6 of aiortc's at 2 dB more from 4 Mb/s on. -6 takes 12 % more
        # for 0.07 dB; -12 saves 3 % and costs 0.04 dB; -16 saves 12 % and costs 0.2 dB, 0.6 dB at
        # 0.5 Mb/s.
        "cpu-used": "-8",
        "lag-in-frames": "0",
        # Denoising (1, 2 or 4) takes 25 % more CPU and loses 2 dB.
        "noise-sensitivity": "0",
        # Free: 0 and 100 are within 0.01 dB and the noise of the clock; 500 loses 0.3 dB.
        "static-thresh": "1",
        # Percent of a picture's share of the rate. Key frames of 56 instead of 68 kB and 8 % off
        # the slowest picture, for 0.04 dB; 300 loses another 0.13 dB.
        "max-intra-rate": "450",
        # Skip a picture rather than exceed the rate: the noisy scene at 0.5 Mb/s needs 2.7 times
        # the rate at the coarsest quantiser. No other scene or rate skips any; 30 behaves alike
        # there, and starts to skip earlier.
        "drop-threshold": "1",
    },
    timed=True,
)

_BT601 = {"colorspace": "smpte170m", "color_range": "tv"}
"""How our RGB became YUV, written into the stream: without it Chromium takes H264 for BT.709, and
bright green comes out 34 levels too dark. VP8 knows no other."""

H264_X264 = VideoCodec(
    name="H264",
    library="libx264",
    options={
        # 4.9 ms of CPU a picture against aiortc's 32 ms (preset medium), 0.26 dB below it; above it
        # at 4 Mb/s. ultrafast takes 3.3 ms and loses 0.5 dB at 4 Mb/s; veryfast takes 8.8 ms for
        # 0.2 dB.
        "preset": "superfast",
        "tune": "zerolatency",
        # What every WebRTC receiver of H264 takes. main would gain 1.4 dB for 1.3 ms.
        "profile": "baseline",
        # 0.14 dB more than the preset's 1, and first key frames of 71 instead of 85 kB.
        "aq-mode": "0",
        # Key frames on request only: no scene measures a difference, pure noise makes one a second.
        "sc_threshold": "0",
        "forced-idr": "1",
        **_BT601,
    },
    # tune=zerolatency fixes the frame rate; undoing it delays every packet by one picture.
    timed=False,
)

H264_NVENC = VideoCodec(
    name="H264",
    library="h264_nvenc",
    # Chosen by meaning, not measured: lowest delay, constant rate, one packet per picture.
    options={
        "preset": "p4",
        "tune": "ull",
        "rc": "cbr",
        "zerolatency": "1",
        "delay": "0",
        "profile": "baseline",
        "forced-idr": "1",
        **_BT601,
    },
    timed=False,
)


@functools.cache
def works(codec: VideoCodec) -> bool:
    """Encode one grey picture and say whether a key frame came out; asked once per process.

    Listing a hardware encoder proves nothing: the driver, the device or a free session may be
    missing. Where the driver is absent the answer takes a few milliseconds.
    """
    try:
        context = codec.open(320, 192, 1_000_000, 30)
        grey = np.full((288, 320), 128, np.uint8)
        frame = av.VideoFrame.from_numpy_buffer(grey, format="yuv420p")
        frame.pts, frame.time_base = 0, VIDEO_TIME_BASE
        packets = context.encode(frame)
    except (FFmpegError, ValueError) as error:
        log.debug("%s does not work here: %s", codec.library, error)
        return False
    return len(packets) == 1 and packets[0].is_keyframe


def codec_for(name: str) -> list[VideoCodec]:
    """Return the ways to encode a codec of SDP, best first. Raises `KeyError` for other names.

    Each one works, but may still refuse a size or run out of sessions: fall back to the next.
    The first call takes some 50 ms, and saves the first encoder the loading of its library.
    """
    candidates = {"VP8": [VP8], "H264": [H264_NVENC, H264_X264]}[name.upper()]
    return [codec for codec in candidates if works(codec)]
