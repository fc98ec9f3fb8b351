"""A run loop of its own: bursts of pictures, played at the rate at which they are made."""

import asyncio

import numpy as np

from reactor_actors.interface import Output, ReactorModel, Video, connected, event


class Burst(Output):
    main_video: Video


class Bursts(ReactorModel):
    buffer_size = 20

    def load(self, config):
        self.seconds = config["seconds"]
        self.made = 0

    @connected
    def begin_anew(self):
        self.made = 0

    @event(name="set_seconds", description="How long a burst takes to make")
    def set_seconds(self, seconds: float):
        self.seconds = seconds

    async def run(self):
        while True:
            await self.connected.wait()
            while self.connected.is_set():
                seconds = self.seconds  # a handler may change it at the next await
                burst = self.burst(self.made)
                self.made += 10
                await self.emit(Burst(main_video=burst), compute_time=seconds)
                await asyncio.sleep(0)

    def burst(self, first):
        numbers = [number % 60 for number in range(first, first + 10)]
        return np.stack([np.full((4, 6, 3), 4 * number, np.uint8) for number in numbers])
