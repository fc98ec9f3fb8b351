"""`Commands`: one command after the other at a steady rate, and when each is answered."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

from reactor_actors.load import words

PATIENCE = 2.0
"""Seconds in which what is still open may be answered at the end."""


class Commands:
    """The commands of one viewer of ours."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._said: dict[str, float] = {}
        self._answers: list[tuple[float, float]] = []
        channel.on("message", self._heard)

    async def say(self, rate: float, seconds: float) -> dict[str, float]:
        """Say so many a second, and return how many were answered in that time, and how soon."""
        began = time.perf_counter()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            name = f"command-{number}"
            self._said[name] = time.perf_counter()
            self._channel.send(words.command(name, "set_flag", {"flag": number % 2 == 0}))
        await asyncio.sleep(max(0.0, began + seconds - time.perf_counter()))
        in_time = sum(when <= began + seconds for when, _ in self._answers)
        await self._rest()
        waits = [wait for _, wait in self._answers]
        figures = {"answered a second": in_time / seconds, "unanswered": float(len(self._said))}
        return {**figures, "answer p50, ms": statistics.median(waits)} if waits else figures

    async def _rest(self) -> None:
        until = time.perf_counter() + PATIENCE
        while self._said and time.perf_counter() < until:
            await asyncio.sleep(0.05)

    def _heard(self, payload: Any) -> None:
        answered = words.answer_in(payload, control=False) if isinstance(payload, bytes) else None
        said = self._said.pop(answered[0], None) if answered else None
        if answered is not None and said is not None:
            if answered[1] is not None:
                raise RuntimeError(f"a command has failed: {answered[1]}")
            now = time.perf_counter()
            self._answers.append((now, 1e3 * (now - said)))
