import asyncio
import threading
import weakref
from collections.abc import AsyncIterator

import numpy as np
import pytest
from aiortc.codecs.vpx import Vp8Decoder
from aiortc.jitterbuffer import JitterFrame
from av.packet import Packet

from reactor_actors.core.pixels import to_i420, to_rgb
from reactor_actors.transports.webrtc.inbound import planes_of
from reactor_actors.transports.webrtc.outbound import PacketTrack
from reactor_actors.transports.webrtc.rate import BitrateRange
from reactor_actors.transports.webrtc.video import LINGER_SECONDS, VideoStream, Viewer
from tests.local import SECONDS, eventually

BOUNDS = BitrateRange(300_000, 3_000_000, 6_000_000)


def grey(level: int, height: int = 32, width: int = 48) -> np.ndarray:
    return to_i420(np.full((height, width, 3), level, np.uint8))


class Watcher:
    """A viewer of a stream who takes packets as they come, and decodes them."""

    def __init__(self, stream: VideoStream, codec: str = "VP8") -> None:
        self.track = PacketTrack("video", lambda: stream.request_key(self.track), stream.ways_out)
        self.stream = stream
        self.packets: list[Packet] = []
        self._task = asyncio.ensure_future(self._take())
        self.reports: Viewer = stream.join(self.track, codec)

    async def _take(self) -> None:
        while True:
            self.packets.append(await self.track.recv())

    @property
    def keys(self) -> int:
        return sum(packet.is_keyframe for packet in self.packets)

    async def gets(self, count: int) -> None:
        await eventually(lambda: len(self.packets) >= count)

    async def gets_keys(self, count: int) -> None:
        await eventually(lambda: self.keys >= count)

    def sees(self) -> list[tuple[int, tuple[int, int]]]:
        """The level and size of every picture so far."""
        decoder, seen = Vp8Decoder(), []
        for packet in self.packets:
            for frame in decoder.decode(JitterFrame(bytes(packet), 0)):
                rgb = to_rgb(planes_of(frame))
                seen.append((round(float(rgb.mean())), rgb.shape[:2]))
        return seen

    async def close(self) -> None:
        self.stream.leave(self.track)
        self._task.cancel()
        await asyncio.wait([self._task])


@pytest.fixture
async def stream() -> AsyncIterator[VideoStream]:
    made = VideoStream("main_video", BOUNDS, 30.0, 60.0)
    yield made
    await made.close()
    assert not [t for t in threading.enumerate() if "main_video" in t.name]


@pytest.fixture
async def anna(stream: VideoStream) -> AsyncIterator[Watcher]:
    made = Watcher(stream)
    yield made
    await made.close()


@pytest.fixture
async def ben(stream: VideoStream) -> AsyncIterator[Watcher]:
    made = Watcher(stream)
    yield made
    await made.close()


async def shown(stream: VideoStream, level: int, *viewers: Watcher) -> None:
    """Show a picture and wait until every viewer has its packet."""
    before = [len(viewer.packets) for viewer in viewers]
    stream.show(grey(level))
    for viewer, count in zip(viewers, before, strict=True):
        await viewer.gets(count + 1)


async def test_before_any_picture_a_viewer_sees_black_of_the_default_size(anna: Watcher) -> None:
    await anna.gets(1)
    assert anna.sees() == [(0, (720, 1280))]


async def test_the_picture_shown_before_anybody_came_is_what_the_first_viewer_sees(
    stream: VideoStream,
) -> None:
    stream.show(grey(150))
    anna = Watcher(stream)
    await anna.gets(1)
    [(level, size)] = anna.sees()
    assert (level, size) == (pytest.approx(150, abs=4), (32, 48))
    await anna.close()


async def test_a_latecomer_to_an_idle_stream_gets_the_last_picture_as_a_key_frame(
    stream: VideoStream, anna: Watcher
) -> None:
    for level in (40, 80, 120):
        await shown(stream, level, anna)
    late = Watcher(stream)
    await late.gets(1)
    assert late.packets[0].is_keyframe
    assert late.sees()[0][0] == pytest.approx(120, abs=4)
    await late.close()


async def test_who_joins_right_after_a_key_frame_gets_that_one(
    stream: VideoStream, anna: Watcher
) -> None:
    await anna.gets(1)
    ben = Watcher(stream)
    await ben.gets(1)
    assert ben.packets[0] is anna.packets[0]
    await ben.close()


async def test_blank_is_black_of_the_last_size_and_what_a_latecomer_sees(
    stream: VideoStream, anna: Watcher
) -> None:
    await shown(stream, 200, anna)
    before = len(anna.packets)
    stream.blank()
    await anna.gets(before + 1)
    late = Watcher(stream)
    await late.gets(1)
    assert anna.sees()[-1] == (pytest.approx(0, abs=3), (32, 48))
    assert late.sees()[0] == (pytest.approx(0, abs=3), (32, 48))
    await late.close()


async def test_forgotten_pictures_are_not_shown_again(stream: VideoStream) -> None:
    anna = Watcher(stream)
    await shown(stream, 200, anna)
    await anna.close()
    stream.forget()
    assert stream.encoders == 0
    late = Watcher(stream)
    await late.gets(1)
    assert late.sees() == [(0, (720, 1280))]
    await late.close()


async def test_a_lost_picture_is_answered_with_a_key_frame_of_the_standing_one(
    stream: VideoStream, anna: Watcher
) -> None:
    await shown(stream, 90, anna)
    for asked in range(3):
        keys = anna.keys
        anna.reports.picture_lost()
        await anna.gets_keys(keys + 1)
        assert stream.figures().fates["shown"] == 1, asked
    assert anna.sees()[-1][0] == pytest.approx(90, abs=4)


async def test_any_number_of_lost_pictures_at_once_make_one_key_frame(
    stream: VideoStream, anna: Watcher, ben: Watcher
) -> None:
    await shown(stream, 90, anna, ben)
    keys = anna.keys
    for _ in range(500):
        anna.reports.picture_lost()
        ben.reports.picture_lost()
    await anna.gets_keys(keys + 1)
    await shown(stream, 91, anna)
    assert anna.keys <= keys + 2


async def test_pausing_and_resuming_keeps_the_encoder_and_shows_what_is_shown_now(
    stream: VideoStream, anna: Watcher
) -> None:
    await shown(stream, 50, anna)
    threads = threading.active_count()
    for _ in range(100):
        stream.leave(anna.track)
        stream.join(anna.track, "VP8")
    assert threading.active_count() <= threads
    stream.leave(anna.track)
    stream.show(grey(170))
    before = len(anna.packets)
    stream.join(anna.track, "VP8")
    await anna.gets(before + 1)
    assert anna.sees()[-1][0] == pytest.approx(170, abs=4)
    assert stream.encoders == 1


async def test_the_encoder_ends_a_moment_after_its_last_viewer(stream: VideoStream) -> None:
    anna = Watcher(stream)
    await anna.gets(1)
    left = asyncio.get_running_loop().time()
    await anna.close()
    assert stream.encoders == 1
    await eventually(lambda: stream.encoders == 0)
    assert asyncio.get_running_loop().time() - left >= LINGER_SECONDS - 0.02


async def test_pictures_offered_to_nobody_cost_no_encoding(stream: VideoStream) -> None:
    anna = Watcher(stream)
    await anna.gets(1)
    await anna.close()
    before = len(anna.packets)
    for level in range(50):
        stream.show(grey(level))
    await eventually(lambda: stream.encoders == 0)
    assert len(anna.packets) == before
    assert stream.figures().fates["shown"] == 50


async def test_every_codec_has_an_encoder_of_its_own(stream: VideoStream, anna: Watcher) -> None:
    track = PacketTrack("video")
    stream.join(track, "H264")
    assert stream.encoders == 2
    async with asyncio.timeout(SECONDS):
        assert (await track.recv()).is_keyframe
    stream.leave(track)


async def test_what_an_encoder_has_done_stays_counted_when_it_has_ended(
    stream: VideoStream, anna: Watcher
) -> None:
    ben = PacketTrack("video")
    stream.join(ben, "H264")
    await shown(stream, 90, anna)
    async with asyncio.timeout(SECONDS):
        await ben.recv()
    stream.leave(ben)
    before = stream.figures().encoders["H264"]
    assert before.bytes > 0
    await eventually(lambda: stream.encoders == 1)
    after = stream.figures().encoders
    assert after.keys() == {"VP8", "H264"}
    assert after["H264"].bytes >= before.bytes
    assert sum(after["H264"].seconds.counts) >= sum(before.seconds.counts) > 0


async def test_a_standing_picture_is_repeated_and_counted_as_made_up() -> None:
    stream = VideoStream("repeated", BOUNDS, 30.0, 0.02)
    anna = Watcher(stream)
    stream.show(grey(70))
    await anna.gets(6)
    assert stream.figures().fates["shown"] == 1
    assert stream.figures().fates["made_up"] >= 3
    await anna.close()
    await stream.close()


async def test_who_is_left_behind_gets_key_frames_only_and_asks_nobody_for_them(
    stream: VideoStream, anna: Watcher, ben: Watcher
) -> None:
    weak = Watcher(stream)
    await shown(stream, 10, anna, ben, weak)
    for viewer, bitrate in ((anna, 5e6), (ben, 5e6), (weak, 1.0)):
        viewer.reports.estimated(int(bitrate))
    before = len(weak.packets)
    for level in range(20, 60):
        weak.reports.picture_lost()
        await shown(stream, level, anna, ben)
    assert anna.keys == ben.keys
    assert all(packet.is_keyframe for packet in weak.packets[before:])
    assert len(weak.packets) - before <= anna.keys
    weak.reports.estimated(5_000_000)
    await shown(stream, 61, anna)
    await shown(stream, 62, anna)
    count = len(weak.packets)
    await eventually(lambda: stream.show(grey(63)) or len(weak.packets) > count + 3)
    await weak.close()


@pytest.mark.parametrize("codec", ["VP8", "H264"])
@pytest.mark.usefixtures("uncollected")
async def test_no_picture_outlives_its_session(stream: VideoStream, codec: str) -> None:
    """It lies in memory that the model waits for: kept back a few times, the model stands still."""
    for _ in range(3):
        viewer = Watcher(stream, codec)
        pictures = [grey(level) for level in (10, 60, 110)]
        held = [weakref.ref(picture) for picture in pictures]
        while pictures:
            count = len(viewer.packets)
            stream.show(pictures.pop())
            await viewer.gets(count + 1)
        stream.request_key(viewer.track)
        await viewer.close()
        stream.forget()
        await eventually(lambda held=held: not any(picture() is not None for picture in held))


async def test_leaving_twice_or_without_having_joined_does_nothing(stream: VideoStream) -> None:
    track = PacketTrack("video")
    stream.leave(track)
    stream.leave(track)
    assert stream.encoders == 0


async def test_the_way_out_is_timed_to_every_viewer_but_not_that_of_an_old_picture(
    stream: VideoStream, anna: Watcher
) -> None:
    def ways_out() -> int:
        return sum(stream.figures().ways_out.counts)

    await eventually(lambda: ways_out() == 1)
    bert = Watcher(stream)
    await bert.gets(1)  # the key frame that stands, made for Anna
    stream.show(grey(90))
    await eventually(lambda: ways_out() == 3)
    assert (len(anna.packets), len(bert.packets)) == (2, 2)
    assert 0.0 < stream.figures().ways_out.total < SECONDS
    await bert.close()
