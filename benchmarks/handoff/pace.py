"""What all the hand-offs have in common: the pictures, their pace, and who takes them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import FromModel, Grant, ToModel
from reactor_actors.core.ports import Feed, ModelPort

HEIGHT, WIDTH, FPS = 720, 1280, 30.0
WARM_UP = 24
THREADS = "HANDOFF_THREADS"


@dataclass(frozen=True)
class Figures:
    """The latencies in milliseconds, and the CPU that one picture cost."""

    latencies: list[float]
    cpu: float


def limit_threads() -> None:
    """Do in every process what `--threads` asks for."""
    if THREADS in os.environ:
        cv2.setNumThreads(int(os.environ[THREADS]))


def contract(size: int) -> Contract:
    """Return a contract whose bound lets a whole batch in."""
    return Contract("bench", buffer_size=max(4, size), fps=FPS)


def picture() -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def batch(size: int) -> Batch:
    return Batch(size, {"main": np.stack([picture()] * size) if size > 1 else picture()})


async def paced(count: int, size: int, each: Callable[[], Any]) -> tuple[list[float], float]:
    """Call `each` for every batch of `count` pictures, at their rate.

    Return when the call for each picture began, and the CPU that they took after the warm-up.
    """
    began: list[float] = []
    start, cpu = time.monotonic(), 0.0
    for number in range(0, count, size):
        await asyncio.sleep(max(0.0, start + number / FPS - time.monotonic()))
        if number == WARM_UP:
            cpu = time.process_time()
        began += [time.monotonic()] * size
        await each()
    return began, time.process_time() - cpu


def latencies(began: list[float], arrived: list[float]) -> list[float]:
    pairs = zip(began, arrived, strict=True)
    return [(end - start) * 1e3 for start, end in pairs][WARM_UP:]


class NoModel:
    def deliver(self, message: ToModel) -> None:
        pass

    def feed(self, frame: Feed) -> None:
        pass


class Clients:
    """Plays every tick at once; keeps the last picture, as a screen does."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        self.link: ModelPort | None = None
        self.ended = asyncio.Event()
        self.last: Tick | None = None

    def push(self, tick: Tick) -> None:
        self.arrived.append(time.monotonic())
        assert self.link is not None
        self.link.grant(Grant(len(self.arrived), float("-inf"), 1 / FPS, 0.0))
        self.last = tick

    def cut(self, epoch: int, black: bool) -> None:
        pass

    def set_rate(self, fps: float) -> None:
        pass

    def receive(self, message: FromModel) -> None:
        self.ended.set()
