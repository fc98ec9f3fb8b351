"""What the garbage collector need not look at in a process of ours."""

from __future__ import annotations

import gc

import ray


def settle() -> None:
    """Take everything that is here out of the collector's sight; in an actor's process only.

    Called when all modules are there, which stay as long as the process does. To search them takes
    the better part of a tenth of a second, in which no picture moves; and since Python searches
    seldom where much has stayed, connections that have closed would wait long to be found.
    """
    if ray.is_initialized() and ray.get_runtime_context().get_actor_id() is not None:
        gc.collect()
        gc.freeze()
