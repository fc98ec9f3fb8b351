import asyncio
from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.core.pixels import to_rgb
from reactor_actors.core.ports import Feed
from reactor_actors.transports.webrtc.inbound import planes_of, pump

WEBCAM = Track("webcam", Kind.VIDEO, Direction.IN)
MIC = Track("mic", Kind.AUDIO, Direction.IN, 16_000)


class Played(MediaStreamTrack):
    """A track of given frames, then its end."""

    kind = "video"

    def __init__(self, *frames: av.frame.Frame) -> None:
        super().__init__()
        self._frames = list(frames)

    async def recv(self) -> av.frame.Frame:
        if not self._frames:
            raise MediaStreamError
        return self._frames.pop(0)


def picture(
    height: int = 4, width: int = 6, level: int = 90, fmt: str = "yuv420p"
) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), level, np.uint8), "rgb24")
    return frame.reformat(format=fmt)


def sound(
    samples: int = 960, rate: int = 48_000, layout: str = "stereo", fmt: str = "s16"
) -> av.AudioFrame:
    channels = {"mono": 1, "stereo": 2}[layout]
    pcm = np.full((1, samples * channels), 1000, np.int16)
    frame = av.AudioFrame.from_ndarray(pcm, format=fmt, layout=layout)
    frame.sample_rate = rate
    return frame


async def fed(track: Track, *frames: av.frame.Frame, accepts: bool = True) -> list[Feed]:
    feeds: list[Feed] = []
    await pump(Played(*frames), track, lambda: accepts, feeds.append)
    return feeds


@pytest.mark.parametrize("size", [(4, 6), (480, 640), (48, 66), (5, 6), (4, 7), (481, 641), (1, 1)])
def test_a_picture_becomes_i420_of_even_sides(size: tuple[int, int]) -> None:
    height, width = size
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, : width // 2] = 200
    planes = planes_of(av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p"))
    even = (height + height % 2, width + width % 2)
    assert planes.shape == (even[0] * 3 // 2, even[1])
    shown = to_rgb(planes)[:height, :width].astype(int).mean(axis=2)
    if width > 5:
        assert abs(shown[:, : width // 2 - 2] - 200).max() < 6
        assert shown[:, width // 2 + 2 :].max() < 6


def test_other_pixel_formats_are_converted() -> None:
    assert planes_of(picture(fmt="yuv422p")).shape == (6, 6)
    assert planes_of(picture(fmt="nv12")).shape == (6, 6)


async def test_pictures_are_fed_with_their_own_size_and_time() -> None:
    frame = picture(5, 7)
    frame.pts, frame.time_base = 45_000, Fraction(1, 90_000)
    [feed] = await fed(WEBCAM, frame)
    assert (feed.track, feed.height, feed.width, feed.pts) == ("webcam", 5, 7, 0.5)
    assert feed.data.shape == (9, 8)


async def test_a_picture_without_a_time_has_none() -> None:
    frame = picture()
    frame.pts = None
    [feed] = await fed(WEBCAM, frame)
    assert feed.pts is None


async def test_what_is_not_accepted_is_dropped_until_the_track_ends() -> None:
    assert await fed(WEBCAM, *(picture() for _ in range(50)), accepts=False) == []


async def test_sound_becomes_mono_at_the_declared_rate() -> None:
    feeds = await fed(MIC, *(sound() for _ in range(50)))
    joined = np.concatenate([feed.data for feed in feeds], axis=1)
    assert joined.dtype == np.int16
    assert joined.shape == (1, pytest.approx(16_000, abs=100))
    assert np.median(joined) == pytest.approx(1000, abs=30)


async def test_sound_that_changes_its_format_goes_on() -> None:
    frames = [sound(), sound(160, 8_000, "mono"), sound(960, 48_000, "mono"), sound()]
    feeds = await fed(MIC, *frames)
    assert sum(feed.data.shape[1] for feed in feeds) > 900


async def test_times_that_jump_do_no_harm() -> None:
    frames = [sound() for _ in range(4)]
    for frame, pts in zip(frames, (0, 10**9, 5, None), strict=True):
        frame.pts = pts
        frame.time_base = Fraction(1, 48_000)
    assert len(await fed(MIC, *frames)) >= 3


async def test_a_frame_that_cannot_be_fed_is_dropped_and_the_next_one_passes() -> None:
    feeds: list[Feed] = []

    def feed(item: Feed) -> None:
        if not feeds and item.height == 2:
            raise ValueError("not this one")
        feeds.append(item)

    await pump(Played(picture(2, 2), picture(2, 2), picture()), WEBCAM, lambda: True, feed)
    assert [item.height for item in feeds] == [4]


async def test_frames_of_the_wrong_kind_are_ignored() -> None:
    assert await fed(WEBCAM, sound()) == []


async def test_a_track_that_never_plays_is_left_by_cancelling() -> None:
    class Silent(MediaStreamTrack):
        kind = "video"

        async def recv(self) -> av.frame.Frame:
            return await asyncio.get_running_loop().create_future()

    task = asyncio.ensure_future(pump(Silent(), WEBCAM, lambda: True, lambda feed: None))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
