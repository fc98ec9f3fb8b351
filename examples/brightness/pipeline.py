"""Northern lights with two live parameters: the shortest model that is fun to steer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_actors.interface import InputField, InputState, Output, ReactorPipeline, Video


class Sky(Output):
    main_video: Video


class Lights(InputState):
    brightness: float = InputField(default=1.0, ge=0.0, le=2.0, description="How bright it shines")
    speed: float = InputField(default=1.0, ge=0.0, le=4.0, description="How fast it moves")
    colour: str = InputField(
        default="aurora", choices=["aurora", "ember", "ocean"], description="The palette"
    )


PALETTES = {
    "aurora": ((0.02, 0.05, 0.12), (0.05, 0.95, 0.55), (0.55, 0.20, 0.90)),
    "ember": ((0.06, 0.02, 0.04), (1.00, 0.45, 0.10), (0.85, 0.05, 0.25)),
    "ocean": ((0.01, 0.04, 0.10), (0.05, 0.65, 0.95), (0.10, 0.95, 0.80)),
}


class Brightness(ReactorPipeline):
    """Northern lights that clients can brighten, hurry and recolour."""

    state: Lights
    fps = 30
    buffer_size = 8

    def load(self, config: dict[str, Any]) -> None:
        width, height = config.get("width", 640), config.get("height", 360)
        self.batch = config.get("batch", 2)
        rng = np.random.default_rng(7)
        self.x = np.linspace(0, 4 * np.pi, width, dtype=np.float32)[None, :]
        self.y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
        self.stars = (rng.random((height, width)) > 0.9985).astype(np.float32) * 0.8
        self.stars *= 1 - self.y

    def inference(self) -> Any:
        moment = 0.0
        while True:
            pictures = []
            for _ in range(self.batch):
                pictures.append(self.draw(moment))
                moment += self.state.speed / 30
            yield Sky(main_video=np.stack(pictures))

    def draw(self, moment: float) -> NDArray[np.uint8]:
        """Draw the sky at one moment: two curtains of light over a night gradient."""
        night, near, far = (np.array(c, np.float32) for c in PALETTES[self.state.colour])
        picture = night * (1.4 - self.y[..., None]) + self.stars[..., None]
        for colour, height, pace, phase in ((near, 0.55, 1.0, 0.0), (far, 0.38, -0.7, 2.0)):
            ridge = height + 0.09 * np.sin(self.x + pace * moment + phase)
            ridge += 0.05 * np.sin(2.3 * self.x - 1.6 * pace * moment)
            depth = self.y - ridge
            glow = np.where(depth > 0, np.exp(-depth * 16), np.exp(depth * 4.5))
            rays = 0.65 + 0.35 * np.sin(14 * self.x + 3 * np.sin(self.x + pace * moment) + phase)
            picture = picture + colour * (glow * rays)[..., None]
        return np.clip(picture * (255 * self.state.brightness), 0, 255).astype(np.uint8)
