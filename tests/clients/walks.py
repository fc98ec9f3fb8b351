"""Models with one picture: one is walked through, and one counts its pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_actors.interface import (
    InputField,
    ModelMessage,
    Output,
    ReactorPipeline,
    Video,
    event,
)

HEIGHT, WIDTH = 180, 320
BITS = 16
CELL = 16


class Step(ModelMessage):
    """What was held and moved."""

    held: str
    dx: float
    dy: float


class Walk(Output):
    main_video: Video


class Walker(ReactorPipeline):
    """Goes where keys and mouse say."""

    output = (Walk,)
    fps = 20

    def load(self, config: dict[str, Any]) -> None:
        self.turned = [0.0, 0.0]
        self.held = ""
        self.picture = np.full((HEIGHT, WIDTH, 3), (30, 60, 50), np.uint8)

    @event(name="keys", description="Hold these keys, and no others", dedupe=True)
    def hold(
        self,
        w: bool = False,
        a: bool = False,
        s: bool = False,
        d: bool = False,
        shift: bool = False,
    ) -> Step:
        held = {"w": w, "a": a, "s": s, "d": d, "shift": shift}
        self.held = " ".join(key for key, down in held.items() if down)
        return self.step()

    @event(name="look", description="Turn the head")
    def look(
        self,
        dx: float = InputField(default=0.0, ge=-50, le=50),
        dy: float = InputField(default=0.0, ge=-50, le=50),
    ) -> Step:
        self.turned = [self.turned[0] + dx, self.turned[1] + dy]
        return self.step()

    def step(self) -> Step:
        return Step(held=self.held, dx=self.turned[0], dy=self.turned[1])

    def inference(self) -> Any:
        while True:
            yield Walk(main_video=self.picture)


class Numbers(ReactorPipeline):
    """Every picture carries its number as black and white cells."""

    output = (Walk,)
    fps = 30

    def load(self, config: dict[str, Any]) -> None:
        self.number = 0

    def inference(self) -> Any:
        while True:
            self.number += 1
            yield Walk(main_video=numbered(self.number))


def numbered(number: int) -> NDArray[np.uint8]:
    """Draw a number."""
    picture = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    for bit in range(BITS):
        on = number >> bit & 1
        picture[: CELL * 2, bit * CELL : (bit + 1) * CELL] = 230 if on else 20
    return picture
