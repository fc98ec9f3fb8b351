import asyncio

import pytest
from av.packet import Packet

from reactor_actors.core.tally import Tally
from reactor_actors.transports.webrtc.outbound import SOUND_BOUND, VIDEO_BOUND, PacketTrack


def packet(*, key: bool = False) -> Packet:
    made = Packet(4)
    made.is_keyframe = key
    return made


class Viewer:
    """A resumed track, and how often it asked for a key frame."""

    def __init__(self, kind: str = "video") -> None:
        self.asked = 0
        self.track = PacketTrack(kind, self.ask)
        self.track.resume()

    def ask(self) -> None:
        self.asked += 1

    async def taken(self) -> list[Packet]:
        out = []
        while True:
            try:
                async with asyncio.timeout(0):
                    out.append(await self.track.recv())
            except TimeoutError:
                return out


@pytest.fixture
async def viewer() -> Viewer:
    return Viewer()


async def test_a_track_begins_paused_and_holds_nothing() -> None:
    track = PacketTrack("video")
    track.show(packet(key=True))
    assert track.paused
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await track.recv()


async def test_a_viewer_begins_with_a_key_frame_and_asks_for_it(viewer: Viewer) -> None:
    key, after = packet(key=True), packet()
    viewer.track.show(packet())
    assert viewer.asked == 1
    viewer.track.show(key)
    viewer.track.show(after)
    assert await viewer.taken() == [key, after]
    assert viewer.track.skipped == 1


async def test_pausing_forgets_what_waits_and_resuming_begins_anew(viewer: Viewer) -> None:
    viewer.track.show(packet(key=True))
    viewer.track.pause()
    viewer.track.resume()
    viewer.track.show(packet())
    assert await viewer.taken() == []
    assert viewer.asked == 1


async def test_a_full_queue_of_pictures_is_dropped_up_to_the_next_key_frame(viewer: Viewer) -> None:
    viewer.track.show(packet(key=True))
    for _ in range(VIDEO_BOUND + 5):
        viewer.track.show(packet())
    assert viewer.asked == 6
    key = packet(key=True)
    viewer.track.show(key)
    assert await viewer.taken() == [key]


async def test_a_full_queue_of_sound_loses_its_oldest() -> None:
    viewer = Viewer("audio")
    packets = [packet(key=True) for _ in range(SOUND_BOUND + 3)]
    for each in packets:
        viewer.track.show(each)
    assert await viewer.taken() == packets[3:]
    assert viewer.asked == 0


async def test_a_viewer_left_behind_gets_key_frames_and_asks_for_none(viewer: Viewer) -> None:
    first, second = packet(key=True), packet(key=True)
    for each in (first, packet(), packet(), second, packet()):
        viewer.track.show(each, keys_only=True)
    assert await viewer.taken() == [first, second]
    assert viewer.asked == 0


async def test_who_has_caught_up_goes_on_with_the_next_key_frame(viewer: Viewer) -> None:
    first, gap, second = packet(key=True), packet(), packet(key=True)
    viewer.track.show(first)
    viewer.track.show(gap, keys_only=True)
    viewer.track.show(packet())
    assert viewer.asked == 1
    viewer.track.show(second)
    assert await viewer.taken() == [first, second]


async def test_a_waiting_sender_is_woken_by_a_packet(viewer: Viewer) -> None:
    waiting = asyncio.ensure_future(viewer.track.recv())
    await asyncio.sleep(0)
    key = packet(key=True)
    viewer.track.show(key)
    assert await waiting is key


async def test_a_packet_is_on_its_way_until_its_sender_comes_back_for_the_next() -> None:
    now, ways_out = [10.0], Tally((1.0,))
    track = PacketTrack("video", ways_out=ways_out, clock=lambda: now[0])
    track.resume()
    track.show(packet(key=True), made_at=9.5)
    track.show(packet(), made_at=9.75)
    track.show(packet())  # made long ago, for somebody else
    await track.recv()
    assert sum(ways_out.read().counts) == 0
    now[0] = 10.25
    await track.recv()
    assert (sum(ways_out.read().counts), ways_out.read().total) == (1, 0.75)
    now[0] = 11.0
    await track.recv()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await track.recv()
    assert (ways_out.read().counts, ways_out.read().total) == ((1, 1), 2.0)
