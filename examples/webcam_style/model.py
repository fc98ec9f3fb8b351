"""A webcam, drawn again by hand, in a style that its viewers choose while it runs."""

import time
from typing import Any

import cv2
import numpy as np
from card import invite, scene
from numpy.typing import NDArray
from styles import STYLES

from reactor_actors.interface import (
    BufferClosed,
    ClientInfo,
    Input,
    InputField,
    ModelMessage,
    Output,
    ReactorModel,
    Video,
    connected,
    disconnected,
    event,
    session_started,
)

Picture = NDArray[np.uint8]


class Camera(Input):
    webcam: Video


class Canvas(Output):
    main_video: Video


class Look(ModelMessage):
    """How the picture looks: sent to who joins, and to everybody after each change."""

    style: str
    strength: float
    mirror: bool


class WebcamStyle(ReactorModel):
    """Redraws a webcam in a style that its viewers choose."""

    input: Camera
    output = (Canvas,)
    messages = (Look,)
    fps = 30

    def load(self, config: dict[str, Any]) -> None:
        self.size = max(64, config.get("size", 640))
        self.shape = self.size * 3 // 4, self.size
        self.patience = config.get("patience", 1.0)
        for style in STYLES.values():  # what styles keep is made before the first viewer comes
            style(scene(0.0, *self.shape))

    @session_started
    def begin(self) -> None:
        self.style, self.strength, self.mirror = "pencil", 1.0, True

    @connected
    async def welcome(self, client: ClientInfo) -> None:
        if self.input.webcam.closed:  # the first one to come back
            self.input.webcam.reset()
        await client.send(self.look())

    @disconnected
    async def goodbye(self) -> None:
        if not self.connected.is_set():  # the last one has gone
            self.input.webcam.close()
            self.output.flush()  # the next to come are not shown this one's room

    @event(name="set_style", description="Choose how it is drawn")
    async def set_style(self, style: str = InputField(default="pencil", choices=list(STYLES))):
        self.style = style
        await self.send(self.look())

    @event(name="set_strength", description="From the camera's own picture to nothing but style")
    async def set_strength(self, strength: float = InputField(default=1.0, ge=0.0, le=1.0)):
        self.strength = strength
        await self.send(self.look())

    @event(name="set_mirror", description="Show it as a mirror does")
    async def set_mirror(self, mirror: bool = True):
        self.mirror = mirror
        await self.send(self.look())

    async def run(self) -> None:
        while True:
            await self.connected.wait()
            try:
                await self.repaint()
            except BufferClosed:
                continue  # nobody is left

    async def repaint(self) -> None:
        """Draw every frame as it comes, and a card while none has come for a while."""
        newest = 0.0
        while True:
            try:
                [frame] = await self.input.webcam.read(timeout=1 / self.fps)
            except TimeoutError:
                if time.monotonic() - newest < self.patience:
                    continue
                moment = time.monotonic()
                picture = invite(self.draw(scene(moment, *self.shape)), moment)
            else:
                newest = time.monotonic()
                picture = self.draw(self.fitted(frame.data))
            await self.emit(Canvas(main_video=picture))

    def fitted(self, frame: Picture) -> Picture:
        """Return a frame as large as the styles are made for, and turned if so wished."""
        height, width = frame.shape[:2]
        scale = self.size / max(height, width)
        size = [max(32, round(length * scale) & ~1) for length in (width, height)]
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        frame = cv2.resize(frame, size, interpolation=way)
        return cv2.flip(frame, 1) if self.mirror else frame

    def draw(self, picture: Picture) -> Picture:
        """Draw a picture in the style of the moment, as strongly as wished."""
        if self.strength == 0.0:
            return picture
        drawn = STYLES[self.style](picture)
        return cv2.addWeighted(drawn, self.strength, picture, 1 - self.strength, 0)

    def look(self) -> Look:
        return Look(style=self.style, strength=self.strength, mirror=self.mirror)
