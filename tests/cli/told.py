"""A model's declaration, as displays are told of it."""

from __future__ import annotations

from reactor_actors.core.contract import Command, Contract
from reactor_actors.core.media import Direction, Kind, Track

BRIGHTNESS = Contract(
    name="brightness",
    tracks=(
        Track("webcam", Kind.VIDEO, Direction.IN),
        Track("main_video", Kind.VIDEO, Direction.OUT),
    ),
    commands=(Command("set_brightness", "", {}), Command("reset", "", {})),
)
