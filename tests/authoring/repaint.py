"""Video in, video out: every camera picture comes back in the style the viewers have chosen."""

from dataclasses import dataclass

import numpy as np

from reactor_actors.interface import (
    BufferClosed,
    Input,
    InputField,
    Output,
    ReactorModel,
    Video,
    connected,
    disconnected,
    event,
)


@dataclass
class Sight(Input):
    camera: Video


@dataclass
class Repainted(Output):
    main_video: Video


class Repainter(ReactorModel):
    eyes: Sight
    fps = 200

    def load(self, config):
        self.style = "plain"
        self.pauses = 0
        self.styles = {"plain": np.array, "negative": np.invert}

    @connected
    async def open_eyes(self, client):
        if not self.eyes.camera.closed:
            return  # somebody was there already
        self.eyes.camera.reset()
        self.style = "plain"

    @disconnected
    async def close_eyes(self):
        if not self.connected.is_set():
            self.eyes.camera.close()
            self.output.flush()

    @event(name="set_style", description="Choose the look")
    def set_style(self, style: str = InputField(default="plain", choices=["plain", "negative"])):
        self.style = style

    async def run(self):
        while True:
            await self.connected.wait()
            try:
                while self.connected.is_set():
                    [frame] = await self.eyes.camera.read()
                    repaint = self.styles[self.style]
                    await self.emit(Repainted(main_video=repaint(frame.data)))
            except BufferClosed:
                self.pauses += 1
