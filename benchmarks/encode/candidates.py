"""What it is encoded with: our settings, aiortc's, and ours with one thing changed."""

from __future__ import annotations

from dataclasses import replace

from reactor_actors.transports.webrtc.codecs import H264_X264, VP8, VideoCodec

AIORTC, OURS = "aiortc's settings", "ours"


def changed(codec: VideoCodec, options: dict[str, str]) -> VideoCodec:
    """Return a codec with some options changed."""
    return replace(codec, options={**codec.options, **options})


def swept(codec: VideoCodec, options: dict[str, str]) -> dict[str, VideoCodec]:
    """Return one codec per option and value, named after them; values are parted by spaces."""
    return {
        f"{option} {value}": changed(codec, {option: value})
        for option, values in options.items()
        for value in values.split()
    }


def vp8_candidates() -> dict[str, VideoCodec]:
    """Baseline, our choice, then one change at a time."""
    aiortc = {
        "cpu-used": "-6",
        "deadline": "realtime",
        "lag-in-frames": "0",
        "noise-sensitivity": "4",
        "overshoot-pct": "15",
        "undershoot-pct": "100",
        "static-thresh": "1",
        "qmin": "2",
        "qmax": "56",
    }
    one_by_one = {
        "cpu-used": "-4 -6 -8 -10 -12 -16 4 8",
        "noise-sensitivity": "0 1 2 4",
        "static-thresh": "0 1 100 500",
        "max-intra-rate": "0 300 450 900",
        "drop-threshold": "0 1 10 30",
        "error-resilient": "default partitions",
        "slices": "2 4",
        "threads": "2",
        "lag-in-frames": "3",
        "screen-content-mode": "1",
        "qmin": "0 2",
    }
    return {
        AIORTC: replace(VP8, options=aiortc, buffer_seconds=1.0),
        OURS: VP8,
        **swept(VP8, one_by_one),
        "overshoot 15": changed(VP8, {"overshoot-pct": "15", "undershoot-pct": "100"}),
        "buffer 0.25 s": replace(VP8, buffer_seconds=0.25),
        "buffer 1 s": replace(VP8, buffer_seconds=1.0),
    }


def h264_candidates() -> dict[str, VideoCodec]:
    """Baseline, our choice, then one change at a time."""
    unbounded = {"maxrate": "0", "bufsize": "0", "g": "250", "threads": "0"}
    aiortc = {"level": "31", "tune": "zerolatency", "profile": "baseline", **unbounded}
    one_by_one = {
        "preset": "ultrafast superfast veryfast faster",
        "profile": "main",
        "aq-mode": "0 1",
        "intra-refresh": "1",
        "weightp": "0 1 2",
        "partitions": "none",
        "qcomp": "1",
        "threads": "2",
        "slices": "2",
    }
    return {
        AIORTC: replace(H264_X264, options=aiortc),
        OURS: H264_X264,
        **swept(H264_X264, one_by_one),
        "buffer 0.25 s": replace(H264_X264, buffer_seconds=0.25),
        "buffer 1 s": replace(H264_X264, buffer_seconds=1.0),
    }


CANDIDATES = {"vp8": vp8_candidates, "h264": h264_candidates}
