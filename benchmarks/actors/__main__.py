"""The programmatic interface: a command there and back, and pictures for an actor that looks on.

python -m benchmarks.actors [--runs 3] [--seconds 4] [--full]

A model of 720p30 runs without any viewer. `subscribe` delivers its pictures to an actor, at most
eight of which wait; the baseline is an actor that draws the same pictures at the same rate and puts
references to them into `ray.util.queue.Queue` with room for eight, and another one that takes out
whatever waits. Latency is from drawing, with the time in the picture, to the consumer's hands: that
of `subscribe` includes the link, the lead and the pacing of a live stream, and "since shown" tells
it without them. What finds no room is dropped: there the oldest, here the newest. CPU is that of
all processes of the cluster, for each picture drawn. One consumer is quick, another one works for
200 ms on whatever it gets at a time.

A second report has the time of `Connection.ask`, a validated command that the model's handler has
run, while the model runs; the baseline is an empty call of an actor, and beside it one that passes
through a second actor. With --full for longer.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.util.queue import Queue

from benchmarks.actors.people import FPS, Echo, Fetcher, Producer, Subscriber, Through
from benchmarks.cluster import cluster, cores_over, living
from benchmarks.report import Report, options, tell, turns
from benchmarks.servers import LOOPBACK
from reactor_actors import launch
from reactor_actors.actors.deployment import Deployment

SUBSCRIBE, QUEUE = "subscribe", "Ray's queue"
ALONE, DRAWN = "the model, and no subscriber", "the producer, and no queue"
CALL, PASSED, ASK = "a call", "a call through a second actor", "ask"
BOUND = 8
WORKS = (0, 200)
WARM_UP = 1.5


def spread(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return the middle of some times, and their far end."""
    if len(milliseconds) < 2:
        raise RuntimeError("too little was measured")
    p99 = statistics.quantiles(milliseconds, n=100)[98]
    return {"p50, ms": statistics.median(milliseconds), "p99, ms": p99}


def watched(eye: Any, dropped: Callable[[], int], work: int, seconds: float) -> dict[str, float]:
    """Return how old the pictures are that an actor sees for a while, and what it costs."""
    ray.get(eye.work.remote(work / 1e3))
    time.sleep(WARM_UP)
    ray.get(eye.taken.remote())
    before = dropped()
    cost = costs(seconds)
    ages = ray.get(eye.taken.remote())
    lost = dropped() - before
    return {**spread(ages), **cost, "dropped, %": 100 * lost / (lost + len(ages))}


def costs(seconds: float) -> dict[str, float]:
    """Return what a picture costs meanwhile, in all processes."""
    return {"CPU a picture, ms": cores_over(seconds) * 1e3 / FPS}


def subscribed(deployment: Deployment, report: Report, seconds: float) -> None:
    """Measure with a running session: without a subscriber, and with one."""
    with living(Subscriber) as (eye,):
        report.add(ALONE, costs(seconds))
        for work in WORKS:
            with deployment.subscribe(eye, bound=BOUND) as subscription:
                figures = watched(eye, partial(getattr, subscription, "dropped"), work, seconds)
                waited = ray.get(eye.waited.remote())
                figures["since shown p50, ms"] = statistics.median(waited)
            report.add(SUBSCRIBE, figures, work)


def queued(report: Report, seconds: float) -> None:
    """Measure a queue, and its producer without it."""
    with living(Producer, Fetcher) as (producer, eye):
        drawing = producer.run.remote(None)
        time.sleep(WARM_UP)
        report.add(DRAWN, costs(seconds))
        ray.get([producer.stop.remote(), drawing])
        for work in WORKS:
            queue = Queue(maxsize=BOUND, actor_options={"num_cpus": 0})
            both = [producer.run.remote(queue), eye.run.remote(queue)]
            figures = watched(eye, lambda: ray.get(producer.dropped.remote()), work, seconds)
            ray.get([producer.stop.remote(), *both])
            queue.shutdown(force=True)
            report.add(QUEUE, figures, work)


def commanded(connection: Any, report: Report, count: int) -> None:
    """Measure commands, and calls of actors."""
    echo: Any = ray.remote(Echo).options(num_cpus=0).remote()
    through: Any = ray.remote(Through).options(num_cpus=0).remote(echo)
    calls: dict[str, Callable[[int], object]] = {
        CALL: lambda number: ray.get(echo.answer.remote()),
        PASSED: lambda number: ray.get(through.answer.remote()),
        ASK: lambda number: connection.ask("set_flag", flag=number % 2 == 0),
    }
    for series, call in calls.items():
        for number in range(10):
            call(number)
        took = []
        for number in range(count):
            began = time.perf_counter()
            call(number)
            took.append((time.perf_counter() - began) * 1e3)
        report.add(series, spread(took))
    for one in (through, echo):
        ray.kill(one)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, help="of each measurement; 4, or 20 with --full")
    arguments = parser.parse_args()
    seconds = arguments.seconds or (20.0 if arguments.full else 4.0)
    count = 1000 if arguments.full else 200
    told = f"Pictures of 720p30, seen by another actor; {seconds:g} s."
    pictures = Report("actors", told, QUEUE, "ms that the consumer works on a batch")
    commands = Report("actors-commands", f"There and back; {count} one after the other.", CALL)
    # A session of its own ends with its connection: the model is at rest while the queue works.
    with cluster(), launch(LOOPBACK, sessions="exclusive") as deployment:
        for _ in turns(arguments.runs):
            with deployment.connect() as connection:
                commanded(connection, commands, count)
                subscribed(deployment, pictures, seconds)
            queued(pictures, seconds)
    path: Path | None = arguments.json
    tell(pictures, path)
    tell(commands, path and path.with_name(f"{commands.name}.json"))


if __name__ == "__main__":
    main()
