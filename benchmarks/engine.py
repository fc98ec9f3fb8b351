"""What the engine costs per picture: from `emit` to queued, and the conversion into a slot.

python -m benchmarks.engine

The engine's own cost is that of everything but the colour conversion: checking, splitting, credits,
the hand-over to the clients' loop and the frame queue. The baseline is a plain copy of the picture.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Direction, Kind, Tick, Track
from reactor_actors.core.messages import FromModel, ToModel
from reactor_actors.core.pixels import i420_shape, to_i420, to_rgb
from reactor_actors.core.ports import Feed
from reactor_actors.engine.stage import Stage
from reactor_actors.flow.queue import FrameQueue
from reactor_actors.links.direct import DirectLink

HEIGHT, WIDTH = 720, 1280
ROUNDS, CALLS = 7, 60


class Clients:
    """A clients' side that queues every tick and plays it at once."""

    def __init__(self) -> None:
        self.queue = FrameQueue(4, 30.0)
        self.link: DirectLink | None = None

    def push(self, tick: Tick) -> None:
        now = time.monotonic()
        self.queue.push(tick, now)
        self.queue.play(now)
        if self.link is not None:
            self.link.grant(self.queue.grant())

    def cut(self, epoch: int, black: bool) -> None:
        self.queue.cut(epoch)

    def set_rate(self, fps: float) -> None:
        self.queue.set_rate(fps)

    def receive(self, message: FromModel) -> None:
        pass


class NoModel:
    """A model's side that is never told anything."""

    def deliver(self, message: ToModel) -> None:
        pass

    def feed(self, frame: Feed) -> None:
        pass


async def emit_costs(picture: np.ndarray) -> list[float]:
    """Return milliseconds per emit, one figure per round, with everything on one loop."""
    track = Track("main_video", Kind.VIDEO, Direction.OUT)
    contract = Contract("bench", tracks=(track,), fps=1e6, buffer_size=4)
    clients = Clients()
    clients.queue = FrameQueue(4, 1e6)
    link = clients.link = DirectLink(contract, NoModel(), clients, asyncio.get_running_loop())
    stage = Stage({track.name: track}, contract.fps)
    stage.attach(link, contract.buffer_size)
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(CALLS):
            await stage.emit(stage.prepare({track.name: picture}))
        rounds.append((time.perf_counter() - began) / CALLS * 1e3)
    return rounds


def costs(call: Callable[[], object]) -> list[float]:
    """Return milliseconds per call, one figure per round."""
    call()
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(CALLS):
            call()
        rounds.append((time.perf_counter() - began) / CALLS * 1e3)
    return rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to a file")
    arguments = parser.parse_args()
    picture = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    slot = np.empty(i420_shape(HEIGHT, WIDTH), np.uint8)
    tiny = np.zeros((2, 2, 3), np.uint8)
    figures = {
        "copy of an RGB picture (baseline)": costs(picture.copy),
        "RGB to I420 into a slot": costs(lambda: to_i420(picture, slot)),
        "I420 to RGB, as read() does": costs(lambda: to_rgb(slot)),
        "engine: emit to queued, without conversion": asyncio.run(emit_costs(tiny)),
        "engine: emit to queued, with conversion": asyncio.run(emit_costs(picture)),
    }
    base = statistics.median(next(iter(figures.values())))
    print(f"one {WIDTH}x{HEIGHT} picture, milliseconds over {ROUNDS} rounds of {CALLS}")
    print(f"{'':45} {'min':>8} {'median':>8} {'max':>8} {'ratio':>8}")
    for name, rounds in figures.items():
        median = statistics.median(rounds)
        print(f"{name:45} {min(rounds):8.3f} {median:8.3f} {max(rounds):8.3f} {median / base:8.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
