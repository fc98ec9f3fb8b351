"""Sound and nothing else."""

import numpy as np

from reactor_actors.interface import Audio, Output, ReactorModel


class Voice(Audio):
    sample_rate = 16_000


class Heard(Output):
    voice: Voice


class Radio(ReactorModel):
    """Sound alone."""

    fps = 20

    async def run(self) -> None:
        await self.connected.wait()
        at = np.arange(800) / 16_000
        while True:
            tone = (12_000 * np.sin(2 * np.pi * 500 * at)).astype(np.int16)
            await self.emit(Heard(voice=tone))
