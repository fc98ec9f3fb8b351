"""Models that wait for a webcam."""

import numpy as np
from drawing import drawn

from reactor_actors.interface import Audio, Input, Output, ReactorModel, Video


class Picture(Output):
    main_video: Video


class Senses(Input):
    webcam: Video
    mic: Audio


class Mirror(ReactorModel):
    """One picture for each of the webcam's, as bright; nothing without one. Waits for each."""

    input: Senses
    fps = 30
    apart = 1

    async def run(self) -> None:
        await self.connected.wait()
        while True:
            frames = await self.input.webcam.read(self.apart)
            heard = self.input.mic.try_read()
            loud = int(np.abs(heard[0]).max()) // 100 if heard else 0
            await self.emit(Picture(main_video=drawn(int(frames[-1].mean()), loud)))


class Sparse(Mirror):
    """One picture for two of the webcam's."""

    apart = 2
