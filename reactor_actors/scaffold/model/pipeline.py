"""A pond that viewers let drops fall into. It owns its loop. Change it into your own model."""

import numpy as np

from reactor_actors.interface import (
    InputField,
    ModelMessage,
    Output,
    ReactorModel,
    Video,
    connected,
    disconnected,
    event,
    session_started,
)

DEEP = np.array([6, 38, 84], np.float32)
SHALLOW = np.array([52, 168, 196], np.float32)
STEPS = 4


class MyOutput(Output):
    """What the model shows."""

    main_video: Video


class Viewers(ModelMessage):
    """Told to everybody when somebody comes or goes."""

    count: int


class Dropped(ModelMessage):
    """The answer to a drop."""

    drops: int


class MyModel(ReactorModel):
    """Waves on a pond, with a loop of its own."""

    fps = 30

    def load(self, config):
        """Read the config, once, before anybody watches. Weights are loaded here."""
        self.width, self.height = config.get("width", 480), config.get("height", 270)
        self.rain = config.get("rain", 45)
        self.across = np.linspace(0.0, 1.0, self.width, dtype=np.float32)
        self.down = np.linspace(0.0, 1.0, self.height, dtype=np.float32)[:, None]
        self.viewers = 0
        self.begin()

    async def run(self):
        """Show the pond for as long as somebody watches, one picture after the other."""
        chance = np.random.default_rng(3)
        pictures = 0
        while True:
            await self.connected.wait()
            if self.rain and pictures % self.rain == 0:
                self.splash(*chance.random(2))
            self.advance()
            # Waits until the picture is due: handlers and hooks run meanwhile.
            await self.emit(MyOutput(main_video=self.picture()))
            pictures += 1

    @session_started
    def begin(self):
        """Begin every session with still water."""
        self.water = np.zeros((self.height, self.width), np.float32)
        self.before = self.water
        self.drops = 0

    @connected
    async def welcome(self):
        """Tell everybody that there is one more."""
        self.viewers += 1
        await self.send(Viewers(count=self.viewers))

    @disconnected
    async def goodbye(self):
        """Tell those who are left."""
        self.viewers -= 1
        await self.send(Viewers(count=self.viewers))

    @event(name="drop", description="Let a drop fall into the pond.")
    def drop(
        self,
        x: float = InputField(default=0.5, ge=0.0, le=1.0, description="From left to right."),
        y: float = InputField(default=0.5, ge=0.0, le=1.0, description="From top to bottom."),
    ) -> Dropped:
        """Let a drop fall; the caller learns how many have."""
        self.splash(x, y)
        self.drops += 1
        return Dropped(drops=self.drops)

    def splash(self, x, y):
        """Press the water down around a place."""
        wide = self.width / self.height
        distance = ((self.across - x) * wide) ** 2 + (self.down - y) ** 2
        self.water = self.water - 12 * np.exp(-distance * 900)

    def advance(self):
        """Let the waves travel."""
        for _ in range(STEPS):
            beside = np.roll(self.water, 1, 0) + np.roll(self.water, -1, 0)
            beside += np.roll(self.water, 1, 1) + np.roll(self.water, -1, 1)
            self.before, self.water = self.water, (beside / 2 - self.before) * 0.994

    def picture(self):
        """Make one picture of the water: (height, width, 3), RGB, 8 bits."""
        slope = np.roll(self.water, 1, 0) - self.water + np.roll(self.water, 1, 1) - self.water
        light = (0.35 + 0.3 * (1 - self.down) + 0.25 * slope).clip(0, 1)[..., None]
        shine = 190 * (slope - 0.6).clip(0, 1)[..., None] ** 2
        return (DEEP + (SHALLOW - DEEP) * light + shine).clip(0, 255).astype(np.uint8)
