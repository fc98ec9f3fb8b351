"""Ray, started or joined and left again, to see whether that works before a model depends on it."""

from __future__ import annotations

import time
from typing import Any

import ray

from reactor_actors.actors.cluster import joined
from reactor_actors.actors.guard import guarded
from reactor_actors.actors.placement import Resources


def nodes_of(address: str | None) -> tuple[list[Resources], float]:
    """Return what each node of a cluster has, and how many seconds it took to start or join it.

    None is a cluster of our own, which is ended again. Belongs to a process of its own: Ray may
    hang, or bring it down. Raises `SetupError`.
    """
    began = time.monotonic()
    with guarded() as begun, joined(address, listening=False):
        begun()
        every: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
        nodes = [node["Resources"] for node in every if node["Alive"]]
        return nodes, time.monotonic() - began
