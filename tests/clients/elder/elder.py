"""A model of generation 1, in a folder without a manifest.

The left half of its picture is the shade that was set, the right half what the webcam sees.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pydantic

from reactor_actors import VideoModel, command, get_ctx, model
from reactor_actors.tracks import VideoIn, VideoOut
from reactor_actors.transports.media import MediaBundle


@model(name="elder", config="config.yml")
class Elder(VideoModel):
    """Shows a shade."""

    webcam = VideoIn()
    main_video = VideoOut(default=True)
    emission_fps = 20

    def __init__(self, config: Any) -> None:
        self.first = config.shade.level
        self.level = self.first
        self.seen = np.zeros(3)

    @command("set_level", "Choose the shade")
    def set_level(
        self, level: int = pydantic.Field(90, ge=0, le=255, description="From black to white")
    ) -> dict[str, Any]:
        before, self.level = self.level, level
        return {"before": before, "level": level}

    @command("call", "Have everybody told, in a flat message")
    def call(self, text: str) -> None:
        get_ctx().send({"type": "called", "text": text, "loud": True})

    @command("note", "Have everybody told, in a message without a type")
    def note(self, text: str) -> None:
        get_ctx().send({"text": text})

    def on_media(self, bundle: MediaBundle) -> None:
        webcam = bundle.get_track("webcam")
        if webcam is not None:
            self.seen = webcam.data.mean(axis=(0, 1))

    def start_session(self) -> None:
        ctx = get_ctx()
        ctx.send({"type": "begun", "data": {"level": self.level}})
        picture = np.empty((96, 128, 3), np.uint8)
        while not ctx.should_stop():
            picture[:, :64] = self.level
            picture[:, 64:] = self.seen
            ctx.get_track().emit(picture)
        self.level, self.seen = self.first, np.zeros(3)
