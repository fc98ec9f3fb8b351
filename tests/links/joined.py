"""Two ends of a link joined for a test, the same way whatever the link is made of.

The contract in `test_contract.py` runs over every link in `LINKS`. One more link is one more
function here: it gets the contract and both recorders, and gives a `Joined`.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Batch, Direction, Kind, Tick, Track
from reactor_actors.core.messages import FromModel, Grant, Said
from reactor_actors.core.pixels import to_i420
from reactor_actors.core.ports import ClientPort, ModelPort
from reactor_actors.links import refs as refs_link
from reactor_actors.links.calls import LIMITS, Limits
from reactor_actors.links.direct import DirectLink
from reactor_actors.links.local import ClientsEnd, ModelEnd
from reactor_actors.links.meeting import Listener, reach
from tests.fakes import FakeModel
from tests.links.roads import Late, LateClients, LateDoor, Road

SECONDS = 20.0
_marks = itertools.count()
CONTRACT = Contract(
    "m",
    buffer_size=4,
    tracks=(
        Track("main", Kind.VIDEO, Direction.OUT),
        Track("depth", Kind.VIDEO, Direction.OUT),
        Track("voice", Kind.AUDIO, Direction.OUT, 48000),
    ),
)


@dataclass
class Clients:
    """The clients' side of a link: records every call, with a copy of its pictures.

    With `keep` the ticks are kept as they came, so their pictures are looked at later.
    """

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    keep: bool = False

    @property
    def ticks(self) -> list[Tick]:
        return [call[1] for call in self.calls if call[0] == "push"]

    def push(self, tick: Tick) -> None:
        if not self.keep:
            copies = {name: picture.copy() for name, picture in tick.pictures.items()}
            tick = replace(tick, pictures=copies)
        self.calls.append(("push", tick))

    def cut(self, epoch: int, black: bool) -> None:
        self.calls.append(("cut", epoch, black))

    def set_rate(self, fps: float) -> None:
        self.calls.append(("rate", fps))

    def receive(self, message: FromModel) -> None:
        self.calls.append(("receive", message))


@dataclass
class Joined:
    """A link between a recorded model and recorded clients. `kill_*` is the death of one end."""

    port: ClientPort
    door: ModelPort
    model: FakeModel
    clients: Any
    kill_model: Callable[[], None]
    kill_clients: Callable[[], None]
    done: int = 0

    def play(self, ticks: int) -> None:
        """Grant as if that many more ticks had been played."""
        self.done += ticks
        self.door.grant(Grant(self.done, float("-inf"), 0.1, 0.4))

    async def settle(self) -> None:
        """Let everything arrive that the model's side has said so far."""
        mark = Said("settle", {"number": next(_marks)})
        self.port.post(mark)
        await until(lambda: ("receive", mark) in self.clients.calls)
        self.clients.calls.remove(("receive", mark))

    async def until_waiting(self, ticks: int) -> None:
        """Let the model's side learn that so many ticks wait: an answer may have to tell it."""
        async with asyncio.timeout(SECONDS):
            while self.port.waiting() != ticks:
                await self.settle()


async def until(attempt: Callable[[], Any]) -> None:
    """Wait for what another thread or process brings about."""
    async with asyncio.timeout(SECONDS):
        while not attempt():  # noqa: ASYNC110 - there is nothing to wait on
            await asyncio.sleep(0.001)


@asynccontextmanager
async def direct(contract: Contract, model: FakeModel, clients: Any) -> AsyncIterator[Joined]:
    link = DirectLink(contract, model, clients, asyncio.get_running_loop())
    yield Joined(link, link, model, clients, lambda: None, lambda: None)


@asynccontextmanager
async def ring(contract: Contract, model: FakeModel, clients: Any) -> AsyncIterator[Joined]:
    ours, theirs = await meet(contract, model, clients)
    try:
        yield Joined(theirs, ours, model, clients, theirs.close, ours.close)
    finally:
        ours.close()
        theirs.close()


async def meet(contract: Contract, model: Any, clients: Any) -> tuple[ClientsEnd, ModelEnd]:
    """Join two ends in this process."""
    listener = Listener()
    try:
        connection = reach(listener.address)
        ours = ClientsEnd(await listener.accept(), clients)
    finally:
        listener.close()
    ours.start()
    return ours, ModelEnd(connection, contract, model)


@asynccontextmanager
async def refs(
    contract: Contract,
    model: FakeModel,
    clients: Any,
    *,
    seconds: float = 0.0,
    limits: Limits = LIMITS,
    death: str = "close",
) -> AsyncIterator[Joined]:
    road = Road(seconds)
    async with meet_by_calls(road, contract, model, clients, limits) as (ours, theirs):
        ours.start()
        # Its last word needs this loop, which must not wait for it.
        leave = threading.Thread(target=theirs.close).start
        kills = (leave, ours.close) if death == "close" else (getattr(road, death),) * 2
        yield Joined(theirs, ours, model, clients, *kills)


@asynccontextmanager
async def meet_by_calls(
    road: Road, contract: Contract, model: Any, clients: Any, limits: Limits = LIMITS
) -> AsyncIterator[tuple[refs_link.ClientsEnd, refs_link.ModelEnd]]:
    """Join two ends in this process by calls that are made by hand."""
    ours = road.clients = refs_link.ClientsEnd(road.to_model, clients, limits=limits)
    theirs = refs_link.ModelEnd(road.to_clients, contract, model, limits=limits)
    road.model = theirs
    try:
        yield ours, theirs
    finally:
        ours.close()
        await asyncio.to_thread(theirs.close)
        await until(lambda: not [t for t in asyncio.all_tasks() if t.get_name() == "link"])


def late(link: Link) -> Link:
    """Make a link on which everything arrives up to 2 ms later, in order."""

    @asynccontextmanager
    async def joined(contract: Contract, model: FakeModel, clients: Any) -> AsyncIterator[Joined]:
        slow = LateClients(clients, Late(0.002, seed=1))
        async with link(contract, model, slow) as inner:
            door = LateDoor(inner.door, Late(0.002, seed=2))
            kills = (inner.kill_model, inner.kill_clients)
            yield Joined(inner.port, door, model, clients, *kills)

    return joined


Link = Callable[[Contract, FakeModel, Any], AbstractAsyncContextManager[Joined]]
HURRIED = Limits(deadline=1.0, last_words=0.05)
LINKS: dict[str, Link] = {
    "direct": direct,
    "ring": ring,
    "refs": refs,
    "direct, late": late(direct),
    "ring, late": late(ring),
    "refs, late and dying": partial(refs, seconds=0.003, death="die"),
    "refs, late and lost": partial(refs, seconds=0.001, death="swallow", limits=HURRIED),
}


def picture(level: int, height: int = 4, width: int = 6) -> np.ndarray[Any, Any]:
    """A grey picture; `level` can be told from its I420."""
    return np.full((height, width, 3), level % 256, np.uint8)


def batch(*levels: int, epoch: int = 0, size: tuple[int, int] = (4, 6)) -> Batch:
    """One tick per level: a grey picture, and one sample of sound that is the level itself."""
    pictures = np.stack([picture(level, *size) for level in levels])
    return Batch(len(levels), {"main": pictures}, {"voice": np.array([levels], np.int16)}, epoch)


def level_of(tick: Tick) -> int:
    """The level a tick was made of; its picture has to agree with its sound."""
    level = int(tick.sound["voice"][0, 0])
    shown = tick.pictures["main"]
    height, width = shown.shape[0] * 2 // 3, shown.shape[1]
    assert np.array_equal(shown, to_i420(picture(level, height, width))), level
    return level
