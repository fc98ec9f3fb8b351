"""Hand-offs between two Ray actors: the refs link, and a queue as one would first think of it.

CPU is that of every process of the cluster, over a while in the middle of a run. Ray's own
processes use some when nothing happens: `at_rest` says how much.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import numpy as np
import ray
from ray.util.queue import Queue

from benchmarks.cluster import cores_over, living
from benchmarks.handoff.pace import (
    FPS,
    HEIGHT,
    WARM_UP,
    WIDTH,
    Clients,
    Figures,
    NoModel,
    batch,
    contract,
    latencies,
    limit_threads,
    paced,
    picture,
)
from reactor_actors.core.pixels import i420_shape, to_i420
from reactor_actors.links.items import Granted
from reactor_actors.links.refs import ClientsEnd, ModelEnd


class Model:
    """The model's end, in a threaded actor."""

    def __init__(self) -> None:
        limit_threads()
        self._end: ModelEnd | None = None
        self._met = threading.Event()

    def run(self, clients: Any, count: int, size: int) -> list[float]:
        async def call(items: list[bytes], *arrays: Any) -> Granted:
            granted: Granted = await clients.take.remote(items, *arrays)
            return granted

        end = self._end = ModelEnd(call, contract(size), NoModel())
        self._met.set()
        pushed = batch(size)
        began, _ = asyncio.run(paced(count, size, lambda: end.push(pushed, drop=False)))
        end.close()
        return began

    def take(self, items: list[bytes], *arrays: Any) -> None:
        self._met.wait()
        assert self._end is not None
        self._end.take(items, *arrays)


class Transport:
    """The clients' end, in an async actor."""

    async def start(self, model: Any) -> None:
        async def call(items: list[bytes], *arrays: Any) -> None:
            await model.take.remote(items, *arrays)

        self._clients = Clients()
        self._end = self._clients.link = ClientsEnd(call, self._clients)
        self._end.start()

    async def take(self, items: list[bytes], *arrays: Any) -> Granted:
        return await self._end.take(items, *arrays)

    async def arrived(self) -> list[float]:
        await self._end.closed
        return self._clients.arrived


class Producer:
    """Puts pictures into the object store, and their references into a queue."""

    def run(self, queue: Queue, count: int, size: int) -> list[float]:
        limit_threads()
        rows, columns = i420_shape(HEIGHT, WIDTH)
        rgb, i420 = picture(), np.empty((size, rows, columns), np.uint8)

        async def each() -> None:
            for place in i420:
                to_i420(rgb, place)
            await queue.put_async([ray.put(i420)])

        began, _ = asyncio.run(paced(count, size, each))
        return began


class Consumer:
    """Takes the references out and looks the pictures up."""

    def run(self, queue: Queue, count: int, size: int) -> list[float]:
        arrived: list[float] = []
        while len(arrived) < count:
            [ref] = queue.get()
            self.last = ray.get(ref)
            arrived += [time.monotonic()] * size
        return arrived


def refs(count: int, size: int) -> Figures:
    with living(Model, Transport) as (model, transport):
        ray.get(transport.start.remote(model))
        arrived = transport.arrived.remote()
        return measured(count, model.run.remote(transport, count, size), arrived)


def queue(count: int, size: int) -> Figures:
    between = Queue(maxsize=4, actor_options={"num_cpus": 0})
    with living(Producer, Consumer) as (producer, consumer):
        arrived = consumer.run.remote(between, count, size)
        figures = measured(count, producer.run.remote(between, count, size), arrived)
    between.shutdown(force=True)
    return figures


def at_rest(count: int) -> Figures:
    """Ray with nothing to do, per picture that might have been."""
    return Figures([], cores_over(count / FPS / 2) * 1e3 / FPS)


def measured(count: int, began: Any, arrived: Any) -> Figures:
    seconds = (count - WARM_UP) / FPS
    time.sleep(WARM_UP / FPS + 0.5)
    cost = cores_over(seconds - 1.0) * 1e3 / FPS
    return Figures(latencies(ray.get(began), ray.get(arrived)), cost)
