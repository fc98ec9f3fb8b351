"""A small picture at 30 a second, brighter or darker at will."""

from __future__ import annotations

from typing import Any

import numpy as np

from reactor_actors.interface import InputField, InputState, Output, ReactorPipeline, Video


class Picture(Output):
    main_video: Video


class Light(InputState):
    brightness: float = InputField(default=1.0, ge=0.0, le=2.0)


class Lamp(ReactorPipeline):
    """Shows noise, so that its pictures cost something."""

    state: Light
    fps = 30

    def inference(self) -> Any:
        rng = np.random.default_rng(1)
        while True:
            level = 60 * self.state.brightness
            picture = np.clip(rng.normal(level, 20, (96, 128, 3)), 0, 255)
            yield Picture(main_video=picture.astype(np.uint8))
