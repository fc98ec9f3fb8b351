"""Hand-written doubles. They record what happened and can be slow; none of them checks anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import FromModel, Grant, ToModel
from reactor_actors.core.ports import Feed
from reactor_actors.core.wire.outbound import Outbound


class ManualClock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> float:
        self.now += seconds
        return self.now


@dataclass
class FakePeer:
    """A connected client: records what it is told. `broken` makes telling it fail."""

    client: str
    told: list[Outbound] = field(default_factory=list)
    closed: bool = False
    broken: bool = False
    on_tell: Callable[[Outbound], None] = lambda message: None

    def tell(self, message: Outbound) -> None:
        if self.broken:
            raise ConnectionResetError("this peer is gone")
        self.told.append(message)
        self.on_tell(message)

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeScreen:
    """Where ticks are shown: records them, with the instant on the running loop."""

    ticks: list[Tick] = field(default_factory=list)
    shown_at: list[float] = field(default_factory=list)
    blanks: int = 0
    forgotten: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, tick: Tick) -> None:
        self.ticks.append(tick)
        self.shown_at.append(asyncio.get_running_loop().time())
        self.changed.set()

    def blank(self) -> None:
        self.blanks += 1
        self.changed.set()

    def forget(self) -> None:
        self.forgotten += 1
        self.changed.set()


@dataclass
class FakeModel:
    """The model's side of a link: records what it is told, given and granted."""

    delivered: list[ToModel] = field(default_factory=list)
    fed: list[Feed] = field(default_factory=list)
    granted: list[Grant] = field(default_factory=list)

    def deliver(self, message: ToModel) -> None:
        self.delivered.append(message)

    def feed(self, frame: Feed) -> None:
        self.fed.append(frame)

    def grant(self, grant: Grant) -> None:
        self.granted.append(grant)


@dataclass
class FakeClients:
    """The clients' side of a link: records. `room` ticks are admitted, then pushes wait."""

    room: int = 1_000_000
    pushed: list[Batch] = field(default_factory=list)
    posted: list[FromModel] = field(default_factory=list)
    cuts: list[tuple[int, bool]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def push(self, batch: Batch, *, drop: bool) -> int:
        admitted = 0
        for _ in range(batch.count):
            while self.room == 0 and not drop:
                self.opened.clear()
                await self.opened.wait()
            if self.room:
                self.room -= 1
                admitted += 1
        self.pushed.append(batch)
        return admitted

    def open(self, room: int) -> None:
        self.room += room
        self.opened.set()

    def cut(self, epoch: int, *, black: bool) -> None:
        self.cuts.append((epoch, black))

    def set_rate(self, fps: float) -> None:
        self.rates.append(fps)

    def post(self, message: FromModel) -> None:
        self.posted.append(message)
