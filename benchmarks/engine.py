"""What the engine costs per picture: from `emit` to queued, and the conversion into a slot.

python -m benchmarks.engine [--runs 7] [--full]

The engine's own cost is that of everything but the colour conversion: checking, splitting, credits,
the hand-over to the clients' loop and the frame queue. The baseline is a plain copy of the RGB
picture. Every figure is the mean of a round of calls, one round a run; CPU is that of all threads,
of which cv2 takes several. With --full also at other sizes, which shows what grows with them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report, options, tell, turns
from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Direction, Kind, Tick, Track
from reactor_actors.core.messages import FromModel, ToModel
from reactor_actors.core.pixels import i420_shape, to_i420, to_rgb
from reactor_actors.core.ports import Feed
from reactor_actors.engine.stage import Stage
from reactor_actors.flow.queue import FrameQueue
from reactor_actors.links.direct import DirectLink

CALLS = 60
HEIGHT = 720
HEIGHTS = (360, 720, 1080, 2160)
COPY = "copy of an RGB picture"
BARE = "emit to queued, without conversion"


class Clients:
    """A clients' side that queues every tick and plays it at once."""

    def __init__(self) -> None:
        self.queue = FrameQueue(4, 1e6)
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


class Clock:
    """Tells what a round of calls has taken since it was made, for each of them."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def figures(self) -> dict[str, float]:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return {"ms": wall / CALLS * 1e3, "CPU, ms": cpu / CALLS * 1e3}


def called(call: Callable[[], object]) -> dict[str, float]:
    """Call it, and return what one call took."""
    call()
    clock = Clock()
    for _ in range(CALLS):
        call()
    return clock.figures()


async def emitted(picture: NDArray[np.uint8]) -> dict[str, float]:
    """Emit a picture with everything on one loop, and return what one `emit` took."""
    track = Track("main_video", Kind.VIDEO, Direction.OUT)
    contract = Contract("bench", tracks=(track,), fps=1e6, buffer_size=4)
    clients = Clients()
    link = clients.link = DirectLink(contract, NoModel(), clients, asyncio.get_running_loop())
    stage = Stage({track.name: track}, contract.fps)
    stage.attach(link, contract.buffer_size)
    clock = Clock()
    for number in range(1 + CALLS):
        if number == 1:
            clock = Clock()
        await stage.emit(stage.prepare({track.name: picture}))
    return clock.figures()


def measured(height: int) -> dict[str, dict[str, float]]:
    """Measure every row once, with pictures of 16:9."""
    width = height * 16 // 9
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    copy, slot = np.empty_like(picture), np.empty(i420_shape(height, width), np.uint8)
    return {
        COPY: called(lambda: np.copyto(copy, picture)),
        "RGB to I420 into a slot": called(lambda: to_i420(picture, slot)),
        "I420 to RGB, as read() does": called(lambda: to_rgb(slot)),
        BARE: asyncio.run(emitted(np.zeros((2, 2, 3), np.uint8))),
        "emit to queued, with conversion": asyncio.run(emitted(picture)),
    }


def main() -> None:
    parser = options(__doc__)
    parser.set_defaults(runs=7)
    arguments = parser.parse_args()
    report = Report(
        "engine",
        f"One picture, 16:9; milliseconds, the mean of {CALLS} calls.",
        COPY,
        "rows of the picture" if arguments.full else "",
    )
    for _ in turns(arguments.runs):
        for height in HEIGHTS if arguments.full else (HEIGHT,):
            for series, figures in measured(height).items():
                grows = arguments.full and series != BARE
                report.add(series, figures, height if grows else None)
    tell(report, arguments.json)


if __name__ == "__main__":
    main()
