"""A model with a parameter of every type that clients can send."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from reactor_actors.interface import (
    InputField,
    InputState,
    Output,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
)


class Mood(Enum):
    WARM = "warm"
    COLD = "cold"


@dataclass
class Point:
    x: float = 0.0
    y: float = 0.0


class View(Output):
    main_video: Video


class All(InputState):
    bounded: float = InputField(default=1.0, ge=0, le=2)
    whole: int = InputField(default=3, ge=1, le=9)
    tiny: float = InputField(default=0.0, ge=0, le=0.001)
    free: float = 2.5
    from_zero: float = InputField(default=1.0, ge=0)
    member: Mood = Mood.WARM
    literal: Literal["x", 2] = "x"
    flag: bool = False
    text: str = InputField(default="hello", max_length=20, description="Some words")
    maybe_text: str | None = None
    maybe_bounded: float | None = InputField(default=None, ge=0, le=1)
    maybe_member: Mood | None = None
    file: UploadedFile
    items: list[float] = (1.0, 2.0)  # type: ignore[assignment]
    point: Point = None  # type: ignore[assignment]
    anything: Any = None


class Panel(ReactorPipeline):
    """Shows nothing: its parameters are what counts."""

    state: All

    def load(self, config: dict[str, Any]) -> None:
        pass

    @event(name="send")
    def send_it(self, needed: str, needed_file: UploadedFile) -> None:
        pass

    def inference(self) -> Any:
        yield None
