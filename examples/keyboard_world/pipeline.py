"""An island to walk on, with W A S D and the mouse: orbs to find, and the sound of it all."""

import math
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from island import make_island
from overlay import Overlay
from sky import Light, Sun
from sound import Ears
from view import View
from walker import Walker

from reactor_actors.interface import (
    Audio,
    ClientInfo,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorPipeline,
    Video,
    disconnected,
    event,
    session_started,
)

FPS = 30
PIXEL = math.radians(0.15)  # how far one pixel of the mouse turns the head


class Senses(Output):
    main_video: Video
    main_audio: Audio


class World(InputState):
    time_of_day: float = InputField(default=17.6, ge=0.0, le=24.0, description="Hour, 0 to 24")
    fog: float = InputField(default=0.15, ge=0.0, le=1.0, description="From clear to thick")
    ambience: float = InputField(default=0.6, ge=0.0, le=1.0, description="Wind and surf")
    minimap: bool = InputField(default=True, description="Show the map")


class Found(ModelMessage):
    """An orb has been found."""

    count: int
    total: int


class Whereabouts(ModelMessage):
    """Where the walker is: metres to the east and to the south of the start, and degrees."""

    east: float
    south: float
    height: float
    heading: float
    pitch: float
    found: int


class KeyboardWorld(ReactorPipeline):
    """Walks on an island, led by keys and mouse."""

    state: World
    output = (Senses,)
    messages = (Found, Whereabouts)
    fps = FPS

    def load(self, config: dict[str, Any]) -> None:
        self.island = make_island(config.get("cells", 1024), config.get("seed", 4))
        self.view = View(self.island, config.get("width", 640), config.get("height", 360))
        self.overlay = Overlay(self.island, self.view)
        self.sun = Sun(self.island)
        self.ears = Ears(FPS)
        self.light = self.sun.light(17.6)
        self.aside = ThreadPoolExecutor(1, "light")
        self.coming: Future[Light] | None = None

    @session_started
    def begin(self) -> None:
        self.walker = Walker(self.island)
        self.keys: dict[str, frozenset[str]] = {}

    @disconnected
    def release(self, client: ClientInfo) -> None:
        self.keys.pop(client.id, None)  # who has gone holds no key down any more

    # Says all that is held, so of those that wait only the newest matters.
    @event(name="keys", description="Hold these keys down, and no others", dedupe=True)
    def hold(
        self,
        client: ClientInfo,
        w: bool = False,
        a: bool = False,
        s: bool = False,
        d: bool = False,
        shift: bool = False,
    ) -> None:
        held = {"w": w, "a": a, "s": s, "d": d, "shift": shift}
        self.keys[client.id] = frozenset(key for key, down in held.items() if down)

    # Says how far since the last one, so none may be left out: no `dedupe`.
    @event(name="look", description="Turn the head, by pixels of the mouse")
    def look(
        self,
        dx: float = InputField(default=0.0, ge=-4000, le=4000),
        dy: float = InputField(default=0.0, ge=-4000, le=4000),
    ) -> None:
        self.walker.turn(dx * PIXEL, -dy * PIXEL)

    @event(name="reset", description="Go back to the start, and hide all orbs again")
    def reset(self) -> Whereabouts:
        self.walker = Walker(self.island)
        return self.where()

    @event(name="where", description="Ask where the walker is")
    def where(self) -> Whereabouts:
        walker, (x, y) = self.walker, self.island.start
        return Whereabouts(
            east=walker.x - x,
            south=walker.y - y,
            height=walker.ground,
            heading=math.degrees(walker.heading) % 360,
            pitch=math.degrees(walker.pitch),
            found=len(self.island.orbs) - len(walker.orbs),
        )

    async def inference(self) -> Any:
        moment = 0.0
        while True:
            walker = self.walker
            walker.walk(frozenset().union(*self.keys.values()), 1 / FPS)
            if walker.stepped:
                self.ears.step(walker.underfoot, walker.foot)
            if walker.reached:
                self.ears.play(self.ears.bell)
                total = len(self.island.orbs)
                await self.send(Found(count=total - len(walker.orbs), total=total))
            yield Senses(main_video=self.picture(moment), main_audio=self.sound())
            moment += 1 / FPS

    def picture(self, moment: float) -> Any:
        """Draw what the walker sees."""
        walker, light, eye = self.walker, self.daylight(), self.walker.eye()
        picture, ahead = self.view.draw(eye, light, self.state.fog, moment)
        for orb in walker.orbs:
            self.overlay.orb(picture, ahead, eye, orb, moment)
        if self.state.minimap:
            self.overlay.chart(picture, light, eye, walker.orbs)
        total = len(self.island.orbs)
        found = total - len(walker.orbs)
        told = f"{found} of {total}" if walker.orbs else f"all {total} found"
        self.overlay.line(picture, told)
        return picture

    def sound(self) -> Any:
        """Mix what the walker hears: more wind on the hills, more surf by the sea."""
        x, y, loud = self.walker.x, self.walker.y, self.state.ambience
        wind = 0.2 + 0.5 * min(max(self.walker.ground / 40, 0), 1)
        surf = 0.6 * math.exp(-self.island.shore(x, y) / 25)
        return self.ears.hear(loud * wind, loud * surf)

    def daylight(self) -> Light:
        """Return the light. Another hour's is made in a thread, so that walking goes on."""
        if self.coming is not None and self.coming.done():
            self.light, self.coming = self.coming.result(), None
        hour = self.state.time_of_day
        if self.coming is None and self.light.hour != hour:
            self.coming = self.aside.submit(self.sun.light, hour)
        return self.light
