"""Models that are strange and legal: late annotations, odd bases, threads of their own."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from reactor_actors.interface import (
    ClientInfo,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorModel,
    ReactorPipeline,
    Video,
    event,
)

if TYPE_CHECKING:
    from somewhere_else import Pipe


@dataclass
class Canvas(Output):
    main_video: Video
    caption: str = "ordinary data"


@dataclass
class Knobs(InputState):
    level: int = InputField(default=3, ge=0, le=60)
    _memory: list[int] = field(default_factory=list)


@dataclass
class Told(ModelMessage):
    what: str = ""


class Named:
    """A mixin with a constructor of its own and no word about its parents."""

    def __init__(self):
        self.nick = "strange"

    @event(name="nick")
    async def tell_nick(self, client: ClientInfo) -> Told:
        return Told(f"{self.nick} {client.id}")


class Slotted:
    __slots__ = ("pipe",)


class Strange(Named, ReactorPipeline, Slotted):
    state: Knobs
    pipe: Pipe

    fps = 300

    @property
    def device(self):
        raise RuntimeError("asked for before it is there")

    async def load(self, config: dict) -> None:
        await asyncio.sleep(0)
        self.pipe = "loaded"
        self.inference = self.paint

    async def paint(self):
        while True:
            await asyncio.sleep(0)
            self.state._memory.append(self.state.level)
            yield Canvas(main_video=picture(self.state.level))


class Threaded(ReactorModel):
    """Works in a thread of its own, and hands over what it makes."""

    fps = 0.001

    async def run(self):
        self.loop = asyncio.get_running_loop()
        self.failed = []
        thread = threading.Thread(target=self.work, daemon=True)
        thread.start()
        await asyncio.Event().wait()

    def work(self):
        for number in (1, 2):
            emit = self.emit(Canvas(main_video=picture(number)))
            asyncio.run_coroutine_threadsafe(emit, self.loop).result()
        try:
            asyncio.run(self.emit(Canvas(main_video=picture(3))))
        except RuntimeError as error:
            self.failed.append(str(error))
        self.output_buffer.flush()
        self.output.set_fps(400)
        self.output.fps = 500
        for number in (4, 5):
            emit = self.emit(Canvas(main_video=picture(number)))
            asyncio.run_coroutine_threadsafe(emit, self.loop).result()


def picture(number: int) -> np.ndarray:
    return np.full((4, 6, 3), 4 * number, np.uint8)
