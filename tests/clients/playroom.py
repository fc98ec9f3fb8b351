"""A model with every kind of parameter, track and message."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reactor_actors.interface import (
    Audio,
    ClientInfo,
    CommandError,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
    session_started,
)

HEIGHT, WIDTH = 180, 320
MARKUP = "<img src=x onerror=\"document.title='owned'\">"


class Views(Output):
    main_video: Video
    other_video: Video
    main_audio: Audio


class Senses(Input):
    webcam: Video
    mic: Audio


class Dials(InputState):
    level: float = InputField(default=0.25, ge=0.0, le=1.0, description="How light the left is")
    steps: int = InputField(default=4, ge=1, le=12, description="In whole numbers")
    seed: int = InputField(default=7, description=f"Any number {MARKUP}")
    prompt: str = InputField(default="a quiet sea", max_length=80, description="What to dream of")
    palette: Literal["warm", "cold"] = "warm"
    mirrored: bool = InputField(default=False, description="Swap left and right")
    weights: list[float] = InputField(default=(0.5, 0.5), description="Two numbers")
    mask: UploadedFile


class Heard(ModelMessage):
    """Something was heard."""

    text: str


class Playroom(ReactorPipeline):
    """A room with a knob of every kind. The left half is as light as `level`, the right half shows
    the webcam in opposite colours."""

    state: Dials
    input: Senses
    output = (Views,)
    fps = 30

    def load(self, config: dict[str, Any]) -> None:
        self.moment = 0
        self.tint = np.zeros(3)
        self.loudness = 0.0
        tone = np.sin(2 * np.pi * 440 * np.arange(1600) / 48_000)
        self.tone = (8000 * tone).astype(np.int16)

    @session_started
    def begin(self) -> None:
        self.keys: tuple[str, ...] = ()
        self.turned = [0.0, 0.0]

    @event(name="shout", description="Say something to everybody")
    async def shout(self, text: str = "hello", times: int = 1) -> None:
        for _ in range(times):
            await self.send(Heard(text=text))

    @event(name="measure", description="Read a file")
    def measure(self, file: UploadedFile, unit: Literal["bytes", "bits"] = "bytes") -> Heard:
        return Heard(text=f"{file.name} {len(file.data) * (8 if unit == 'bits' else 1)} {unit}")

    @event(name="shock")
    def shock(self, volts: int = 5) -> None:
        if volts > 9:
            raise CommandError("too_much", f"{volts} V are too much {MARKUP}")

    @event(name="rest", description="Do nothing")
    def rest(self) -> Heard:
        return Heard(text="rested")

    @event(name="describe", description="Tell the values")
    async def describe(self, client: ClientInfo) -> Heard:
        state = self.state
        known = (state.steps, state.seed, state.prompt, state.palette, state.mirrored)
        mask = state.mask.size if state.mask else 0
        return Heard(text=repr((*known, list(state.weights), mask, round(self.loudness, 1))))

    def inference(self) -> Any:
        while True:
            self.moment += 1
            if frames := self.input.webcam.try_read():
                self.tint = 255 - frames[-1].reshape(-1, 3).mean(axis=0)
            if samples := self.input.mic.try_read():
                self.loudness = float(np.abs(samples[-1]).mean() > 500)
            yield Views(main_video=self.draw(), other_video=self.other(), main_audio=self.tone)

    def draw(self) -> NDArray[np.uint8]:
        picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        picture[:, : WIDTH // 2] = round(255 * self.state.level)
        picture[:, WIDTH // 2 :] = self.tint
        x = self.moment * 4 % WIDTH
        picture[:20, x : x + 20] = (240, 240, 240)
        return picture[:, ::-1] if self.state.mirrored else picture

    def other(self) -> NDArray[np.uint8]:
        return np.full((120, 120, 3), (40, 60, 120), np.uint8)
