"""What comes out of an encoder is decoded again and looked at."""

import asyncio
import logging
import threading
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from aiortc.codecs.h264 import H264Encoder, h264_depayload
from aiortc.codecs.vpx import Vp8Encoder, vp8_depayload
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext

from reactor_actors.core.current import current_replica, current_session, working_at
from reactor_actors.transports.webrtc.codecs import H264_X264, VIDEO_TIME_BASE, VP8, VideoCodec
from reactor_actors.transports.webrtc.encoder import I420, EncoderThread, VideoEncoder, VideoPacket

CODECS = pytest.mark.parametrize("codec", [VP8, H264_X264], ids=lambda codec: codec.name)


def waves(width: int, height: int, phase: float = 0.0) -> I420:
    """A smooth picture, bright and dark in different places for each phase."""
    picture = np.empty((height * 3 // 2, width), np.uint8)
    y, x = np.mgrid[0:height, 0:width]
    picture[:height] = 128 + 80 * np.sin(x / 50 + phase) * np.cos(y / 40)
    picture[height:] = 128
    return picture


def noise(width: int, height: int, count: int) -> Iterator[I420]:
    """Pictures that have nothing in common: any bitrate can be spent on them."""
    rng = np.random.default_rng(7)
    for _ in range(count):
        yield rng.integers(96, 160, (height * 3 // 2, width), dtype=np.uint8)


def encoder(codec: VideoCodec, bitrate: int = 2_000_000) -> VideoEncoder:
    return VideoEncoder([codec], bitrate)


def decode(codec: VideoCodec, packets: list[VideoPacket]) -> list[I420]:
    decoder = VideoCodecContext.create("libvpx" if codec.name == "VP8" else "h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    return [f.to_ndarray(format="yuv420p") for f in [*frames, *decoder.decode(None)]]


def psnr(shown: I420, original: I420) -> float:
    assert shown.shape == original.shape
    error = np.mean((shown.astype(float) - original) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@CODECS
def test_a_picture_survives_encoding(codec: VideoCodec) -> None:
    pictures = [waves(320, 240, i / 10) for i in range(10)]
    made = encoder(codec)
    packets = [p for i, picture in enumerate(pictures) for p in made.encode(picture, i / 30)]
    shown = decode(codec, packets)
    assert len(shown) == 10
    assert min(map(psnr, shown, pictures)) > 36


@CODECS
def test_every_picture_has_its_packet_at_once_with_its_own_time(codec: VideoCodec) -> None:
    made = encoder(codec)
    for seconds in (5.0, 5.03333, 5.0667, 9.5, 9.51):
        [packet] = made.encode(waves(64, 48, seconds), seconds)
        assert packet.pts == round(seconds * 90_000)
        assert packet.time_base == VIDEO_TIME_BASE


@CODECS
def test_time_that_stands_still_or_runs_back_becomes_the_next_tick(codec: VideoCodec) -> None:
    made = encoder(codec)
    times = [made.encode(waves(64, 48), seconds)[0].pts for seconds in (2.0, 2.0, 1.0)]
    assert times == [180_000, 180_001, 180_002]


@CODECS
def test_key_frames_come_first_and_on_demand_and_at_no_other_time(codec: VideoCodec) -> None:
    made = encoder(codec)
    keys = [
        made.encode(waves(160, 120, i / 10), i / 30, key=i in (20, 41))[0].is_keyframe
        for i in range(60)
    ]
    assert [i for i, key in enumerate(keys) if key] == [0, 20, 41]


@CODECS
def test_decoding_can_begin_at_a_key_frame_on_demand(codec: VideoCodec) -> None:
    made = encoder(codec)
    for i in range(5):
        made.encode(waves(160, 120, i), i / 30)
    late = made.encode(waves(160, 120, 9.0), 1.0, key=True)
    [shown] = decode(codec, late)
    assert psnr(shown, waves(160, 120, 9.0)) > 30


@CODECS
def test_a_new_size_goes_on_with_a_key_frame(codec: VideoCodec) -> None:
    made = encoder(codec)
    pictures = [waves(320, 240), waves(320, 240), waves(642, 362), waves(160, 120)]
    packets = [made.encode(picture, i / 30)[0] for i, picture in enumerate(pictures)]
    assert [packet.is_keyframe for packet in packets] == [True, False, True, True]
    shown = decode(codec, packets)
    assert min(map(psnr, shown, pictures)) > 30


@CODECS
@pytest.mark.parametrize(
    ("width", "height"), [(2, 2), (16, 6), (642, 482), (854, 480), (360, 640), (322, 242)]
)
def test_any_even_size_is_neither_sheared_nor_cropped(
    codec: VideoCodec, width: int, height: int
) -> None:
    picture = waves(width, height)
    [shown] = decode(codec, encoder(codec, 8_000_000).encode(picture, 0.0))
    assert psnr(shown, picture) > 30


@CODECS
@pytest.mark.parametrize("height", [240, 242], ids=["in place", "copied"])
def test_a_picture_may_be_overwritten_once_encode_returns(codec: VideoCodec, height: int) -> None:
    pictures = [waves(320, height, i / 5) for i in range(6)]
    slot = np.empty_like(pictures[0])
    reused, kept = encoder(codec), encoder(codec)
    for i, picture in enumerate(pictures):
        slot[:] = picture
        [first] = reused.encode(slot, i / 30)
        slot[:] = 255
        [second] = kept.encode(picture, i / 30)
        assert bytes(first) == bytes(second)


@CODECS
def test_an_encoder_keeps_no_reference_to_a_picture(codec: VideoCodec) -> None:
    made, picture = encoder(codec), waves(64, 48)
    picture.flags.writeable = False
    made.encode(picture, 0.0)
    watched = weakref.ref(picture)
    del picture
    assert watched() is None


@CODECS
@pytest.mark.parametrize("mbps", [0.5, 2, 4, 10])
def test_the_bitrate_is_really_reached(codec: VideoCodec, mbps: float) -> None:
    made = encoder(codec, round(mbps * 1e6))
    assert spent(made, seconds=4.0) == pytest.approx(mbps * 1e6, rel=0.15)


@CODECS
def test_a_new_bitrate_is_reached_with_one_key_frame(codec: VideoCodec) -> None:
    made = encoder(codec, 6_000_000)
    spent(made, seconds=1.0)
    made.bitrate = 1_000_000
    packets = [p for i, pic in enumerate(noise(320, 240, 90)) for p in made.encode(pic, 9 + i / 30)]
    assert [packet.is_keyframe for packet in packets].count(True) == 1
    assert packets[0].is_keyframe
    assert sum(packet.size for packet in packets) * 8 / 3 == pytest.approx(1e6, rel=0.15)


@CODECS
@pytest.mark.parametrize("fps", [10, 60])
def test_the_bitrate_holds_at_other_frame_rates(codec: VideoCodec, fps: int) -> None:
    made = encoder(codec)
    spent(made, seconds=7.0, fps=fps)
    assert spent(made, seconds=3.0, fps=fps, start=7.0) == pytest.approx(2e6, rel=0.15)


def spent(made: VideoEncoder, seconds: float, fps: int = 30, start: float = 0.0) -> float:
    """Encode noise and return the bits per second that came out."""
    count = round(seconds * fps)
    pictures = noise(320, 240, count)
    size = sum(p.size for i, pic in enumerate(pictures) for p in made.encode(pic, start + i / fps))
    return size * 8 / seconds


def test_vp8_skips_pictures_rather_than_exceed_the_bitrate_but_never_a_key_frame() -> None:
    made = encoder(VP8, 100_000)
    lengths = [
        len(made.encode(picture, i / 30, key=i == 30))
        for i, picture in enumerate(noise(640, 480, 40))
    ]
    assert lengths[0] == lengths[30] == 1
    assert 0 in lengths


def test_h264_key_frames_carry_their_parameters_in_annex_b() -> None:
    made = encoder(H264_X264)
    made.encode(waves(320, 240), 0.0)
    [packet] = made.encode(waves(320, 240), 0.1, key=True)
    units = bytes(packet).replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    assert [unit[0] & 0x1F for unit in units if unit[0] & 0x1F != 6] == [7, 8, 5]


@pytest.mark.parametrize(
    ("codec", "packetiser", "depayload"),
    [(VP8, Vp8Encoder, vp8_depayload), (H264_X264, H264Encoder, h264_depayload)],
    ids=["VP8", "H264"],
)
def test_aiortc_packetises_what_comes_out(codec, packetiser, depayload) -> None:  # type: ignore[no-untyped-def]
    picture = waves(640, 480)
    [packet] = encoder(codec, 8_000_000).encode(picture, 2.0)
    payloads, timestamp = packetiser().pack(packet)
    assert timestamp == 180_000
    [shown] = decode(codec, [Packet(b"".join(depayload(payload) for payload in payloads))])
    assert psnr(shown, picture) > 30


def test_a_library_that_refuses_is_given_up_for_the_next() -> None:
    refuses = VideoCodec("H264", "libx264", {"profile": "no such profile"}, timed=False)
    made = VideoEncoder([refuses, H264_X264], 1_000_000)
    assert made.encode(waves(64, 48), 0.0)[0].is_keyframe
    assert made.codec is H264_X264


def test_a_library_that_opens_and_then_fails_is_given_up_for_the_next() -> None:
    class Breaking(VideoCodec):
        def open(self, width: int, height: int, bitrate: int, fps: float) -> VideoCodecContext:
            context = VideoCodecContext.create("libvpx", "r")
            assert isinstance(context, VideoCodecContext)
            return context

    made = VideoEncoder([Breaking("VP8", "breaking", {}, timed=True), VP8], 1_000_000)
    assert made.encode(waves(64, 48), 0.0)[0].is_keyframe
    assert made.codec is VP8


def test_a_picture_no_library_takes_raises_and_the_next_one_is_encoded() -> None:
    made = encoder(VP8)
    made.encode(waves(64, 48), 0.0)
    with pytest.raises(FFmpegError):
        made.encode(waves(16_500, 2), 0.1)
    assert made.encode(waves(64, 48), 0.2)[0].is_keyframe


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((48, 64, 3), np.uint8),
        np.zeros((72, 63), np.uint8),
        np.zeros((73, 64), np.uint8),
        np.zeros((0, 0), np.uint8),
        np.zeros((72, 64), np.float32),
        np.zeros((72, 128), np.uint8)[:, :64],
    ],
    ids=["rgb", "odd width", "odd rows", "empty", "floats", "strided"],
)
def test_anything_but_a_contiguous_i420_picture_is_refused(picture: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a contiguous uint8 I420 picture"):
        encoder(VP8).encode(picture, 0.0)


class Screen:
    """Collects what an encoder thread shows and which pictures it is done with."""

    def __init__(self) -> None:
        self.packets: list[VideoPacket] = []
        self.made_at: list[float] = []
        self.done: list[str] = []
        self._change = asyncio.Event()

    def show(self, packet: VideoPacket, made_at: float) -> None:
        self.packets.append(packet)
        self.made_at.append(made_at)
        assert threading.current_thread() is threading.main_thread()

    def finish(self, name: str) -> None:
        self.done.append(name)
        self._change.set()

    async def until_done(self, *names: str) -> None:
        while not set(names) <= set(self.done):
            self._change.clear()
            await self._change.wait()


class Stage:
    """An encoder thread, its screen and a clock to turn."""

    def __init__(self, bitrate: int = 1_000_000) -> None:
        self.screen = Screen()
        self.now = 100.0
        self.thread = EncoderThread(
            encoder(VP8, bitrate), self.screen.show, clock=lambda: self.now, key_interval=0.5
        )

    def offer(self, name: str, picture: I420 | None = None) -> None:
        shown = waves(64, 48) if picture is None else picture
        self.thread.offer(shown, self.now, lambda: self.screen.finish(name))

    async def encode(self, name: str, picture: I420 | None = None) -> None:
        self.offer(name, picture)
        await self.screen.until_done(name)
        self.now += 0.03


async def test_packets_arrive_in_the_loop_in_order() -> None:
    stage = Stage()
    stage.thread.start()
    for name in "abcd":
        await stage.encode(name)
    await stage.thread.close()
    times = [packet.pts for packet in stage.screen.packets]
    assert times == [9_000_000, 9_002_700, 9_005_400, 9_008_100]
    assert stage.screen.done == ["a", "b", "c", "d"]
    assert stage.thread.counts.encoded == 4


async def test_a_newer_picture_takes_the_place_of_one_that_waits() -> None:
    stage = Stage()
    for name in "abc":
        stage.offer(name)
    assert stage.screen.done == ["a", "b"]
    stage.thread.start()
    await stage.screen.until_done("c")
    await stage.thread.close()
    assert len(stage.screen.packets) == 1
    assert (stage.thread.counts.dropped, stage.thread.counts.encoded) == (2, 1)


async def test_every_encoding_is_timed_in_its_thread_and_its_bytes_are_counted() -> None:
    stage = Stage()

    class Slow(VideoEncoder):
        def encode(self, picture: I420, seconds: float, *, key: bool = False) -> list[VideoPacket]:
            stage.now += 0.25
            return super().encode(picture, seconds, key=key)

    stage.thread = EncoderThread(Slow([VP8], 1_000_000), stage.screen.show, clock=lambda: stage.now)
    stage.thread.start()
    for name in "abc":
        await stage.encode(name)
    await stage.encode("d", np.zeros((5, 5), np.uint8))  # what fails has taken its time
    await stage.thread.close()
    [(codec, work)] = stage.thread.counts.figures("VP8").encoders.items()
    assert codec == "VP8"
    assert (sum(work.seconds.counts), work.seconds.total) == (4, pytest.approx(1.0))
    assert (sum(work.waits.counts), work.waits.total) == (4, 0.0)
    assert stage.screen.made_at == pytest.approx([100.25, 100.53, 100.81])
    assert work.bytes == sum(packet.size for packet in stage.screen.packets) > 0
    assert stage.thread.counts.figures("VP8").fates == {"dropped": 0, "skipped": 0, "failed": 1}


async def test_the_time_until_the_thread_takes_a_picture_is_counted() -> None:
    stage = Stage()
    stage.offer("a")
    stage.now += 0.2
    stage.offer("b")  # takes the place of the other, which has waited for nothing
    stage.now += 0.5
    stage.thread.start()
    await stage.screen.until_done("b")
    await stage.encode("c")
    await stage.thread.close()
    waits = stage.thread.counts.figures("VP8").encoders["VP8"].waits
    assert (sum(waits.counts), waits.total) == (2, pytest.approx(0.5))


async def test_what_the_thread_logs_belongs_to_whatever_it_was_begun_for() -> None:
    told: list[tuple[str | None, str | None]] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append((current_replica(), current_session()))

    logger, ear = logging.getLogger("reactor_actors.transports.webrtc.encoder"), Ear()
    with working_at("1", lambda: "s"):
        stage = Stage()
    logger.addHandler(ear)
    try:
        stage.thread.start()
        await stage.encode("a", np.zeros((5, 5), np.uint8))
        await stage.thread.close()
    finally:
        logger.removeHandler(ear)
    assert told == [("1", "s")]


async def test_key_frame_requests_are_throttled_and_never_lost() -> None:
    stage = Stage()
    stage.thread.start()
    assert stage.thread.request_key()
    await stage.encode("a")
    assert not stage.thread.request_key()
    await stage.encode("b")
    stage.now += 0.5
    await stage.encode("c")
    await stage.encode("d")
    await stage.thread.close()
    assert [packet.is_keyframe for packet in stage.screen.packets] == [True, False, True, False]


async def test_a_new_target_holds_from_the_next_picture_on() -> None:
    stage = Stage()
    stage.thread.start()
    await stage.encode("a")
    await stage.encode("b")
    assert stage.thread.bitrate == 1_000_000
    stage.thread.aim(3_000_000)
    assert stage.thread.bitrate == 3_000_000
    await stage.encode("c")
    await stage.thread.close()
    assert [packet.is_keyframe for packet in stage.screen.packets] == [True, False, True]


async def test_failures_are_logged_once_and_do_not_end_the_stream(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    stage.thread.start()
    broken = np.zeros((5, 5), np.uint8)
    with caplog.at_level(logging.ERROR):
        await stage.encode("a", broken)
        await stage.encode("b", broken)
        await stage.encode("c")
    await stage.thread.close()
    assert len(caplog.records) == 1
    assert stage.screen.done == ["a", "b", "c"]
    assert len(stage.screen.packets) == 1
    assert stage.thread.counts.failed == 2


async def test_closing_ends_the_thread_and_gives_every_picture_back() -> None:
    before = threading.active_count()
    stage = Stage()
    stage.thread.start()
    assert threading.active_count() == before + 1
    stage.offer("a")
    await stage.thread.close()
    stage.offer("b")
    await stage.thread.close()
    assert stage.screen.done == ["a", "b"]
    assert "encoder" not in [thread.name for thread in threading.enumerate()]


async def test_an_encoder_never_started_can_be_closed() -> None:
    stage = Stage()
    stage.offer("a")
    await stage.thread.close()
    assert stage.screen.done == ["a"]


def test_a_thread_whose_loop_is_gone_ends() -> None:
    stage = None

    async def leave() -> None:
        nonlocal stage
        stage = Stage()
        stage.thread.start()

    asyncio.run(leave())
    assert stage is not None
    stage.thread.offer(waves(64, 48), 0.0)
    [left] = [thread for thread in threading.enumerate() if thread.name == "encoder"]
    left.join()
