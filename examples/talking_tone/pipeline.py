"""Talk to it, and a robot, a choir or a whisper says it with you: sound in, and out again."""

from collections.abc import Iterator
from copy import copy
from typing import Any

import numpy as np
from ear import BLOCK, Ear, ramp
from scope import Scope
from vocoder import CARRIERS, Vocoder

from reactor_actors.interface import (
    Audio,
    Input,
    InputField,
    InputState,
    Output,
    ReactorPipeline,
    Video,
    disconnected,
)

ECHO_BLOCKS = 9  # 0.3 s


class Microphone(Input):
    mic: Audio


class Show(Output):
    main_video: Video
    main_audio: Audio


class Dials(InputState):
    voice: str = InputField(default="robot", choices=list(CARRIERS), description="Who speaks")
    mix: float = InputField(default=1.0, ge=0.0, le=1.0, description="0: your own voice")
    pitch: int = InputField(default=0, ge=-12, le=12, description="Semitones up or down")
    echo: float = InputField(default=0.25, ge=0.0, le=0.8, description="How long it lingers")


class TalkingTone(ReactorPipeline):
    """Lends your voice to a robot, a choir or a whisper."""

    state: Dials
    input: Microphone
    fps = 30  # a picture, and BLOCK samples of sound, every 33 ms

    def load(self, config: dict[str, Any]) -> None:
        self.hum = float(config.get("hum", 0.35))
        self.scope = Scope(config.get("width", 640), config.get("height", 360))
        self.begin()

    def begin(self) -> None:
        """Forget everything that was said."""
        self.ear = Ear(self.hum)
        self.vocoder = Vocoder()
        self.before = Dials()
        self.echoes = np.zeros((ECHO_BLOCKS, 2, BLOCK), np.float32)

    @disconnected
    def rest(self) -> None:
        if not self.connected.is_set():  # who comes next must not hear the end of this
            self.begin()

    def inference(self) -> Iterator[Show]:
        turn = 0
        while True:
            waiting = self.input.mic.available
            frames = self.input.mic.try_read(waiting) if waiting else []
            sound = self.speak(self.ear.block(frames), self.echoes[turn % ECHO_BLOCKS])
            turn += 1
            yield Show(
                main_video=self.scope.draw(sound.mean(axis=0), self.state.voice),
                main_audio=np.int16(32767 * np.tanh(sound)),  # a cut would crackle, a bend does not
            )

    def speak(self, heard: np.ndarray, echo: np.ndarray) -> np.ndarray:
        """Turn a block of one voice into a block of stereo; `echo` is what was said 0.3 s ago."""
        before, now = self.before, self.state
        self.before = copy(now)
        dry, wet = self.vocoder.block(heard, now.voice, now.pitch)
        # A slider moves within a block, never between two: a step would be heard as a click.
        said = dry + ramp(before.mix, now.mix) * (wet - dry)
        sound = said + echo
        # It comes back from the left, then from the right, then from the left.
        echo[:] = ramp(before.echo, now.echo) * np.stack([said + echo[1], echo[0]])
        return sound
