"""Encode pictures as the server does, and see what it took and what came of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import cv2
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from benchmarks.encode.scenes import Picture
from reactor_actors.transports.webrtc.codecs import VIDEO_CLOCK, VIDEO_TIME_BASE, VideoCodec
from reactor_actors.transports.webrtc.encoder import VideoPacket

FPS = 30

Scenes: TypeAlias = Mapping[str, Sequence[Picture]]
Packets: TypeAlias = dict[str, list[VideoPacket]]


def measured(codec: VideoCodec, scenes: Scenes, rate: int) -> tuple[dict[str, float], Packets]:
    """Encode every scene; return what a picture took in milliseconds, and the packets."""
    packets: Packets = {}
    cpu: list[float] = []
    wall: list[float] = []
    worst = 0.0
    for name, pictures in scenes.items():
        packets[name] = []
        for used, took, made in encoded(codec, pictures, rate):
            cpu.append(used * 1e3)
            wall.append(took * 1e3)
            packets[name] += made
        worst = max(worst, *wall[-len(pictures) + 1 :])  # the first one also sets the library up
    means = {"CPU, ms": statistics.fmean(cpu), "wall, ms": statistics.fmean(wall)}
    return {**means, "slowest, ms": worst}, packets


def encoded(
    codec: VideoCodec, pictures: Sequence[Picture], rate: int
) -> Iterator[tuple[float, float, list[VideoPacket]]]:
    """Encode all pictures; yield CPU, wall clock and packets of each.

    The picture in the middle is forced to be a key frame.
    """
    height, width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
    encoder = codec.open(width, height, rate, FPS)
    for index, picture in enumerate(pictures):
        frame = VideoFrame.from_numpy_buffer(picture, "yuv420p")
        frame.pts, frame.time_base = index * VIDEO_CLOCK // FPS, VIDEO_TIME_BASE
        if index == len(pictures) // 2:
            frame.pict_type = PictureType.I
        cpu, wall = time.process_time(), time.perf_counter()
        packets = encoder.encode(frame)
        yield time.process_time() - cpu, time.perf_counter() - wall, packets


def compared(codec: VideoCodec, scenes: Scenes, packets: Packets, rate: int) -> dict[str, float]:
    """Return how good the pictures are, and how the sizes keep to the rate that was asked for."""
    noise, reached, keys, skipped = [], [], [], 0
    for name, pictures in scenes.items():
        own = packets[name]
        noise.append(statistics.fmean(luma_psnr(codec, own, pictures)))
        reached.append(sum(p.size for p in own) * 8 * FPS / len(pictures) / rate)
        keys.append([p.size / 1000 for p in own if p.is_keyframe][-1])
        skipped += len(pictures) - len(own)
    return {
        "PSNR, dB": statistics.fmean(noise),
        "most of the rate asked": max(reached),
        "later key frame, kB": statistics.fmean(keys),
        "skipped": skipped,
    }


def luma_psnr(
    codec: VideoCodec, packets: Sequence[VideoPacket], pictures: Sequence[Picture]
) -> Iterator[float]:
    """Decode, and yield the PSNR of the luma plane of each picture that comes out."""
    decoder = VideoCodecContext.create("libvpx" if codec.name == "VP8" else "h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    for packet in packets:
        for shown in decoder.decode(packet):
            original = pictures[(packet.pts or 0) * FPS // VIDEO_CLOCK][: shown.height]
            yield cv2.PSNR(original, shown.to_ndarray(format="yuv420p")[: shown.height])
