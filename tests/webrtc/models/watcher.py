"""A model that keeps what it is shown."""

from __future__ import annotations

from reactor_actors.interface import Audio, Input, ReactorModel, Video


class Camera(Input):
    webcam: Video
    mic: Audio


class Watcher(ReactorModel):
    """Keeps what it is shown."""

    input: Camera
    fps = 30
