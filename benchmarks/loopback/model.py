"""The model that is served: synthetic, 720p, 30 pictures a second."""

from __future__ import annotations

from typing import Any

from benchmarks.loopback.clock import Scenery
from reactor_actors.interface import InputState, Output, ReactorPipeline, Video


class Picture(Output):
    main_video: Video


class Switch(InputState):
    flag: bool = False


class Landscape(ReactorPipeline):
    """A panned landscape with a clock."""

    state: Switch
    fps = 30

    def load(self, config: dict[str, Any]) -> None:
        self.scenery = Scenery()

    def inference(self) -> Any:
        number = 0
        while True:
            yield Picture(main_video=self.scenery.draw(number, self.state.flag))
            number += 1
