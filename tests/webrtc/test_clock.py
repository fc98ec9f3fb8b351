"""What the time stamps of pictures mean, as a client is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_actors.interface import Audio, Output, ReactorPipeline, Video
from tests.webrtc.rig import Client, staging

pytestmark = pytest.mark.webrtc
VIDEO_CLOCK = 90_000


class Slides(Output):
    main_video: Video
    other_video: Video
    main_audio: Audio


class Show(ReactorPipeline):
    """Another picture five times a second."""

    output = (Slides,)
    fps = 5

    def load(self, config: dict[str, Any]) -> None:
        self.picture = np.full((64, 64, 3), 90, np.uint8)
        self.sound = np.zeros(9600, np.int16)

    def inference(self) -> Any:
        while True:
            yield Slides(main_video=self.picture, other_video=self.picture, main_audio=self.sound)


async def asked(client: Client) -> dict[str, Any]:
    """Ask for the clock and return the answer."""
    before = len(client.told("clock"))
    client.runtime("requestClock")
    answers = await client.until(lambda: client.told("clock")[before:])
    return dict(answers[0])


async def test_a_mark_says_when_the_picture_of_a_time_stamp_was_shown() -> None:
    async with staging(Show) as stage:
        client = await stage.client("main_video")
        await client.more("main_video", 2)
        marks: list[tuple[int, float]] = []
        while len({rtp for rtp, _ in marks}) < 4:
            told = await asked(client)
            mark = told["tracks"]["main_video"]
            assert mark["time"] <= told["time"]
            marks.append((mark["rtp"], mark["time"]))
        # Whenever it is asked, every picture is on one line: so many ticks, so much later.
        origins = [time - rtp / VIDEO_CLOCK for rtp, time in marks]
        assert max(origins) - min(origins) < 0.005


async def test_sound_and_tracks_that_have_sent_nothing_have_no_mark() -> None:
    async with staging(Show) as stage:
        client = await stage.client()
        assert (await asked(client))["tracks"] == {}
        for track in ("other_video", "main_audio"):
            client.resume(track)
            await client.more(track, 1)
        assert set((await asked(client))["tracks"]) == {"other_video"}


async def test_a_client_of_the_other_framing_is_not_disturbed_by_the_question() -> None:
    async with staging(Show) as stage:
        client, other = await stage.client(), await stage.client("main_video", v1=True)
        await asked(client)
        await other.more("main_video", 1)
        assert not [heard for heard in other.heard if heard.WhichOneof("payload") is not None]
