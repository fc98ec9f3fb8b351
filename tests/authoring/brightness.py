"""The model a new project begins with: batches of moving stripes, brighter or darker at will."""

from dataclasses import dataclass

import numpy as np

from reactor_actors.interface import InputField, InputState, Output, ReactorPipeline, Video


@dataclass
class Stripes(Output):
    main_video: Video


@dataclass
class Light(InputState):
    brightness: float = InputField(default=1.0, ge=0.0, le=2.0, description="How bright it is")


class Lamp(ReactorPipeline):
    state: Light
    buffer_size = 8
    fps = 400

    def load(self, config):
        self.height = config.get("height", 480)
        self.width = config.get("width", 640)
        self.chunk_size = config.get("chunk_size", 4)

    def inference(self):
        shown = 0
        while True:
            numbers = range(shown, shown + self.chunk_size)
            chunk = np.stack([self.stripes(number) for number in numbers])
            yield Stripes(main_video=chunk)
            shown += self.chunk_size

    def stripes(self, number):
        """Return one picture: its left half says which it is, its right half how bright."""
        picture = np.full((self.height, self.width, 3), 100 * self.state.brightness, np.uint8)
        picture[:, : self.width // 2] = 3 * (number % 80)
        return picture
