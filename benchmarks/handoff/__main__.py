"""What it costs to hand a picture to another process: latency, and CPU of all processes.

python -m benchmarks.handoff

A model's process pushes pictures at a steady rate, one by one or eight at a time; the clients'
process takes each tick and grants the next. Latency is from just before `push` to the tick in
`ClientSide.push`, converted to I420. Both include the conversion and an event loop that wakes 30
times a second: the first rows are these alone. The baseline is the least that two processes can do
without shared memory: convert, write the I420 picture into a pipe, read it at the other end.

Between Ray's actors, CPU is that of the whole cluster. The queue is `ray.util.queue.Queue` with
references to pictures in the object store.

cv2 converts with several threads that wait for each other actively. `--threads 1` shows what a
hand-off costs when it does not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.handoff import actors, floors
from benchmarks.handoff.pace import (
    FPS,
    HEIGHT,
    THREADS,
    WARM_UP,
    WIDTH,
    Figures,
    limit_threads,
    picture,
)
from benchmarks.handoff.ring import ring
from reactor_actors.core.pixels import i420_shape, to_i420

RING = "ring link, 1"


def rows(count: int) -> dict[str, Callable[[], Figures]]:
    rgb, i420 = picture(), np.empty(i420_shape(HEIGHT, WIDTH), np.uint8)
    other = to_i420(rgb).copy()
    return {
        "waking up, one process": lambda: floors.alone(count, lambda: None),
        "copy of an I420 picture": lambda: floors.alone(count, lambda: np.copyto(i420, other)),
        "RGB to I420, one process": lambda: floors.alone(count, lambda: to_i420(rgb, i420)),
        "convert and pipe (baseline)": lambda: floors.pipe(count),
        RING: lambda: asyncio.run(ring(count, 1)),
        "ring link, 8": lambda: asyncio.run(ring(count, 8)),
        "Ray at rest": lambda: actors.at_rest(count),
        "refs link, 1": lambda: actors.refs(count, 1),
        "refs link, 8": lambda: actors.refs(count, 8),
        "Ray's queue, 1": lambda: actors.queue(count, 1),
        "Ray's queue, 8": lambda: actors.queue(count, 8),
    }


def summary(figures: Figures) -> dict[str, float]:
    took = figures.latencies
    if not took:
        return {"cpu": figures.cpu}
    p99 = statistics.quantiles(took, n=100)[98]
    return {"p50": statistics.median(took), "p99": p99, "cpu": figures.cpu}


def line(name: str, told: dict[str, float], ring_told: dict[str, float] | None) -> str:
    def cell(key: str, of: float = 1.0) -> str:
        return f"{told[key] / of:8.3f}" if key in told else " " * 8

    text = f"{name:30} {cell('p50')} {cell('p99')} {cell('cpu')}"
    if ring_told:
        text += f" {cell('p50', ring_told['p50'])} {cell('cpu', ring_told['cpu'])}"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--json", type=Path, help="also write the figures to a file")
    parser.add_argument("--threads", type=int, help="that cv2 may use in each process")
    arguments = parser.parse_args()
    count = (WARM_UP + int(arguments.seconds * FPS)) // 8 * 8
    if arguments.threads is not None:
        os.environ[THREADS] = str(arguments.threads)
        limit_threads()
    figures: dict[str, Any] = {}
    print(f"{WIDTH}x{HEIGHT} pictures, {FPS:g} per second, {count - WARM_UP} of them, in ms")
    print(f"{'':30} {'p50':>8} {'p99':>8} {'CPU':>8} {'p50/ring':>8} {'CPU/ring':>8}")
    with actors.cluster():
        for name, run in rows(count).items():
            figures[name] = summary(run())
            print(line(name, figures[name], figures.get(RING)), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
