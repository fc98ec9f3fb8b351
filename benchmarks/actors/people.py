"""Who looks at pictures, who hands them to a queue, and who only answers: actors."""

from __future__ import annotations

import time
from typing import Any

import ray
from numpy.typing import NDArray
from ray.util.queue import Full, Queue

from benchmarks.loopback.clock import Scenery, read, since
from reactor_actors.core.batches import FrameBatch
from reactor_actors.core.pixels import to_i420

FPS = 30.0
TRACK = "main_video"


class Eye:
    """Notes how old each picture is when it is seen; works on every batch for a while."""

    def __init__(self) -> None:
        self._ages: list[float] = []
        self._work = 0.0

    def work(self, seconds: float) -> None:
        """Work for so long on every batch from now on."""
        self._work = seconds

    def taken(self) -> list[float]:
        """Return the ages in milliseconds of what was seen since this was asked last."""
        ages, self._ages = self._ages, []
        return ages

    def _see(self, pictures: Any) -> None:
        self._ages += [float(since(read(picture[: len(picture) * 2 // 3]))) for picture in pictures]
        time.sleep(self._work)


class Subscriber(Eye):
    """Gets what a deployment delivers."""

    def __init__(self) -> None:
        super().__init__()
        self._waited: list[float] = []

    def on_frames(self, batch: FrameBatch) -> None:
        self._waited += [(time.time() - shown) * 1e3 for shown in batch.times]
        self._see(batch.video[TRACK])

    def waited(self) -> list[float]:
        """Return how many milliseconds it took from being shown, since this was asked last."""
        waited, self._waited = self._waited, []
        return waited


class Fetcher(Eye):
    """Takes from a queue whatever waits in it."""

    def run(self, queue: Queue) -> None:
        """Look at pictures until the end of them is told."""
        while True:
            refs = queue.get_nowait_batch(waiting) if (waiting := queue.qsize()) else [queue.get()]
            if None in refs:
                return
            self._see(ray.get([ref for [ref] in refs]))


class Producer:
    """Draws the pictures that the model draws, at its rate, without anything else."""

    def __init__(self) -> None:
        self._dropped = 0
        self._over = False

    def run(self, queue: Queue | None) -> None:
        """Hand pictures over until `stop`; those that find no room are dropped."""
        scenery, number, began = Scenery(), 0, time.monotonic()
        while not self._over:
            picture = to_i420(scenery.draw(number, False))
            if queue is not None:
                self._offer(queue, picture)
            number += 1
            time.sleep(max(0.0, began + number / FPS - time.monotonic()))
        self._over = False
        if queue is not None:
            queue.put(None)

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._over = True

    def dropped(self) -> int:
        """Return how many pictures have found no room."""
        return self._dropped

    def _offer(self, queue: Queue, picture: NDArray[Any]) -> None:
        try:
            queue.put_nowait([ray.put(picture)])
        except Full:
            self._dropped += 1


class Echo:
    """Answers."""

    async def answer(self) -> int:
        return 1


class Through:
    """Asks another actor, and gives its answer."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def answer(self) -> int:
        return int(await self._inner.answer.remote())
