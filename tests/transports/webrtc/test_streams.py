import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest

from reactor_actors.core.media import Direction, Kind, Tick, Track
from reactor_actors.core.pixels import to_i420
from reactor_actors.transports.status import Encoding
from reactor_actors.transports.webrtc.outbound import PacketTrack
from reactor_actors.transports.webrtc.rate import BitrateRange
from reactor_actors.transports.webrtc.streams import SoundStream, Streams
from tests.local import SECONDS, eventually

PICTURES = Track("main_video", Kind.VIDEO, Direction.OUT)
VOICE = Track("voice", Kind.AUDIO, Direction.OUT, 16_000)
WEBCAM = Track("webcam", Kind.VIDEO, Direction.IN)


def piece(samples: int = 533, level: int = 1000, channels: int = 1) -> np.ndarray:
    return np.full((channels, samples), level, np.int16)


@pytest.fixture
async def streams() -> AsyncIterator[Streams]:
    made = Streams()
    made.declare([WEBCAM, PICTURES, VOICE], 30.0)
    yield made
    await made.close()


async def received(track: PacketTrack, count: int) -> list[int]:
    """Return the time stamps of so many packets."""
    async with asyncio.timeout(SECONDS):
        return [int((await track.recv()).pts) for _ in range(count)]


async def test_outputs_alone_get_a_stream_each(streams: Streams) -> None:
    assert (set(streams.video), set(streams.sound)) == ({"main_video"}, {"voice"})


async def test_what_is_declared_again_stays_and_what_has_changed_is_made_anew(
    streams: Streams,
) -> None:
    pictures, voice = streams.video["main_video"], streams.sound["voice"]
    streams.declare([PICTURES, VOICE], 30.0)
    assert streams.video["main_video"] is pictures
    assert streams.sound["voice"] is voice
    streams.declare([PICTURES, Track("voice", Kind.AUDIO, Direction.OUT, 48_000)], 30.0)
    assert streams.video["main_video"] is pictures
    assert streams.sound["voice"] is not voice
    streams.declare([Track("main_video", Kind.AUDIO, Direction.OUT, 48_000)], 30.0)
    assert (set(streams.video), set(streams.sound)) == (set(), {"main_video"})


async def test_an_encoder_of_a_track_that_is_gone_is_ended(streams: Streams) -> None:
    track = PacketTrack("video")
    streams.video["main_video"].join(track, "VP8")
    streams.declare([VOICE], 30.0)
    await eventually(lambda: not [t for t in threading.enumerate() if "main_video" in t.name])


async def test_what_was_counted_of_a_track_is_counted_on_when_it_comes_back(
    streams: Streams,
) -> None:
    picture = to_i420(np.zeros((4, 6, 3), np.uint8))
    streams.show(Tick(0, {"main_video": picture}, {"voice": piece()}))
    before = streams.figures()
    for tracks in ([], [PICTURES, VOICE]):
        streams.declare(tracks, 30.0)
        assert streams.figures() == before
    streams.show(Tick(0, {"main_video": picture}, {}))
    assert streams.figures()["main_video"].fates["shown"] == 2
    assert streams.figures()["voice"].fates["shown"] == 1


async def test_the_bytes_of_sound_are_those_of_its_packets(streams: Streams) -> None:
    assert streams.figures()["voice"].encoders == {}
    track = PacketTrack("audio")
    streams.sound["voice"].join(track)
    streams.show(Tick(0, {}, {"voice": piece(16_000, 9000)}))
    async with asyncio.timeout(SECONDS):
        size = sum([(await track.recv()).size for _ in range(5)])
    assert streams.figures()["voice"].encoders["opus"].bytes >= size > 0


async def test_what_encoders_aim_at_is_told_while_they_run(streams: Streams) -> None:
    assert streams.encoders() == ()
    anna, ben = PacketTrack("video"), PacketTrack("video")
    streams.video["main_video"].join(anna, "VP8")
    streams.video["main_video"].join(ben, "H264")
    start = BitrateRange().start
    assert streams.encoders() == (
        Encoding("main_video", "VP8", start),
        Encoding("main_video", "H264", start),
    )


async def test_a_tick_goes_to_every_stream_it_has_something_for(streams: Streams) -> None:
    picture = to_i420(np.zeros((4, 6, 3), np.uint8))
    streams.show(Tick(0, {"main_video": picture}, {"voice": piece()}))
    streams.show(Tick(0, {"main_video": picture}, {}))
    assert streams.video["main_video"].figures().fates["shown"] == 2
    assert streams.sound["voice"].figures().fates["shown"] == 1


async def test_a_tick_with_tracks_nobody_declared_is_shown_to_nobody() -> None:
    streams = Streams()
    streams.show(Tick(0, {"x": to_i420(np.zeros((4, 6, 3), np.uint8))}, {"y": piece()}))
    streams.blank()
    streams.forget()
    await streams.close()


async def test_sound_without_a_listener_is_not_encoded(streams: Streams) -> None:
    voice, late = streams.sound["voice"], PacketTrack("audio")
    for _ in range(100):
        voice.show(piece())
    voice.join(late)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await late.recv()


async def test_once_begun_packets_never_stop_and_are_the_same_for_all(streams: Streams) -> None:
    voice, anna, ben = streams.sound["voice"], PacketTrack("audio"), PacketTrack("audio")
    voice.join(anna)
    voice.join(ben)
    voice.show(piece())
    stamps = await received(anna, 10)
    assert {b - a for a, b in pairwise(stamps)} == {960}
    assert await received(ben, 10) == stamps


async def test_blank_drops_the_sound_that_waits_and_the_clock_goes_on(streams: Streams) -> None:
    voice, anna = streams.sound["voice"], PacketTrack("audio")
    voice.join(anna)
    voice.show(piece(16_000))
    streams.blank()
    async with asyncio.timeout(SECONDS):
        packets = [await anna.recv() for _ in range(20)]
    assert all(b.pts - a.pts == 960 for a, b in pairwise(packets))
    assert max(packet.size for packet in packets[5:]) < 30


async def test_nothing_is_played_after_the_last_listener_left_or_all_is_forgotten() -> None:
    voice, anna = SoundStream(16_000), PacketTrack("audio")
    voice.join(anna)
    voice.show(piece())
    await received(anna, 1)
    voice.forget()
    with suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            while await anna.recv():
                pass  # what had been handed over already
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await anna.recv()
    voice.show(piece())
    await received(anna, 1)
    voice.leave(anna)
    voice.leave(anna)
    assert anna.paused


async def test_mono_and_stereo_may_alternate(streams: Streams) -> None:
    voice, anna = streams.sound["voice"], PacketTrack("audio")
    voice.join(anna)
    for channels in (2, 1, 2):
        voice.show(piece(channels=channels))
    await received(anna, 5)
