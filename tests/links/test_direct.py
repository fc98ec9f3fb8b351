from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

import numpy as np
import pytest

from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import FromModel, Grant, Said, SessionStarted
from reactor_actors.core.pixels import to_i420
from reactor_actors.core.ports import Feed
from reactor_actors.links.direct import DirectLink
from tests.fakes import FakeModel

CONTRACT = Contract("m", buffer_size=4)


@dataclass
class Clients:
    """The clients' side of a link: records what it is called with, and on which thread."""

    calls: list[tuple[object, ...]] = field(default_factory=list)
    threads: set[threading.Thread] = field(default_factory=set)

    @property
    def ticks(self) -> list[Tick]:
        return [call[1] for call in self.calls if isinstance(call[1], Tick)]

    def push(self, tick: Tick) -> None:
        self._note("push", tick)

    def cut(self, epoch: int, black: bool) -> None:
        self._note("cut", epoch, black)

    def set_rate(self, fps: float) -> None:
        self._note("rate", fps)

    def receive(self, message: FromModel) -> None:
        self._note("receive", message)

    def _note(self, *call: object) -> None:
        self.calls.append(call)
        self.threads.add(threading.current_thread())


def linked() -> tuple[DirectLink, FakeModel, Clients]:
    model, clients = FakeModel(), Clients()
    return (
        DirectLink(CONTRACT, model, clients, asyncio.get_running_loop()), model, clients,
    )  # fmt: skip


def pictures(count: int) -> np.ndarray:
    levels = np.arange(count, dtype=np.uint8)[:, None, None, None] * 10
    return np.broadcast_to(levels, (count, 4, 4, 3)).copy()


def batch(count: int, epoch: int = 0) -> Batch:
    return Batch(count, {"main": pictures(count)}, epoch=epoch, turn=0.25)


def played(done: int) -> Grant:
    """A grant after `done` ticks, with everything wanted at once."""
    return Grant(done, float("-inf"), 0.1, 0.4)


async def test_a_batch_arrives_as_converted_ticks_in_order() -> None:
    link, _, clients = linked()
    assert await link.push(batch(4), drop=False) == 4
    await asyncio.sleep(0)
    assert [tick.turn for tick in clients.ticks] == [0.25, 0.0, 0.0, 0.0]
    for tick, picture in zip(clients.ticks, pictures(4), strict=True):
        assert np.array_equal(tick.pictures["main"], to_i420(picture))


async def test_after_a_push_nothing_refers_to_the_authors_memory() -> None:
    link, _, clients = linked()
    sent = Batch(1, {"main": pictures(2)[1]}, {"voice": np.ones((1, 8), np.int16)})
    await link.push(sent, drop=False)
    for array in (*sent.pictures.values(), *sent.sound.values()):
        array[:] = 0
    await asyncio.sleep(0)
    (tick,) = clients.ticks
    assert np.array_equal(tick.pictures["main"], to_i420(pictures(2)[1]))
    assert tick.sound["voice"].tolist() == [[1] * 8]


async def test_a_large_batch_waits_for_grants_tick_by_tick() -> None:
    link, _, clients = linked()
    pushing = asyncio.create_task(link.push(batch(6), drop=False))
    for done in range(3):
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(clients.ticks) == 4 + done
        link.grant(played(done + 1))
    assert await asyncio.wait_for(pushing, 5) == 6


async def test_dropping_admits_what_fits() -> None:
    link, _, clients = linked()
    assert await link.push(batch(6), drop=True) == 4
    assert await link.push(batch(6), drop=True) == 0
    link.grant(played(2))
    assert await link.push(batch(6), drop=True) == 2
    await asyncio.sleep(0)
    assert len(clients.ticks) == 6


async def test_a_cut_releases_a_push_and_is_told_after_what_came_before() -> None:
    link, _, clients = linked()
    pushing = asyncio.create_task(link.push(batch(9), drop=False))
    for _ in range(5):
        await asyncio.sleep(0)
    link.cut(1, black=True)
    assert await asyncio.wait_for(pushing, 5) == 4
    await asyncio.sleep(0)
    assert [call[0] for call in clients.calls] == ["push"] * 4 + ["cut"]
    assert clients.calls[-1] == ("cut", 1, True)


async def test_what_is_older_than_a_cut_is_not_admitted() -> None:
    link, _, clients = linked()
    link.cut(2, black=False)
    assert await link.push(batch(2, epoch=1), drop=False) == 0
    assert await link.push(batch(2, epoch=1), drop=True) == 0
    assert await link.push(batch(2, epoch=2), drop=False) == 2
    await asyncio.sleep(0)
    assert [tick.epoch for tick in clients.ticks] == [2, 2]


async def test_calls_of_another_thread_arrive_on_the_clients_loop_in_order() -> None:
    link, _, clients = linked()

    def speak() -> None:
        asyncio.run(link.push(batch(2), drop=False))
        link.set_rate(12.0)
        link.post(Said("a", {}))
        link.cut(1, black=False)
        link.post(Said("b", {}))

    await asyncio.to_thread(speak)
    await asyncio.sleep(0)
    assert [call[0] for call in clients.calls] == [
        "push", "push", "rate", "receive", "cut", "receive",
    ]  # fmt: skip
    assert clients.threads == {threading.current_thread()}


async def test_the_model_gets_what_the_clients_side_hands_over() -> None:
    link, model, _ = linked()
    frame = Feed("camera", np.zeros((6, 4), np.uint8))
    link.deliver(SessionStarted("s"))
    link.feed(frame)
    assert (model.delivered, model.fed) == ([SessionStarted("s")], [frame])


def test_after_the_clients_loop_is_closed_nobody_is_told_anything() -> None:
    async def main() -> tuple[DirectLink, FakeModel, Clients]:
        return linked()

    link, _, clients = asyncio.run(main())
    link.set_rate(3.0)
    link.post(Said("a", {}))
    link.cut(1, black=True)
    assert clients.calls == []


@pytest.mark.parametrize("drop", [True, False])
async def test_a_batch_of_nothing_admits_nothing(drop: bool) -> None:
    link, _, _ = linked()
    assert await link.push(Batch(0), drop=drop) == 0
