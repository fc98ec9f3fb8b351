"""What the time stamps of pictures mean, as a client is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_actors.interface import Output, ReactorPipeline, Video
from tests.webrtc.rig import Client, staging

pytestmark = pytest.mark.webrtc
VIDEO_CLOCK = 90_000


class Slides(Output):
    main_video: Video
    other_video: Video


class Show(ReactorPipeline):
    """Another picture five times a second."""

    output = (Slides,)
    fps = 5

    def load(self, config: dict[str, Any]) -> None:
        self.picture = np.full((64, 64, 3), 90, np.uint8)

    def inference(self) -> Any:
        while True:
            yield Slides(main_video=self.picture, other_video=self.picture)


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
        marks = {}
        for _ in range(40):
            told = await asked(client)
            mark = told["tracks"]["main_video"]
            assert mark["time"] <= told["time"]
            marks[mark["rtp"]] = mark["time"]
            if len(marks) == 4:
                break
            await client.more("main_video", 1)
        assert len(marks) > 2
        # Every picture is on one line: so many ticks of the video clock, so much later.
        origins = [time - rtp / VIDEO_CLOCK for rtp, time in marks.items()]
        assert max(origins) - min(origins) < 0.005


async def test_a_track_that_has_sent_nothing_has_no_mark() -> None:
    async with staging(Show) as stage:
        client = await stage.client()
        assert (await asked(client))["tracks"] == {}
        client.resume("other_video")
        await client.more("other_video", 1)
        assert set((await asked(client))["tracks"]) == {"other_video"}


async def test_a_client_of_the_other_framing_is_not_disturbed_by_the_question() -> None:
    async with staging(Show) as stage:
        client, other = await stage.client(), await stage.client("main_video", v1=True)
        await asked(client)
        await other.more("main_video", 1)
        assert not [heard for heard in other.heard if heard.WhichOneof("payload") is not None]
