"""Measure video encoder settings: speed, picture quality and whether the bitrate is really reached.

    python benchmarks/encode.py                     # 720p30, three scenes, three bitrates
    python benchmarks/encode.py --full              # 360p and 1080p as well
    python benchmarks/encode.py --only "vp8 cpu" "vp8 ours" --repeat 3 --cells --json encode.json

Every row is one candidate: our settings for a codec (`reactor_actors.transports.webrtc.codecs`)
with one thing changed. The `aiortc` rows carry the options that aiortc 1.16 sets, at the same
bitrates, and are what ratios and gains refer to. CPU is process time, so it counts every thread of
the library; the decoding and comparing that give PSNR are not in it. `low` and `high` are the gain
at the lowest and highest bitrate; `key kB` the first key frame and one forced later.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from reactor_actors.transports.webrtc.codecs import (
    H264_X264,
    VIDEO_CLOCK,
    VIDEO_TIME_BASE,
    VP8,
    VideoCodec,
)
from reactor_actors.transports.webrtc.encoder import VideoPacket

Picture = NDArray[np.uint8]
FPS = 30


def _i420(luma: NDArray[Any], u: NDArray[Any], v: NDArray[Any]) -> Picture:
    height, width = luma.shape
    picture = np.empty((height * 3 // 2, width), np.uint8)
    picture[:height] = luma
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    chroma[0], chroma[1] = u, v
    return picture


def gradient(width: int, height: int, count: int) -> Iterator[Picture]:
    """Colour waves that drift slowly: what an easy generative clip looks like."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cy, cx = y[::2, ::2], x[::2, ::2]
    for i in range(count):
        luma = 128 + 90 * np.sin(x / 210 + i / 20) * np.cos(y / 170 - i / 33)
        u = 128 + 60 * np.sin(cx / 300 - i / 40)
        v = 128 + 60 * np.cos(cy / 250 + i / 50)
        yield _i420(*(plane.astype(np.uint8) for plane in (luma, u, v)))


def game(width: int, height: int, count: int) -> Iterator[Picture]:
    """A textured world panning fast, two moving bodies, grain on every picture."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(20, 200, (height // 4, width // 2), dtype=np.uint8)
    world = cv2.resize(coarse, (2 * width, height), interpolation=cv2.INTER_CUBIC)
    grain = rng.integers(0, 12, (height + 64, width + 64), dtype=np.uint8)
    for i in range(count):
        left = (i * 6) % width
        luma = np.ascontiguousarray(world[:, left : left + width])
        dy, dx = rng.integers(0, 64, 2)
        luma = luma + grain[dy : dy + height, dx : dx + width]
        for phase in (0.0, 2.0):
            x = int(width * (0.5 + 0.35 * math.cos(i / 9 + phase)))
            y = int(height * (0.5 + 0.3 * math.sin(i / 7 + phase)))
            cv2.circle(luma, (x, y), height // 9, 230, -1)
        small = cv2.resize(luma, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        yield _i420(luma, small // 3 + 80, 160 - small // 4)


def head(width: int, height: int, count: int) -> Iterator[Picture]:
    """A still room with sensor noise, a head that sways, eyes and a mouth that move."""
    rng = np.random.default_rng(2)
    room = cv2.resize(
        rng.integers(60, 150, (9, 16), dtype=np.uint8),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    skin = rng.integers(0, 18, (height, width), dtype=np.uint8)
    noise = rng.integers(0, 5, (height + 64, width + 64), dtype=np.uint8)
    for i in range(count):
        cx = int(width * 0.5 + width * 0.03 * math.sin(i / 11))
        cy = int(height * 0.52 + height * 0.02 * math.sin(i / 6))
        mask = np.zeros((height, width), np.uint8)
        cv2.ellipse(mask, (cx, cy), (height // 4, height // 3), 0, 0, 360, 255, -1)
        face = np.roll(skin, (cy, cx), (0, 1)) + np.uint8(165)
        luma = np.where(mask > 0, face, room)
        for side in (-1, 1):
            eye = (cx + side * height // 10, cy - height // 10)
            lid = max(1, int(height / 40 * abs(math.sin(i / 14))))
            cv2.ellipse(luma, eye, (height // 28, lid), 0, 0, 360, 30, -1)
        mouth = 2 + int(height / 26 * abs(math.sin(i / 3)))
        cv2.ellipse(luma, (cx, cy + height // 7), (height // 14, mouth), 0, 0, 360, 60, -1)
        dy, dx = rng.integers(0, 64, 2)
        luma = luma + noise[dy : dy + height, dx : dx + width]
        small = cv2.resize(mask, (width // 2, height // 2))
        yield _i420(luma, 128 - small // 12, 128 + small // 9)


SCENES: dict[str, Callable[[int, int, int], Iterator[Picture]]] = {
    "gradient": gradient,
    "game": game,
    "head": head,
}


@dataclass(slots=True)
class Cell:
    """What one candidate did with one scene at one size and bitrate."""

    candidate: str
    scene: str
    size: str
    rate: int
    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    worst_ms: float = 0.0
    psnr: float = 0.0
    reached: float = 0.0
    first_key_kb: float = 0.0
    later_key_kb: float = 0.0
    skipped: int = 0


def changed(codec: VideoCodec, options: dict[str, str]) -> VideoCodec:
    """Return a codec with some options changed."""
    return replace(codec, options={**codec.options, **options})


def swept(codec: VideoCodec, options: dict[str, str]) -> dict[str, VideoCodec]:
    """Return one codec per option and value, named after it; values are parted by spaces."""
    return {
        f"{codec.name.lower()} {option} {value}": changed(codec, {option: value})
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
        "vp8 aiortc": replace(VP8, options=aiortc, buffer_seconds=1.0),
        "vp8 ours": VP8,
        **swept(VP8, one_by_one),
        "vp8 overshoot 15": changed(VP8, {"overshoot-pct": "15", "undershoot-pct": "100"}),
        "vp8 buffer 0.25 s": replace(VP8, buffer_seconds=0.25),
        "vp8 buffer 1 s": replace(VP8, buffer_seconds=1.0),
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
        "h264 aiortc": replace(H264_X264, options=aiortc),
        "h264 ours": H264_X264,
        **swept(H264_X264, one_by_one),
        "h264 buffer 0.25 s": replace(H264_X264, buffer_seconds=0.25),
        "h264 buffer 1 s": replace(H264_X264, buffer_seconds=1.0),
    }


def run(codec: VideoCodec, pictures: list[Picture], cell: Cell, look: bool) -> None:
    """Encode all pictures once into the cell; decode and compare only when asked to look.

    The picture in the middle is forced to be a key frame.
    """
    height, width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
    encoder = codec.open(width, height, cell.rate, FPS)
    packets: list[VideoPacket] = []
    cpu, wall = [], []
    for index, picture in enumerate(pictures):
        frame = VideoFrame.from_numpy_buffer(picture, "yuv420p")
        frame.pts, frame.time_base = index * VIDEO_CLOCK // FPS, VIDEO_TIME_BASE
        if index == len(pictures) // 2:
            frame.pict_type = PictureType.I
        cpu_start, wall_start = time.process_time(), time.perf_counter()
        packets += encoder.encode(frame)
        cpu.append(1000 * (time.process_time() - cpu_start))
        wall.append(1000 * (time.perf_counter() - wall_start))
    keys = [packet.size / 1000 for packet in packets if packet.is_keyframe]
    cell.cpu_ms.append(statistics.fmean(cpu))
    cell.wall_ms.append(statistics.fmean(wall))
    cell.worst_ms = max(cell.worst_ms, *wall[1:])
    cell.first_key_kb, cell.later_key_kb = keys[0], keys[-1]
    cell.reached = sum(packet.size for packet in packets) * 8 * FPS / len(pictures) / cell.rate
    cell.skipped = len(pictures) - len(packets)
    if look:
        cell.psnr = statistics.fmean(luma_psnr(codec, packets, pictures))


def luma_psnr(
    codec: VideoCodec, packets: list[VideoPacket], pictures: list[Picture]
) -> Iterator[float]:
    """Decode, and yield the PSNR of the luma plane of each picture that comes out."""
    decoder = VideoCodecContext.create("libvpx" if codec.name == "VP8" else "h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    for packet in packets:
        for shown in decoder.decode(packet):
            original = pictures[(packet.pts or 0) * FPS // VIDEO_CLOCK][: shown.height]
            yield cv2.PSNR(original, shown.to_ndarray(format="yuv420p")[: shown.height])


def measure(
    candidates: dict[str, VideoCodec],
    sizes: list[tuple[int, int]],
    rates: list[int],
    args: Arguments,
) -> list[Cell]:
    """Run everything, scene by scene, the candidates taking turns within each repeat."""
    cells: dict[tuple[str, str, str, int], Cell] = {}
    for (width, height), (scene, make) in itertools.product(sizes, SCENES.items()):
        pictures = list(make(width, height, args.frames))
        for repeat, rate in itertools.product(range(args.repeat), rates):
            for name, codec in candidates.items():
                key = (name, scene, f"{width}x{height}", rate)
                run(codec, pictures, cells.setdefault(key, Cell(*key)), look=repeat == 0)
        print(f"# {width}x{height} {scene} done", flush=True)
    return list(cells.values())


def summary(cells: list[Cell]) -> Iterator[str]:
    """Yield one line per candidate: over all scenes and rates, against its codec's baseline."""
    yield (
        f"{'candidate':27} {'cpu ms min/med/max':>17} {'x base':>6} {'wall':>6} {'worst':>6} "
        f"{'dPSNR':>6} {'low':>6} {'high':>6} {'rate reached':>12} {'key kB':>8} {'skip':>5}"
    )
    by_name: dict[str, list[Cell]] = {}
    for cell in cells:
        by_name.setdefault(cell.candidate, []).append(cell)
    for name, own in by_name.items():
        pairs = list(zip(own, by_name[f"{name.split()[0]} aiortc"], strict=True))
        cpu = [statistics.fmean(values) for values in zip(*(c.cpu_ms for c in own), strict=True)]
        ratio = statistics.fmean(
            statistics.median(c.cpu_ms) / statistics.median(base.cpu_ms) for c, base in pairs
        )
        rates = sorted({c.rate for c in own})
        gains = [
            statistics.fmean(c.psnr - base.psnr for c, base in pairs if c.rate in chosen)
            for chosen in (rates, rates[:1], rates[-1:])
        ]
        yield (
            f"{name:27} {min(cpu):5.2f}/{statistics.median(cpu):5.2f}/{max(cpu):5.2f} "
            f"{ratio:6.2f} {statistics.fmean(statistics.median(c.wall_ms) for c in own):6.2f} "
            f"{max(c.worst_ms for c in own):6.1f} "
            f"{gains[0]:+6.2f} {gains[1]:+6.2f} {gains[2]:+6.2f} "
            f"{min(c.reached for c in own):6.2f}-{max(c.reached for c in own):4.2f} "
            f"{statistics.fmean(c.first_key_kb for c in own):4.0f}"
            f"/{statistics.fmean(c.later_key_kb for c in own):3.0f} "
            f"{sum(c.skipped for c in own):5d}"
        )


def details(cells: list[Cell]) -> Iterator[str]:
    """Yield one line per measurement."""
    for c in cells:
        yield (
            f"{c.candidate:27} {c.scene:9} {c.size:9} {c.rate / 1e6:5.1f} Mb/s "
            f"cpu {statistics.median(c.cpu_ms):6.2f} wall {statistics.median(c.wall_ms):6.2f} "
            f"worst {c.worst_ms:5.1f} psnr {c.psnr:5.2f} reached {c.reached:4.2f} "
            f"key {c.first_key_kb:4.0f}/{c.later_key_kb:<4.0f} kB skipped {c.skipped}"
        )


class Arguments(argparse.Namespace):
    """What the command line carries, with its types."""

    only: list[str]
    frames: int
    repeat: int
    full: bool
    cells: bool
    json: Path | None


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[""], help="parts of candidates' names")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="360p and 1080p as well")
    parser.add_argument("--cells", action="store_true", help="print every measurement")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(namespace=Arguments())
    chosen = {
        name: codec
        for name, codec in {**vp8_candidates(), **h264_candidates()}.items()
        if name.endswith("aiortc") or any(part in name for part in args.only)
    }
    sizes = [(1280, 720), *([(640, 360), (1920, 1080)] if args.full else [])]
    cells = measure(chosen, sizes, [500_000, 4_000_000, 10_000_000], args)
    print("\n".join([*(details(cells) if args.cells else ()), *summary(cells)]))
    if args.json:
        args.json.write_text(json.dumps([asdict(cell) for cell in cells], indent=1))


if __name__ == "__main__":
    main()
