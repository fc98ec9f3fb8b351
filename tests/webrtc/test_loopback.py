"""A model, real peers, real RTP over the loopback."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_actors.interface import (
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    Video,
    event,
)
from tests.webrtc.rig import staging

pytestmark = pytest.mark.webrtc


class Picture(Output):
    main_video: Video


class Grey(InputState):
    level: int = InputField(default=100, ge=0, le=255)


class Told(ModelMessage):
    text: str


class Plain(ReactorPipeline):
    """Shows one grey."""

    state: Grey
    fps = 30

    def inference(self) -> Any:
        while True:
            yield Picture(main_video=np.full((120, 160, 3), self.state.level, np.uint8))

    @event(name="shout")
    async def shout(self, text: str) -> Told:
        await self.send(Told(text=text.upper()))
        return Told(text=text)


def level_of(picture: np.ndarray) -> float:
    return float(picture.mean())


async def test_a_client_sees_the_picture_and_its_change() -> None:
    async with staging(Plain) as stage:
        anna = await stage.client("main_video")
        await anna.until(lambda: anna.sees("main_video", 100))
        anna.command("set_level", level=200)
        await anna.until(lambda: anna.sees("main_video", 200))


async def test_a_reply_reaches_its_caller_and_a_broadcast_everybody() -> None:
    async with staging(Plain) as stage:
        anna, ben = await stage.client(), await stage.client()
        anna.command("shout", text="hi")
        await anna.until(lambda: len(anna.heard) == 2)
        ben.command("shout", text="yo")
        await ben.until(lambda: len(ben.heard) == 3)
    texts = [m["data"]["data"]["text"] for m in ben.heard]
    assert texts == ["HI", "YO", "yo"]


async def test_two_viewers_share_one_encoder() -> None:
    async with staging(Plain) as stage:
        anna, ben = await stage.client("main_video"), await stage.client("main_video")
        await anna.until(lambda: anna.sees("main_video", 100))
        await ben.until(lambda: ben.sees("main_video", 100))
        assert stage.streams.video["main_video"].encoders == 1
        await ben.close()
        seen = len(anna.pictures["main_video"])
        await anna.until(lambda: len(anna.pictures["main_video"]) > seen + 3)


async def test_nothing_is_sent_before_resume_but_a_flat_client_plays_at_once() -> None:
    async with staging(Plain) as stage:
        anna, flat = await stage.client(), await stage.client(flat=True)
        await flat.until(lambda: len(flat.pictures["main_video"]) > 10)
        assert anna.pictures["main_video"] == []
