"""Two outputs of pictures, two of sound, two inputs."""

from __future__ import annotations

import numpy as np

from reactor_actors.interface import Audio, Input, Output, ReactorModel, Video
from tests.webrtc.sources import grey


class Camera(Input):
    webcam: Video
    mic: Audio


class Low(Audio):
    sample_rate = 16_000


class Tones(Output):
    main_video: Video
    voice: Low
    music: Audio


class Second(Output):
    side_video: Video


class Everything(ReactorModel):
    """Two outputs of pictures, two of sound, two inputs."""

    input: Camera
    output = (Tones, Second)
    fps = 30

    async def run(self) -> None:
        at = 0  # a round is two ticks, a fifteenth of a second
        while True:
            low = np.arange(at * 16_000 // 15, (at + 1) * 16_000 // 15) / 16_000
            high = np.arange(at * 3200, (at + 1) * 3200) / 48_000
            voice = 10_000 * np.sin(2 * np.pi * 440 * low)
            music = np.stack([np.sin(2 * np.pi * f * high) for f in (1000, 3000)]) * 10_000
            await self.emit(
                Tones(
                    main_video=grey(60),
                    voice=voice.astype(np.int16),
                    music=music.astype(np.int16),
                )
            )
            await self.emit(Second(side_video=grey(200)))
            at += 1
