import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from reactor_actors.transports.webrtc.codecs import (
    H264_NVENC,
    H264_X264,
    VIDEO_TIME_BASE,
    VP8,
    VideoCodec,
    codec_for,
    threads_for,
    works,
)


def test_what_needs_no_hardware_works_everywhere() -> None:
    assert works(VP8)
    assert works(H264_X264)


@pytest.mark.parametrize(
    "codec",
    [
        VideoCodec("H264", "no_such_library", {}, timed=False),
        VideoCodec("H264", "libx264", {"profile": "no such profile"}, timed=False),
        VideoCodec("H264", "libx264", {"rc-lookahead": "20"}, timed=False),
    ],
    ids=["unknown", "refuses to open", "delays its packets"],
)
def test_an_encoder_that_makes_no_packet_at_once_does_not_work(codec: VideoCodec) -> None:
    assert not works.__wrapped__(codec)


def test_hardware_is_offered_only_where_it_really_encodes() -> None:
    assert codec_for("H264") == ([H264_NVENC] if works(H264_NVENC) else []) + [H264_X264]


def test_names_are_those_of_sdp_in_any_case() -> None:
    assert codec_for("VP8") == codec_for("vp8") == [VP8]
    with pytest.raises(KeyError):
        codec_for("AV1")


def test_h264_says_how_its_colours_were_made() -> None:
    context = H264_X264.open(320, 192, 1_000_000, 30)
    frame = VideoFrame.from_numpy_buffer(np.full((288, 320), 90, np.uint8), "yuv420p")
    frame.pts, frame.time_base = 0, VIDEO_TIME_BASE
    [packet] = context.encode(frame)
    decoder = VideoCodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    [seen] = [*decoder.decode(packet), *decoder.decode(None)]
    assert seen.colorspace == 6  # BT.601, as SMPTE 170M has it
    assert seen.color_range == ColorRange.MPEG


@pytest.mark.gpu
def test_nvenc_makes_one_key_frame_per_request_and_one_packet_per_picture() -> None:
    if not works(H264_NVENC):
        pytest.skip("this accelerator has no video encoder")
    context = H264_NVENC.open(1280, 720, 4_000_000, 30)
    picture = np.full((1080, 1280), 90, np.uint8)
    for i in range(10):
        frame = VideoFrame.from_numpy_buffer(picture, "yuv420p")
        frame.pts, frame.time_base = i * 3000, VIDEO_TIME_BASE
        [packet] = context.encode(frame)
        assert packet.is_keyframe == (i == 0)


@pytest.mark.parametrize(
    ("width", "height", "cpus", "threads"),
    [
        (640, 360, 64, 1),
        (1280, 720, 64, 1),
        (1920, 1080, 64, 1),
        (3840, 2160, 2, 1),
        (3840, 2160, 8, 2),
        (3840, 2160, 64, 4),
    ],
)
def test_only_very_large_pictures_get_threads_and_only_where_cores_abound(
    width: int, height: int, cpus: int, threads: int
) -> None:
    assert threads_for(width * height, cpus) == threads
