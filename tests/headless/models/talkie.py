"""Two pictures and a tone."""

import numpy as np
from drawing import drawn

from reactor_actors.interface import Audio, Output, ReactorPipeline, Video


class Voice(Audio):
    sample_rate = 16_000


class Scene(Output):
    main_video: Video
    side_video: Video
    voice: Voice


class Talkie(ReactorPipeline):
    """Two pictures and a tone of 500 Hz."""

    fps = 20

    def inference(self):
        number = 0
        while True:
            at = np.arange(number * 800, (number + 1) * 800) / 16_000
            tone = (12_000 * np.sin(2 * np.pi * 500 * at)).astype(np.int16)
            yield Scene(main_video=drawn(40), side_video=drawn(200), voice=tone)
            number += 1
