"""A pipeline that numbers its pictures."""

import numpy as np
from drawing import drawn

from reactor_actors.interface import (
    CommandError,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    Video,
    connected,
    disconnected,
    event,
    session_ended,
)


class Picture(Output):
    main_video: Video


class Dials(InputState):
    level: int = InputField(default=0, ge=0, le=255)


class Echoed(ModelMessage):
    text: str


class Counting(ReactorPipeline):
    """Numbers its pictures by tens; answers, greets and refuses."""

    state: Dials
    fps = 30
    messages = (Echoed,)

    def load(self, config: dict) -> None:
        self.batch = config.get("batch", 1)
        self.fails_at = config.get("fails_at", 1_000_000)
        self.diary = config.get("diary")

    @connected
    async def greet(self) -> None:
        await self.send(Echoed(text="hello"))

    @disconnected
    def miss(self) -> None:
        self.note("alone")

    @session_ended
    def rest(self) -> None:
        self.note("over")

    def note(self, what: str) -> None:
        if self.diary:
            with open(self.diary, "a") as diary:
                diary.write(f"{what} ")

    @event(name="echo")
    def echo(self, text: str) -> Echoed:
        return Echoed(text=text)

    @event(name="refuse")
    def refuse(self) -> None:
        raise CommandError("not_today", "come back tomorrow")

    @event(name="slow_down")
    def slow_down(self) -> None:
        self.output.set_fps(10)

    def inference(self):
        number = 0
        while True:
            pictures = []
            for _ in range(self.batch):
                if number == self.fails_at:
                    raise ValueError("the paint is out")
                pictures.append(drawn(number * 10 % 250, self.state.level))
                number += 1
            yield Picture(main_video=np.stack(pictures))
