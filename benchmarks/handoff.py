"""What it costs to hand a picture to another process: latency, and CPU of both processes.

python -m benchmarks.handoff

A model's process pushes pictures at a steady rate; the clients' process takes each tick and grants
the next. Latency is from just before `push` to the tick in `ClientSide.push`, converted to I420;
CPU is that of both processes. Both include the conversion and an event loop that wakes 30 times a
second: the first two rows are these alone. The baseline is the least that two processes can do
without shared memory: convert, write the I420 picture into a pipe, read it at the other end.

cv2 converts with several threads that wait for each other actively. `--threads 1` shows what the
link costs when it does not.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import FromModel, Grant, Said, ToModel
from reactor_actors.core.pixels import i420_shape, to_i420
from reactor_actors.core.ports import Feed
from reactor_actors.links.local import ClientsEnd, ModelEnd
from reactor_actors.links.meeting import Address, Listener, reach

HEIGHT, WIDTH, FPS = 720, 1280, 30.0
CONTRACT = Contract("bench", buffer_size=4, fps=FPS)
WARM_UP = 15


THREADS = "HANDOFF_THREADS"


def limit_threads() -> None:
    """Do in every process what `--threads` asks for."""
    if THREADS in os.environ:
        cv2.setNumThreads(int(os.environ[THREADS]))


class NoModel:
    def deliver(self, message: ToModel) -> None:
        pass

    def feed(self, frame: Feed) -> None:
        pass


class Clients:
    """Plays every tick at once; keeps the last picture, as a screen does."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        self.link: ClientsEnd | None = None
        self.ended = asyncio.Event()
        self.last: Tick | None = None

    def push(self, tick: Tick) -> None:
        self.arrived.append(time.monotonic())
        assert self.link is not None
        self.link.grant(Grant(len(self.arrived), float("-inf"), 1 / FPS, 0.0))
        self.last = tick

    def cut(self, epoch: int, black: bool) -> None:
        pass

    def set_rate(self, fps: float) -> None:
        pass

    def receive(self, message: FromModel) -> None:
        self.ended.set()


def picture() -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


async def paced(count: int, each: Callable[[], Any]) -> tuple[list[float], float]:
    """Call `each` at the rate; return when each call began, and the CPU a call after warm-up."""
    began, cpu = [], 0.0
    start = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, start + number / FPS - time.monotonic()))
        if number == WARM_UP:
            cpu = time.process_time()
        began.append(time.monotonic())
        await each()
    return began, time.process_time() - cpu


def ring_model(address: Address, count: int, out: Connection) -> None:
    limit_threads()
    end = ModelEnd(reach(address), CONTRACT, NoModel())
    rgb = picture()
    figures = asyncio.run(paced(count, lambda: end.push(Batch(1, {"main": rgb}), drop=False)))
    end.post(Said("over", {}))
    out.send(figures)
    end.close()


async def ring(count: int) -> tuple[list[float], float]:
    listener, clients = Listener(), Clients()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=ring_model, args=(listener.address, count, theirs))
    process.start()
    clients.link = ClientsEnd(await listener.accept(), clients)
    listener.close()
    clients.link.start()
    while len(clients.arrived) < WARM_UP:
        await asyncio.sleep(0.001)
    cpu = time.process_time()
    await clients.ended.wait()
    cpu = time.process_time() - cpu
    began, theirs_cpu = await asyncio.to_thread(ours.recv)
    clients.link.close()
    await asyncio.to_thread(process.join)
    return latencies(began, clients.arrived), cpu + theirs_cpu


def pipe_model(write: Connection, count: int, out: Connection) -> None:
    limit_threads()
    rgb, i420 = picture(), np.empty(i420_shape(HEIGHT, WIDTH), np.uint8)
    fd = write.fileno()

    async def each() -> None:
        to_i420(rgb, i420)
        left = memoryview(i420.reshape(-1))
        while left:
            left = left[os.write(fd, left) :]

    figures = asyncio.run(paced(count, each))
    out.send(figures)


def pipe(count: int) -> tuple[list[float], float]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    read, write = context.Pipe(duplex=False)
    fcntl.fcntl(write.fileno(), fcntl.F_SETPIPE_SZ, 2**20)
    process = context.Process(target=pipe_model, args=(write, count, theirs))
    process.start()
    write.close()
    rows, columns = i420_shape(HEIGHT, WIDTH)
    arrived, cpu = [], 0.0
    for number in range(count):
        if number == WARM_UP:
            cpu = time.process_time()
        i420 = np.empty(rows * columns, np.uint8)
        left = memoryview(i420)
        while left:
            left = left[os.readv(read.fileno(), [left]) :]
        arrived.append(time.monotonic())
    cpu = time.process_time() - cpu
    began, theirs_cpu = ours.recv()
    process.join()
    return latencies(began, arrived), cpu + theirs_cpu


def latencies(began: list[float], arrived: list[float]) -> list[float]:
    pairs = zip(began, arrived, strict=True)
    return [(end - start) * 1e3 for start, end in pairs][WARM_UP:]


def alone(count: int, call: Callable[[], object]) -> tuple[list[float], float]:
    """Do something at the same rate, in one process."""
    took = []

    async def each() -> None:
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1e3)

    _, cpu = asyncio.run(paced(count, each))
    return took[WARM_UP:], cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--json", type=Path, help="also write the figures to a file")
    parser.add_argument("--threads", type=int, help="that cv2 may use in each process")
    arguments = parser.parse_args()
    count = WARM_UP + int(arguments.seconds * FPS)
    if arguments.threads is not None:
        os.environ[THREADS] = str(arguments.threads)
        limit_threads()
    rgb, i420 = picture(), np.empty(i420_shape(HEIGHT, WIDTH), np.uint8)
    runs: dict[str, Callable[[], tuple[list[float], float]]] = {
        "waking up, one process": lambda: alone(count, lambda: None),
        "RGB to I420, one process": lambda: alone(count, lambda: to_i420(rgb, i420)),
        "convert and pipe (baseline)": lambda: pipe(count),
        "ring link": lambda: asyncio.run(ring(count)),
    }
    figures = {}
    print(f"one {WIDTH}x{HEIGHT} picture at {FPS:g} per second, {count - WARM_UP} of them, in ms")
    print(f"{'':30} {'p50':>8} {'p99':>8} {'CPU':>8}")
    for name, run in runs.items():
        took, cpu = run()
        p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
        figures[name] = {"p50": p50, "p99": p99, "cpu": cpu * 1e3 / len(took)}
        print(f"{name:30} {p50:8.3f} {p99:8.3f} {figures[name]['cpu']:8.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
