"""What it costs to hand a picture to another process: latency, and CPU of all processes.

python -m benchmarks.handoff [--runs 3] [--seconds 3] [--threads 1] [--full]

A model's process pushes pictures at a steady rate, one by one or eight at a time; the clients'
process takes each tick and grants the next. Latency is from just before `push` to the tick in
`ClientSide.push`, converted to I420. Both include the conversion and an event loop that wakes 30
times a second: the first rows are these alone. The pipe is the least that two processes can do
without shared memory: convert, write the I420 picture, read it at the other end.

The baseline is what one would first think of between Ray's actors: `ray.util.queue.Queue` with
references to pictures in the object store. There, and for the refs link, CPU is that of the whole
cluster.

cv2 converts with several threads that wait for each other actively. `--threads 1` shows what a
hand-off costs when it does not. With --full also two and four pictures at a time, and for longer.
"""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from benchmarks.cluster import cluster
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
from benchmarks.report import Report, options, tell, turns
from reactor_actors.core.pixels import i420_shape, to_i420

QUEUE = "Ray's queue"

Measurement: TypeAlias = tuple[str, int | None, Callable[[], Figures]]
"""The series, how many pictures at a time, and what measures it."""


def measurements(count: int, sizes: Sequence[int]) -> Iterator[Measurement]:
    rgb, i420 = picture(), np.empty(i420_shape(HEIGHT, WIDTH), np.uint8)
    other = to_i420(rgb).copy()
    yield "waking up, one process", None, lambda: floors.alone(count, lambda: None)
    yield "copy of a picture", None, lambda: floors.alone(count, lambda: np.copyto(i420, other))
    yield "RGB to I420, one process", None, lambda: floors.alone(count, lambda: to_i420(rgb, i420))
    yield "RGB to I420, then a pipe", None, lambda: floors.pipe(count)
    yield "Ray at rest", None, lambda: actors.at_rest(count)
    for size in sizes:
        yield "ring link", size, partial(_ring, count, size)
        yield "refs link", size, partial(actors.refs, count, size)
        yield QUEUE, size, partial(actors.queue, count, size)


def _ring(count: int, size: int) -> Figures:
    return asyncio.run(ring(count, size))


def summary(figures: Figures) -> dict[str, float]:
    """Return what a report tells of one measurement."""
    took = figures.latencies
    cost = {"CPU, ms": figures.cpu}
    if not took:
        return cost
    p99 = statistics.quantiles(took, n=100)[98]
    return {"p50, ms": statistics.median(took), "p99, ms": p99, **cost}


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, help="of each measurement; 3, or 10 with --full")
    parser.add_argument("--threads", type=int, help="that cv2 may use in each process")
    arguments = parser.parse_args()
    seconds = arguments.seconds or (10.0 if arguments.full else 3.0)
    count = (WARM_UP + int(seconds * FPS)) // 8 * 8
    if arguments.threads is not None:
        os.environ[THREADS] = str(arguments.threads)
        limit_threads()
    told = f"One {WIDTH}x{HEIGHT} picture of {FPS:g} a second, conversion included; {seconds:g} s."
    sizes = (1, 2, 4, 8) if arguments.full else (1, 8)
    report = Report("handoff", told, QUEUE, "pictures at a time")
    with cluster():
        for _ in turns(arguments.runs):
            for series, size, measure in measurements(count, sizes):
                report.add(series, summary(measure()), size)
    tell(report, arguments.json)


if __name__ == "__main__":
    main()
