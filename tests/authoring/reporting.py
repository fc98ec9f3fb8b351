"""A loop that tells its viewers how far it is, and answers the one who asks."""

from dataclasses import dataclass

import numpy as np

from reactor_actors.interface import (
    CommandError,
    MessageField,
    ModelMessage,
    Output,
    ReactorModel,
    Video,
    connected,
    event,
)


class Frame(Output):
    main_video: Video


@dataclass
class Progress(ModelMessage):
    """How far the piece is."""

    step: int
    total: int = MessageField(default=5, description="Steps of a piece")


class PieceDone(ModelMessage):
    steps: int


class Welcome(ModelMessage):
    name = "hello"
    you: str


class Reporter(ReactorModel):
    fps = 300

    def load(self, config):
        self.step = 0

    @connected
    async def welcome(self, client):
        await client.send(Welcome(client.id))

    @event(name="progress")
    def progress(self) -> Progress:
        """Ask how far it is."""
        return Progress(self.step)

    @event(name="rewind")
    def rewind(self, to: int):
        if to > self.step:
            raise CommandError("not_there_yet", f"step {to} is still to come")
        self.step = to

    async def run(self):
        while True:
            await self.connected.wait()
            while self.connected.is_set():
                await self.emit(Frame(main_video=np.zeros((4, 6, 3), np.uint8)))
                self.step = self.step % 5 + 1
                await self.send(Progress(step=self.step))
                if self.step == 5:
                    await self.send(PieceDone(5))
