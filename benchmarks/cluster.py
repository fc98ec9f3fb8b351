"""A Ray cluster of a benchmark's own: its beginning and end, its actors, what all of it uses."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray

from benchmarks.servers import cpu_of, processes

MARK = "REACTOR_BENCHMARK_CLUSTER"
ROOT = str(Path(__file__).parents[1])
SETTLING = 5.0
"""Seconds in which actors start, and Ray replaces the idle processes that they were made of."""


@contextmanager
def cluster() -> Iterator[None]:
    """A cluster of this machine alone, whose processes can be told by a mark."""
    os.environ[MARK] = uuid.uuid4().hex
    # Ray gives an actor without CPUs one thread for its arithmetic.
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
    known = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = ROOT if known is None else f"{ROOT}{os.pathsep}{known}"
    ray.init(
        address="local",  # none that happens to run on this machine
        include_dashboard=False,
        object_store_memory=256 * 2**20,
        _node_ip_address="127.0.0.1",
        logging_level=logging.ERROR,
        log_to_driver=False,
    )
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def living(*classes: type) -> Iterator[list[Any]]:
    """Actors that are gone afterwards: they would go on costing something."""
    options = {"num_cpus": 0, "max_concurrency": 8}
    actors: list[Any] = [ray.remote(cls).options(**options).remote() for cls in classes]
    try:
        time.sleep(SETTLING)
        yield actors
    finally:
        for actor in actors:
            ray.kill(actor)


def cores_over(seconds: float) -> float:
    """Return the cores that the cluster uses for a while, this process included.

    Only processes count that are there all the time: Ray starts idle ones, and ends them, as it
    likes.
    """
    before, began = cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    after, took = cpu_seconds(), time.monotonic() - began
    return sum(after[process] - before[process] for process in before.keys() & after.keys()) / took


def cpu_seconds() -> dict[str, float]:
    """Return the CPU time that each process of the cluster has used."""
    used = {str(os.getpid()): time.process_time()}
    for folder in processes(f"{MARK}={os.environ[MARK]}"):
        with suppress(OSError):  # it has just ended
            used[folder.name] = cpu_of(folder)
    return used
