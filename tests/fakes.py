"""Hand-written doubles. They record what happened and can be slow; none of them checks anything."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reactor_actors.core.errors import ClientError
from reactor_actors.core.media import Batch, Pixels, Tick
from reactor_actors.core.messages import FromModel, Grant, ToModel
from reactor_actors.core.pixels import to_rgb
from reactor_actors.core.ports import Candidate, Feed, Offer
from reactor_actors.core.wire.outbound import Outbound

T = TypeVar("T")


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

    def newest(self) -> Pixels:
        """Return the last picture shown, as RGB."""
        return to_rgb(next(iter(self.ticks[-1].pictures.values())))

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
    """The clients' side of a link: records. `room` ticks are admitted, then pushes wait.

    `unplayed` of them have not been played.
    """

    room: int = 1_000_000
    unplayed: int = 0
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

    def waiting(self) -> int:
        return self.unplayed

    def set_rate(self, fps: float) -> None:
        self.rates.append(fps)

    def post(self, message: FromModel) -> None:
        self.posted.append(message)


@dataclass
class FakeSignalling:
    """Connections without WebRTC: an offer is answered when, and with what, a test says so.

    SDP has to begin with `v=0`; there may be `most` connections at once.
    """

    most: int = 64
    offers: dict[int, list[Offer]] = field(default_factory=dict)
    heard: dict[int, list[Candidate]] = field(default_factory=dict)
    answers: dict[int, str | ClientError] = field(default_factory=dict)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self, connection: int | None = None) -> int:
        if len(self.offers) >= self.most:
            raise ClientError("overloaded", f"{self.most} connections are open already")
        number = connection or next(n for n in range(1002, 10_000) if n not in self.offers)
        self.offers[number] = []
        self.heard[number] = []
        return number

    def offer(self, connection: int, offer: Offer) -> None:
        offers = self.offers[connection]
        if not offer.sdp.startswith("v=0"):
            raise ClientError("malformed", "the SDP cannot be read")
        offers.append(offer)
        self.answers.pop(connection, None)

    async def answer(self, connection: int, seconds: float) -> str | None:
        if not self.offers[connection]:
            raise LookupError(connection)
        try:
            async with asyncio.timeout(seconds):
                while connection not in self.answers:
                    self.answered.clear()
                    await self.answered.wait()
        except TimeoutError:
            return None
        answer = self.answers[connection]
        if isinstance(answer, ClientError):
            raise answer
        return answer

    def candidates(self, connection: int, candidates: Sequence[Candidate]) -> None:
        self.heard[connection].extend(candidates)

    def settle(self, connection: int, answer: str | ClientError) -> None:
        self.answers[connection] = answer
        self.answered.set()

    def clear(self) -> None:
        for kept in (self.offers, self.heard, self.answers):
            kept.clear()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a number: with nothing to do it jumps to the next timer.

    A wait costs no real time and ends at its exact instant, so playout can be tested as arithmetic.
    One thread and no I/O. A wait that no timer can end would last for ever: it is a `RuntimeError`.
    """

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self.now


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("every task waits, and no timer is left to wake one")
            self._loop.now += max(0.0, timeout)
        return ready


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a `VirtualLoop` of its own; a task left behind is an error."""

    async def alone() -> T:
        result = await main
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks left behind: {left}"
        return result

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(alone())
