"""Ray with one actor that answers, and nothing else.

python -m benchmarks.startup.bare [stock]

Ray is begun as `serve` begins it; with `stock`, by `ray.init()` as it comes.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

import ray

from reactor_actors.actors.cluster import joined


class Echo:
    def answer(self) -> int:
        return 1


def live() -> None:
    """Begin an actor, say so once it has answered, and wait for the end."""
    actor: Any = ray.remote(Echo).options(num_cpus=0).remote()
    ray.get(actor.answer.remote())
    for number in (signal.SIGINT, signal.SIGTERM):  # Ray has put handlers of its own in place
        signal.signal(number, lambda *_: sys.exit())
    print("ready", flush=True)
    signal.pause()


def main() -> None:
    if sys.argv[1:] == ["stock"]:
        ray.init(address="local")
        try:
            live()
        finally:
            ray.shutdown()
    else:
        with joined(None):
            live()


if __name__ == "__main__":
    main()
