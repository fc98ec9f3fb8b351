"""Neon lines drawn over a webcam. Change it into your own model."""

import numpy as np

from reactor_actors.interface import (
    BufferClosed,
    Input,
    InputField,
    InputState,
    Output,
    ReactorPipeline,
    Video,
)

BARS = np.array(
    [[180] * 3, [180, 180, 16], [16, 180, 180], [16, 180, 16], [180, 16, 180], [180, 16, 16]],
    np.uint8,
)


class MyInput(Input):
    """What a viewer sends."""

    webcam: Video


class MyOutput(Output):
    """What the model shows."""

    main_video: Video


class MyState(InputState):
    """What viewers can change while it runs: `set_neon`, `set_trails`."""

    neon: float = InputField(default=0.85, ge=0.0, le=1.0, description="0 is the webcam's picture.")
    trails: float = InputField(default=0.7, ge=0.0, le=0.97, description="How long lines linger.")


class MyModel(ReactorPipeline):
    """Takes a webcam's pictures and gives them back as neon lines."""

    input: MyInput
    state: MyState
    buffer_size = 2

    def load(self, config):
        """Read the config, once, before anybody watches. Weights are loaded here."""
        self.patience = config.get("patience", 1.0)
        self.strength = config.get("strength", 5.0)

    async def inference(self):
        """Yield a picture for every one that comes; colour bars while none does."""
        lines = None
        while True:
            try:
                [frame] = await self.input.webcam.read(timeout=self.patience)
            except TimeoutError:
                yield MyOutput(main_video=bars())
                continue
            except BufferClosed:
                return  # the last viewer has left; the next one gets a new generator
            fresh = self.edges(frame)
            # A webcam may change its size at any time.
            lingering = lines is not None and lines.shape == fresh.shape
            lines = np.maximum(fresh, lines * self.state.trails) if lingering else fresh
            neon = self.state.neon
            picture = frame * np.float32(1 - neon) + lines * np.float32(neon)
            yield MyOutput(main_video=picture.clip(0, 255).astype(np.uint8))

    def edges(self, frame):
        """Return where a picture changes: what is upright in red, what lies flat in blue."""
        grey = frame @ np.array([0.299, 0.587, 0.114], np.float32)
        flat, upright = (np.abs(slope) * self.strength for slope in np.gradient(grey))
        return np.stack([upright, np.minimum(upright, flat), flat], axis=-1)


def bars(height=360, width=640):
    """Return a picture to show while no webcam is there."""
    columns = np.arange(width) * len(BARS) // width
    return np.broadcast_to(BARS[columns], (height, width, 3))
