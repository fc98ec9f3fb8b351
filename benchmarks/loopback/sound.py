"""A model without pictures, which plays the tone."""

from __future__ import annotations

from typing import Any

from benchmarks.loopback.tone import PER_SECOND, tone
from reactor_actors.interface import Audio, Output, ReactorPipeline


class Sound(Output):
    main_audio: Audio


class Hum(ReactorPipeline):
    """Sounds, and shows nothing."""

    fps = PER_SECOND

    def load(self, config: dict[str, Any]) -> None:
        self.samples = tone()

    def inference(self) -> Any:
        while True:
            yield Sound(main_audio=self.samples)
