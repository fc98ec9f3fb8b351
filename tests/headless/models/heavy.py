"""Models of both generations that say when they are loaded."""

from pathlib import Path

import numpy as np

from reactor_actors import VideoModel, command, model
from reactor_actors.interface import InputField, InputState, Output, ReactorPipeline, Video


class Picture(Output):
    main_video: Video


class Dials(InputState):
    level: int = InputField(default=0, ge=0, le=255)


class Heavy(ReactorPipeline):
    """Leaves a file where it is loaded."""

    state: Dials

    def load(self, config: dict) -> None:
        Path(config["loaded"]).touch()

    def inference(self):
        while True:
            yield Picture(main_video=np.zeros((32, 48, 3), np.uint8))


@model(name="weighty")
class Weighty(VideoModel):
    """Leaves a file where it is constructed."""

    def __init__(self, config) -> None:
        Path(config.loaded).touch()

    def start_session(self) -> None:
        """Show nothing."""

    @command("set_level")
    def set_level(self, level: int = InputField(default=0, ge=0, le=255)) -> None:
        """Do nothing."""
