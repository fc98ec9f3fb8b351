"""One model written three ways: as a generator, as a loop of one's own, and as generation 1.

Its pictures are numbered. The left half of each is its number, the right half what was set.
"""

from threading import Lock

import numpy as np
import pydantic

from reactor_actors import VideoModel, command, get_ctx, model
from reactor_actors.interface import (
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorModel,
    ReactorPipeline,
    UploadedFile,
    Video,
    event,
    session_started,
)

FPS = 200
LEVEL = 5
ROUND = 60
TIMES = InputField(default=1, ge=1, le=3)


def pictures(first, count, level):
    batch = np.empty((count, 8, 16, 3), np.uint8)
    for offset in range(count):
        batch[offset, :, :8] = 4 * ((first + offset) % ROUND)
        batch[offset, :, 8:] = 4 * level
    return batch


class Screen(Output):
    main_video: Video


class Described(ModelMessage):
    text: str
    level: int


class Announced(ModelMessage):
    text: str


class Kept(ModelMessage):
    name: str
    size: int
    head: str


class Dials(InputState):
    level: int = InputField(default=LEVEL, ge=0, le=63, description="The grey of the right half")


class Generated(ReactorPipeline):
    state: Dials
    fps = FPS

    def load(self, config):
        self.made, self.count = 0, 1

    @event(name="describe", description="Say what is shown")
    def describe(
        self, words: list[str] = ("grey",), times: int = InputField(default=1, ge=1, le=3)
    ):
        return Described(text=" ".join(words * times), level=self.state.level)

    @event(name="announce", description="Say something to everybody")
    async def announce(self, text: str):
        await self.send(Announced(text=text))

    @event(name="keep", description="Take a file")
    def keep(self, file: UploadedFile):
        return Kept(name=file.name, size=file.size, head=file.data[:4].decode())

    @event(name="batch", description="Make the next pictures in one go")
    def batch(self, count: int):
        self.count = count

    @event(name="stumble", description="Fail")
    def stumble(self):
        raise RuntimeError("a secret of the author's")

    def inference(self):
        number = 0
        while True:
            count, self.count = self.count, 1
            self.made = number = number + count
            yield Screen(main_video=pictures(number - count, count, self.state.level))


class Looped(ReactorModel):
    output = (Screen,)
    fps = FPS

    @session_started
    def begin(self):
        self.level, self.made, self.count = LEVEL, 0, 1

    @event(name="set_level", description="The grey of the right half")
    def set_level(
        self,
        level: int = InputField(
            default=LEVEL, ge=0, le=63, description="The grey of the right half"
        ),
    ):
        self.level = level

    @event(name="describe", description="Say what is shown")
    def describe(
        self, words: list[str] = ("grey",), times: int = InputField(default=1, ge=1, le=3)
    ):
        return Described(text=" ".join(words * times), level=self.level)

    @event(name="announce", description="Say something to everybody")
    async def announce(self, text: str):
        await self.send(Announced(text=text))

    @event(name="keep", description="Take a file")
    def keep(self, file: UploadedFile):
        return Kept(name=file.name, size=file.size, head=file.data[:4].decode())

    @event(name="batch", description="Make the next pictures in one go")
    def batch(self, count: int):
        self.count = count

    @event(name="stumble", description="Fail")
    def stumble(self):
        raise RuntimeError("a secret of the author's")

    async def run(self):
        while True:
            await self.connected.wait()
            while self.connected.is_set():
                count, self.count = self.count, 1
                first, self.made = self.made, self.made + count
                await self.emit(Screen(main_video=pictures(first, count, self.level)))


@model(name="three-ways")
class Classic(VideoModel):
    emission_fps = FPS

    def __init__(self, config):
        self.lock = Lock()  # commands run beside start_session
        self.level, self.made, self.count = LEVEL, 0, 1

    @command("set_level", "The grey of the right half")
    def set_level(
        self,
        level: int = pydantic.Field(LEVEL, ge=0, le=63, description="The grey of the right half"),
    ):
        self.level = level

    @command("describe", "Say what is shown")
    def describe(self, words: list[str] = ("grey",), times: int = pydantic.Field(1, ge=1, le=3)):
        return {"type": "described", "data": {"text": " ".join(words * times), "level": self.level}}

    @command("announce", "Say something to everybody")
    def announce(self, text: str):
        get_ctx().send({"type": "announced", "data": {"text": text}})

    @command("keep", "Take a file")
    def keep(self, file: UploadedFile):
        head = file.data[:4].decode()
        return {"type": "kept", "data": {"name": file.name, "size": file.size, "head": head}}

    @command("batch", "Make the next pictures in one go")
    def batch(self, count: int):
        with self.lock:
            self.count = count

    @command("stumble", "Fail")
    def stumble(self):
        raise RuntimeError("a secret of the author's")

    def start_session(self):
        ctx = get_ctx()
        try:
            while not ctx.should_stop():
                with self.lock:
                    count, self.count = self.count, 1
                first, self.made = self.made, self.made + count
                ctx.get_track().emit(pictures(first, count, self.level))
        finally:
            self.level, self.made, self.count = LEVEL, 0, 1
