"""`Crowd`: the processes in which viewers live. Each has one owner, and none outlives it."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from reactor_actors.core.errors import SetupError
from reactor_actors.load.plan import READY, Plan, Report, Trouble, read

VIEWERS_EACH = 8
"""How many viewers one process serves with ease: they take about a tenth of a core each."""

READY_SECONDS = 60.0
"""How long a process may take to import what it needs, on a busy machine."""

END_SECONDS = 10.0


def processes_for(viewers: int, cpus: int) -> int:
    """Return how many processes suit so many viewers; the server may need a core, too."""
    return max(1, min(cpus - 1, math.ceil(viewers / VIEWERS_EACH)))


class Crowd:
    """The viewers of a plan. `report` hears of all of them, on the loop that `watch` runs on.

    When `begun` is set, `plan` says when it begins and ends.
    """

    def __init__(self, plan: Plan, seconds: float, report: Callable[[Report], None]) -> None:
        self.plan = plan
        self._seconds = seconds
        self._report = report
        self.begun = asyncio.Event()
        self._processes: list[asyncio.subprocess.Process] = []

    async def watch(self) -> None:
        """Bring the viewers in and out; returns when all have left. Cancel it to call them back.

        Raises `SetupError` where no process can be had.
        """
        count = processes_for(self.plan.viewers, os.cpu_count() or 1)
        try:
            for _ in range(min(count, self.plan.viewers)):
                self._processes.append(await _begun())
            await self._all_ready()
            await self._follow_all()
        finally:
            await asyncio.shield(self._end())

    async def _all_ready(self) -> None:
        try:
            async with asyncio.timeout(READY_SECONDS):
                for process in self._processes:
                    await _ready(process)
        except TimeoutError:
            raise SetupError(f"viewers were not ready after {READY_SECONDS:g} s") from None

    async def _follow_all(self) -> None:
        """Hand out the plan, whose time begins, and hear of everybody."""
        start = time.monotonic()
        end = start + self.plan.ramp + self._seconds
        self.plan = replace(self.plan, start=start, end=end)
        plans = self.plan.dealt(len(self._processes))
        for process, plan in zip(self._processes, plans, strict=True):
            assert process.stdin is not None
            process.stdin.write(plan.to_json().encode() + b"\n")
        self.begun.set()
        await asyncio.gather(*map(self._follow, self._processes, plans))

    async def _follow(self, process: asyncio.subprocess.Process, plan: Plan) -> None:
        await self._read(process)
        if await process.wait() != 0:
            for number in plan.numbers:
                reason = f"the viewers' process has died with status {process.returncode}"
                self._report(Trouble(number, time.monotonic(), reason))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            try:
                self._report(read(line.decode()))
            except ValueError:
                continue  # a library has printed something

    async def _end(self) -> None:
        """Call the viewers back, hear what they still report, and let no process stay."""
        for process in self._processes:
            if process.stdin is not None:
                process.stdin.close()
        reading = [asyncio.create_task(self._read(process)) for process in self._processes]
        if reading:
            await asyncio.wait(reading, timeout=END_SECONDS)
        for process, task in zip(self._processes, reading, strict=True):
            task.cancel()
            if process.returncode is None:
                try:
                    await asyncio.wait_for(process.wait(), 1.0)
                except TimeoutError:
                    process.kill()
                    await process.wait()
        await asyncio.gather(*reading, return_exceptions=True)


async def _begun() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reactor_actors.load.worker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # Ctrl-C is for the command, which calls the viewers back in order.
        start_new_session=True,
    )


async def _ready(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    if (await process.stdout.readline()).decode().strip() != READY:
        raise SetupError("a process of viewers has died before it was ready")
