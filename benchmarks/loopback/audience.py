"""`Audience`: viewers who only count, in a process of their own.

python -m benchmarks.loopback.audience URL COUNT DIALECT KIND

Each order is a line on standard input, each answer one of JSON on standard output. The end of the
input sends the viewers home.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from benchmarks.loopback.dialects import DIALECTS
from benchmarks.loopback.viewers import Viewer

FORGET, TELL = "forget", "tell"
PATIENCE = 90.0
"""Seconds in which all of them must see something."""


@dataclass
class Seen:
    """What viewers have seen since they were told to forget; one figure a viewer."""

    rates: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    connects: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    @classmethod
    def by(cls, viewers: list[Viewer], seconds: float, cpu_seconds: float) -> Self:
        """Ask viewers of one process what they have seen."""
        return cls(
            [len(viewer.arrivals) / seconds for viewer in viewers],
            [viewer.longest_gap() for viewer in viewers],
            [1e3 * viewer.connect_seconds for viewer in viewers],
            [1e3 * viewer.first_picture_seconds for viewer in viewers],
            cpu_seconds,
        )

    def __add__(self, other: Seen) -> Seen:
        mine, others = asdict(self), asdict(other)
        return Seen(**{name: mine[name] + others[name] for name in mine})


class Audience:
    """So many viewers of a server, from coming to leaving. None of them need no process."""

    def __init__(self, url: str, count: int, dialect: str, kind: str) -> None:
        self._arguments = (url, str(count), dialect, kind)
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        """Come in; returns when all of them see something."""
        if self._arguments[1] == "0":
            return self
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.loopback.audience", *self._arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the benchmark, which sends them home
        )
        try:
            await self._told()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send them home, and wait until they have gone."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._process.wait()
        finally:
            if self._process.returncode is None:
                self._process.kill()

    async def forget(self) -> None:
        """Begin the measured time; returns when it has begun."""
        await self._ordered(FORGET)

    async def seen(self) -> Seen:
        """Return what they have seen since."""
        return Seen(**await self._ordered(TELL))

    async def _ordered(self, order: str) -> dict[str, Any]:
        if self._process is None:
            return {}
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n".encode())
        return await self._told()

    async def _told(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = await self._process.stdout.readline()
        if not line:
            raise ConnectionError("the audience has left: see above")
        told: dict[str, Any] = json.loads(line)
        return told


async def sit(url: str, count: int, dialect: str, kind: str) -> None:
    """Bring viewers in, one after the other, and follow the orders until they end."""
    loop, orders = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    viewers = [Viewer(decoding=False, dialect=DIALECTS[dialect], kind=kind) for _ in range(count)]
    try:
        for viewer in viewers:
            await viewer.watch(url)
        print("{}", flush=True)
        began, cpu = time.perf_counter(), time.process_time()
        async for order in orders:
            if order.decode().strip() == FORGET:
                began, cpu = time.perf_counter(), time.process_time()
                for viewer in viewers:
                    viewer.forget()
                print("{}", flush=True)
            else:
                took, used = time.perf_counter() - began, time.process_time() - cpu
                print(json.dumps(asdict(Seen.by(viewers, took, used))), flush=True)
    finally:
        await asyncio.gather(*(viewer.close() for viewer in viewers))


def main() -> None:
    logging.basicConfig(level=logging.CRITICAL)  # what aiortc has to say of single packets
    url, count, dialect, kind = sys.argv[1:]
    asyncio.run(sit(url, int(count), dialect, kind))


if __name__ == "__main__":
    main()
