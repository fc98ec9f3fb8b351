"""A moving gradient with one live parameter. Change it into your own model."""

import numpy as np

from reactor_actors.interface import InputField, InputState, Output, ReactorPipeline, Video


class MyOutput(Output):
    """What the model shows."""

    main_video: Video


class MyState(InputState):
    """What viewers can change while it runs: each field is a command, `set_brightness`."""

    brightness: float = InputField(default=1.0, ge=0.0, le=2.0, description="How bright it is.")


class MyModel(ReactorPipeline):
    """A gradient that wanders, some pictures at a time."""

    state: MyState
    buffer_size = 8
    fps = 30

    def load(self, config):
        """Read the config, once, before anybody watches. Weights are loaded here."""
        self.chunk = config.get("chunk_size", 4)
        across = np.linspace(0.0, 1.0, config.get("width", 640))
        down = np.linspace(0.0, 1.0, config.get("height", 480))
        self.x, self.y = np.meshgrid(across, down)

    def inference(self):
        """Yield pictures for as long as somebody watches."""
        moment = 0
        while True:
            pictures = [self.picture(moment + step) for step in range(self.chunk)]
            yield MyOutput(main_video=np.stack(pictures))
            moment += self.chunk

    def picture(self, moment):
        """Make one picture: (height, width, 3), RGB, 8 bits."""
        phase = moment / 30
        red = np.sin(2 * np.pi * (self.x + phase / 4))
        green = np.sin(2 * np.pi * (self.y - phase / 5))
        blue = np.sin(2 * np.pi * (self.x + self.y + phase / 3))
        light = 127.5 + 127.5 * np.stack([red, green, blue], axis=-1)
        return (light * self.state.brightness).clip(0, 255).astype(np.uint8)
