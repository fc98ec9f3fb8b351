"""The model that is served: the loopback's landscape, drawn at the pace of a sort of model.

Its config: `pace`, a name of `PACES`, and `latency`, as a class declares it.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.latency.paces import FPS, PACES
from benchmarks.loopback.clock import Scenery
from reactor_actors.interface import InputState, Output, ReactorPipeline, Video


class Picture(Output):
    main_video: Video


class Switch(InputState):
    flag: bool = False


class Paced(ReactorPipeline):
    """A panned landscape with a clock, whose turns take a given time."""

    state: Switch
    fps = FPS

    def load(self, config: dict[str, Any]) -> None:
        self.pace = PACES[config["pace"]]
        self.latency = config["latency"]
        self.scenery = Scenery()

    def inference(self) -> Any:
        turn, count = 0, self.pace.pictures
        while True:
            began = time.monotonic()
            drawn = [self.scenery.draw(count * turn + n, self.state.flag) for n in range(count)]
            picture = np.stack(drawn) if count > 1 else drawn[0]
            # As if the work were done by a device: the processor is left to the others.
            time.sleep(max(0.0, began + self.pace.seconds(turn) - time.monotonic()))
            yield Picture(main_video=picture)
            turn += 1
