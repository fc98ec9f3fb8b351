"""Watch a server for a while: what it costs, and what its viewers see."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from benchmarks.loopback.audience import Audience, Seen
from benchmarks.loopback.dialects import DIALECTS
from benchmarks.loopback.kinds import Kind
from benchmarks.loopback.viewers import Viewer
from benchmarks.servers import cpu_seconds, memory_mb, ready

STEERED = 10
STEERING = 5e3
"""Milliseconds after which no other command is begun, however few there were."""


@dataclass
class House:
    """A server with its viewers: one decodes, in this process, the others are the audience."""

    first: Viewer
    others: Audience
    mark: str

    @classmethod
    @asynccontextmanager
    async def open(
        cls, kind: Kind, viewers: int, options: Sequence[str] = (), *, sound: bool = False
    ) -> AsyncIterator[Self]:
        """Start a server, and bring so many viewers in; all see something when it begins."""
        track = "audio" if sound else "video"
        with kind.run(*options) as (url, mark):
            await ready(url, kind.dialect != "ours")
            first = Viewer(decoding=not sound, dialect=DIALECTS[kind.dialect], kind=track)
            try:
                await first.watch(url)
                async with Audience(url, viewers - 1, kind.dialect, track) as others:
                    yield cls(first, others, mark)
            finally:
                await first.close()

    async def measure(self, seconds: float) -> dict[str, float]:
        """Return what the server uses meanwhile, and what is seen."""
        await self.others.forget()
        self.first.forget()
        cpu, own, began = cpu_seconds(self.mark), time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        took = time.perf_counter() - began
        cores = (cpu_seconds(self.mark) - cpu) / took
        rate = self.first.octets * 8e-6 / took
        mine = Seen.by([self.first], took, time.process_time() - own)
        seen = mine + await self.others.seen()
        return {
            "cores": cores,
            "viewers' cores": seen.cpu_seconds / took,
            "memory, MB": memory_mb(self.mark),
            "Mb/s": rate,
            "fps": min(seen.rates),
            "longest gap, ms": max(seen.gaps),
            **glass(self.first.latencies),
            "connect, ms": statistics.median(seen.connects),
            "first picture, ms": statistics.median(seen.firsts),
        }

    async def steered(self) -> float:
        """Return the milliseconds from a command to a pixel, the median of several."""
        took: list[float] = []
        while len(took) < STEERED and sum(took) < STEERING:
            took.append(await self.first.steer(len(took) % 2 == 0))
        return statistics.median(took)


def glass(latencies: Sequence[int]) -> dict[str, float]:
    """Return the figures of milliseconds from drawing to decoded; none where nothing was."""
    if not latencies:
        return {}
    ordered = sorted(latencies)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return {"glass p50, ms": statistics.median(ordered), "glass p95, ms": p95}
