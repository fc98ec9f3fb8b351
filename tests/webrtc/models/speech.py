"""A model that speaks when told to."""

from __future__ import annotations

import numpy as np

from reactor_actors.interface import Audio, Output, ReactorModel, event


class Speech(Output):
    voice: Audio


class Stutter(ReactorModel):
    """Speaks when told to, a second at a time."""

    @event(name="speak")
    async def speak(self) -> None:
        tone = 10_000 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
        for piece in np.split(tone.astype(np.int16), 30):
            await self.emit(Speech(voice=piece))
