"""The model that is served: synthetic, 30 pictures a second, 720p one by one unless told otherwise.

Its config: `height` of the pictures, which are 16:9, and how many a `yield` has (`batch`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.loopback.clock import HEIGHT, Scenery
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
        self.scenery = Scenery(int(config.get("height", HEIGHT)))
        self.batch = int(config.get("batch", 1))

    def inference(self) -> Any:
        number = 0
        while True:
            flag = self.state.flag
            pictures = [self.scenery.draw(number + n, flag) for n in range(self.batch)]
            yield Picture(main_video=np.stack(pictures) if self.batch > 1 else pictures[0])
            number += self.batch
