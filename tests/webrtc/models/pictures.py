"""Models with one track of pictures."""

from __future__ import annotations

from typing import Any

from reactor_actors.interface import (
    CommandError,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorModel,
    ReactorPipeline,
    Video,
    connected,
    disconnected,
    event,
    session_started,
)
from tests.webrtc.sources import grey


class Picture(Output):
    main_video: Video


class Grey(InputState):
    level: int = InputField(default=100, ge=0, le=255)


class Told(ModelMessage):
    text: str


class Plain(ReactorPipeline):
    """Shows one grey."""

    state: Grey
    fps = 30

    def load(self, config: Any) -> None:
        self.joined: list[str] = []
        self.left: list[str] = []

    def inference(self) -> Any:
        while True:
            yield Picture(main_video=grey(self.state.level))

    @connected
    async def joins(self, client: Any) -> None:
        self.joined.append(client.id)

    @disconnected
    async def leaves(self, client: Any) -> None:
        self.left.append(client.id)

    @event(name="shout")
    async def shout(self, text: str) -> Told:
        await self.send(Told(text=text.upper()))
        return Told(text=text)

    @event(name="whisper")
    async def whisper(self, text: str) -> Told:
        return Told(text=text)

    @event(name="quiet")
    async def quiet(self) -> None: ...

    @event(name="fail")
    async def fail(self) -> None:
        raise CommandError("no_luck", "not today")

    @event(name="grow")
    async def grow(self, size: int) -> Told:
        return Told(text="x" * size)


class Still(ReactorModel):
    """Shows what it is told to, once, and nothing by itself."""

    fps = 30

    @event(name="paint")
    async def paint(self, level: int, height: int = 120, width: int = 160) -> None:
        await self.emit(Picture(main_video=grey(level, height, width)))

    @event(name="flush")
    async def flush(self) -> None:
        self.output_buffer.flush()

    @event(name="say")
    async def say(self, text: str) -> None:
        await self.send(Told(text=text))


class Eager(ReactorModel):
    """Shows a picture before anybody is there."""

    @session_started
    async def begin(self) -> None:
        await self.emit(Picture(main_video=grey(180)))


class Greeter(ReactorModel):
    """Welcomes everybody with three messages."""

    @connected
    async def welcome(self, client: Any) -> None:
        for text in ("one", "two", "three"):
            await client.send(Told(text=text))
