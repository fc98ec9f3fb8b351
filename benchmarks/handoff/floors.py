"""The least that a hand-off can cost: in one process, and through a pipe."""

from __future__ import annotations

import asyncio
import fcntl
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np

from benchmarks.handoff.pace import (
    HEIGHT,
    WARM_UP,
    WIDTH,
    Figures,
    latencies,
    limit_threads,
    paced,
    picture,
)
from reactor_actors.core.pixels import i420_shape, to_i420


def alone(count: int, call: Callable[[], object]) -> Figures:
    """Do something at the same rate, in one process."""
    took = []

    async def each() -> None:
        began = time.perf_counter()
        call()
        took.append((time.perf_counter() - began) * 1e3)

    _, cpu = asyncio.run(paced(count, 1, each))
    return Figures(took[WARM_UP:], cpu * 1e3 / (count - WARM_UP))


def pipe_model(write: Connection, count: int, out: Connection) -> None:
    limit_threads()
    rgb, i420 = picture(), np.empty(i420_shape(HEIGHT, WIDTH), np.uint8)
    fd = write.fileno()

    async def each() -> None:
        to_i420(rgb, i420)
        left = i420.reshape(-1).data
        while left:
            left = left[os.write(fd, left) :]

    figures = asyncio.run(paced(count, 1, each))
    out.send(figures)


def pipe(count: int) -> Figures:
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
        left = i420.data
        while left:
            left = left[os.readv(read.fileno(), [left]) :]
        arrived.append(time.monotonic())
    cpu = time.process_time() - cpu
    began, theirs_cpu = ours.recv()
    process.join()
    return Figures(latencies(began, arrived), (cpu + theirs_cpu) * 1e3 / (count - WARM_UP))
