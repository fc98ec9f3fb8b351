"""Who watches during a soak: residents, who are there all the time, and guests."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from benchmarks.soak.schedule import Event, Kind
from benchmarks.soak.viewer import AGAIN_SECONDS, COME_SECONDS, GONE, AnswerError, Viewer
from benchmarks.soak.watch import Watch
from benchmarks.soak.weather import RAIN, Weather

COMMAND_SECONDS = 0.5
SHOWN_SECONDS = 3.0
SHOWN_IN_RAIN = 6.0
LOOK_EVERY = 10
GUEST_SECONDS = 60.0
UPLOAD = 300_000


@dataclass
class Findings:
    """What went wrong, and how often what happened. `began` is when the soak did."""

    began: float = field(default_factory=time.monotonic)
    wrong: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    def tell(self, what: str) -> None:
        """Something went wrong."""
        minutes = (time.monotonic() - self.began) / 60
        self.wrong.append(f"minute {minutes:.2f}: {what}")
        print(f"# {self.wrong[-1]}", flush=True)


class Resident:
    """One who watches all the time, comes back whenever thrown out, and gives commands."""

    def __init__(
        self, name: str, url: str, findings: Findings, limit: float, weather: Weather | None = None
    ) -> None:
        self.name = name
        self.watch = Watch(limit)
        self.viewer: Viewer | None = None
        self.process = 0
        self.free: list[int] = []
        self.connected: list[float] = []
        self._url = url
        self._findings = findings
        self._weather = weather
        self._shown = SHOWN_SECONDS if weather is None else SHOWN_IN_RAIN

    async def live(self) -> None:
        """Watch until cancelled."""
        self.watch.begin(time.monotonic(), COME_SECONDS)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._look_out())
                while True:
                    await self._visit()
        finally:
            self.watch.rest()

    async def _look_out(self) -> None:
        while True:
            self._found(self.watch.overdue(time.monotonic()))
            await asyncio.sleep(0.25)

    async def _visit(self) -> None:
        """Come, and stay until the session ends."""
        viewer = self.viewer = Viewer(
            self._url, self._saw, weather=self._weather, seed=1, decoding=True
        )
        began = time.monotonic()
        try:
            await viewer.come()
            self.connected.append(time.monotonic() - began)
            await self._steer(viewer)
        except GONE:
            await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self.viewer = None
            await viewer.close()

    async def _steer(self, viewer: Viewer) -> None:
        """Give commands at a steady rate, some of them invalid, until the session is over."""
        number = 0
        while not viewer.over.is_set():
            number += 1
            try:
                await self._say(viewer, number)
            except AnswerError as error:
                if error.code not in ("session_ended", "model_restarting"):
                    self._findings.tell(f"{self.name}: a command was refused: {error.code}")
            except TimeoutError:
                self._unless_excused("a command had no answer, or changed no picture")
            await asyncio.sleep(COMMAND_SECONDS)

    async def _say(self, viewer: Viewer, number: int) -> None:
        if number % LOOK_EVERY == 1:
            told = await viewer.ask("look")
            self.process, free = int(told["process"]), int(told["free"])
            self.free.append(free)
        elif number % LOOK_EVERY == 5:
            await self._say_nonsense(viewer)
        elif number % LOOK_EVERY == 8:
            await viewer.ask("say")
        else:
            lit = number % 2 == 0
            await viewer.ask("set_lit", lit=lit)
            if self._weather is None:  # the other resident's lamp is the same
                await viewer.shows(lit, self._shown)
        self._findings.happened["commands"] += 1

    async def _say_nonsense(self, viewer: Viewer) -> None:
        try:
            await viewer.ask("set_lit", lit="perhaps")
        except AnswerError as error:
            if error.code != "invalid_command":
                raise
        else:
            self._findings.tell(f"{self.name}: nonsense was taken for a command")

    def _saw(self, now: float, number: int) -> None:
        self._found(self.watch.picture(now, number))

    def _found(self, finding: str | None) -> None:
        if finding is not None:
            self._findings.tell(f"{self.name}: {finding}")

    def _unless_excused(self, what: str) -> None:
        if not self.watch.excused(time.monotonic()):
            self._findings.tell(f"{self.name}: {what}")


class Guests:
    """Those who come and go. `excused` tells whether something hinders them just now."""

    def __init__(
        self, url: str, findings: Findings, seed: int, most: int, excused: Callable[[], bool]
    ) -> None:
        self._url = url
        self._findings = findings
        self._chance = random.Random(seed)
        self._room = asyncio.Semaphore(most)
        self._excused = excused
        self._tasks: set[asyncio.Task[None]] = set()

    def come(self, event: Event) -> None:
        """Have a guest come, unless there are as many as may be."""
        if self._room.locked():
            self._findings.happened["guests turned away"] += 1
            return
        task = asyncio.ensure_future(self._visit(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def all_gone(self) -> None:
        """Wait until every guest has left."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def dismiss(self) -> None:
        """Send everybody home."""
        for task in self._tasks:
            task.cancel()
        await self.all_gone()

    async def _visit(self, event: Event) -> None:
        async with self._room:
            for _ in range(2 if event.kind is Kind.RELOAD else 1):
                viewer = await self._arrived(event)
                if viewer is None:
                    return
                try:
                    await self._stay(viewer, event)
                    await self._go(viewer, event.kind)
                    self._findings.happened[event.kind.value] += 1
                except (AnswerError, *GONE):
                    self._findings.happened["guests cut off"] += 1
                finally:
                    await viewer.close()

    async def _arrived(self, event: Event) -> Viewer | None:
        """Return a guest who sees pictures, however often it takes to get in."""
        deadline = time.monotonic() + GUEST_SECONDS
        while time.monotonic() < deadline:
            weather = RAIN if event.wet else Weather()
            seed = self._chance.randrange(2**30)
            viewer = Viewer(self._url, lambda now, number: None, weather=weather, seed=seed)
            try:
                await viewer.come()
            except GONE:
                await viewer.close()
                await asyncio.sleep(AGAIN_SECONDS)
            except BaseException:
                await viewer.close()
                raise
            else:
                return viewer
        self._findings.tell(f"a guest saw no picture within {GUEST_SECONDS:g} s")
        return None

    async def _stay(self, viewer: Viewer, event: Event) -> None:
        if event.kind is Kind.UPLOAD:
            data = self._chance.randbytes(UPLOAD)
            try:
                if not await viewer.weigh(data):
                    self._findings.tell("a file did not arrive as it was sent")
            except TimeoutError:
                if not viewer.over.is_set() and not self._excused():
                    self._findings.tell("an uploaded file was not answered for")
        if event.kind is Kind.DEAF:
            viewer.deafen()
        with suppress(TimeoutError):
            await asyncio.wait_for(viewer.over.wait(), event.stay)

    async def _go(self, viewer: Viewer, kind: Kind) -> None:
        if kind in (Kind.VANISH, Kind.DEAF):
            await viewer.vanish()
        else:
            await viewer.leave()
