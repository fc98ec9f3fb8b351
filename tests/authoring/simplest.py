"""The smallest useful model: one live parameter, one picture per turn."""

import zlib
from dataclasses import dataclass

import numpy as np

from reactor_actors.interface import InputField, InputState, Output, ReactorPipeline, Video


@dataclass
class Painting(Output):
    main_video: Video


@dataclass
class Wish(InputState):
    prompt: str = InputField(default="fog", max_length=40, description="What to paint")


class Painter(ReactorPipeline):
    """Paints every wish in a grey of its own."""

    state: Wish
    fps = 200

    def load(self, config):
        self.easel = Easel(config["easel"])

    def inference(self):
        while True:
            yield Painting(main_video=self.easel.paint(self.state.prompt))


class Easel:
    def __init__(self, size):
        self.size = size

    def paint(self, prompt):
        return np.full((*self.size, 3), grey_of(prompt), np.uint8)


def grey_of(prompt):
    return zlib.crc32(prompt.encode()) % 256
