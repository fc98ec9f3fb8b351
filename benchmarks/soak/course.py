"""`Soak`: one soak from beginning to end, in phases of load with a rest after each."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp

from benchmarks.report import Report
from benchmarks.servers import ready
from benchmarks.soak.people import Findings, Guests, Resident
from benchmarks.soak.schedule import GUESTS, Event, Kind, schedule
from benchmarks.soak.serving import Served
from benchmarks.soak.usage import grown, usage
from benchmarks.soak.viewer import GONE, AnswerError, Viewer
from benchmarks.soak.weather import RAIN

LIMIT = 2.0
"""Seconds between two pictures that are too many, unless something has happened."""

LIMIT_IN_RAIN = 4.0

RETURN_SECONDS = 10.0
"""Within which pictures are back after a session was ended for everybody."""

RESTART_SECONDS = 25.0
"""Within which pictures are back after the model failed; up to 4 are supervision's pause."""

REST_SECONDS = 45.0
"""Within which a server that nobody uses holds no more than after the warm-up."""

SETTLED_SECONDS = 15.0
"""How long a rest is at least: whoever vanished has been missed, and the session is over."""

PHASES = 6
SHORT, FEW_PHASES = 600.0, 3
"""A soak shorter than this has fewer phases: each ends with a rest."""

SAMPLES = 24
MOST_GUESTS = 4
LOADED, REST, WARM = "under load", "at rest", "warmed up, at rest"


class Soak:
    """A server, those who watch it, and what is found."""

    def __init__(
        self, served: Served, report: Report, *, seconds: float, seed: int, shared: bool
    ) -> None:
        self.findings = Findings()
        self._served = served
        self._report = report
        self._seconds = seconds
        self._events = schedule(seconds, seed)
        self._sample_seconds = max(5.0, seconds / SAMPLES)
        self._warm: dict[str, float] = {}
        self._failures = 0
        url = served.url
        self._residents = [Resident("resident", url, self.findings, LIMIT)]
        if shared:
            wet = Resident("resident in the rain", url, self.findings, LIMIT_IN_RAIN, RAIN)
            self._residents.append(wet)
        most = MOST_GUESTS if shared else 1
        self._guests = Guests(url, self.findings, seed, most, self._excused)

    async def run(self) -> None:
        """Load the server in phases, and look at what it holds after each."""
        await ready(self._served.url, False)
        phases = PHASES if self._seconds >= SHORT else FEW_PHASES
        phase = self._seconds / phases
        for number in range(phases):
            begin, end = number * phase, (number + 1) * phase
            await self._load([e for e in self._events if begin <= e.at < end], begin, end)
            await self._rest(end)
        await self._count_failures()

    async def _load(self, events: list[Event], begin: float, end: float) -> None:
        """Let happen what is to happen between two moments of the load."""
        async with self._watched():
            began = time.monotonic()
            sampling = asyncio.create_task(self._sample(begin))
            for event in events:
                await asyncio.sleep(began + event.at - begin - time.monotonic())
                await self._happen(event)
            await asyncio.sleep(began + end - begin - time.monotonic())
            await self._undisturbed()
            sampling.cancel()
            with suppress(asyncio.CancelledError):
                await sampling
        await self._guests.all_gone()

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        """Have the residents watch; whatever happens, nobody stays."""
        living = [asyncio.create_task(resident.live()) for resident in self._residents]
        try:
            yield
        except BaseException:
            await self._guests.dismiss()
            raise
        finally:
            for life in living:
                life.cancel()
            for outcome in await asyncio.gather(*living, return_exceptions=True):
                if isinstance(outcome, Exception):
                    raise outcome

    async def _happen(self, event: Event) -> None:
        if event.kind in GUESTS:
            self._guests.come(event)
            return
        await self._undisturbed()
        viewer = self._residents[0].viewer
        if viewer is None:
            self.findings.tell(f"the resident is not there, and nothing excuses it: {event.kind}")
            return
        with suppress(AnswerError, *GONE):
            await self._harm(viewer, event.kind)
            self.findings.happened[event.kind.value] += 1

    async def _harm(self, viewer: Viewer, kind: Kind) -> None:
        if kind is Kind.END:
            self._excuse("after a session's end", RETURN_SECONDS)
            await viewer.stop()
        elif kind is Kind.RAISE:
            self._excuse("after the model raised", RESTART_SECONDS)
            self._failures += 1
            await viewer.ask("fail")
        else:
            process = int((await viewer.ask("look"))["process"])
            self._excuse("after the model was killed", RESTART_SECONDS)
            self._failures += 1
            os.kill(process, signal.SIGKILL)

    def _excuse(self, why: str, seconds: float) -> None:
        for resident in self._residents:
            resident.watch.excuse(time.monotonic(), why, seconds)

    def _excused(self) -> bool:
        return any(resident.watch.excused(time.monotonic()) for resident in self._residents)

    async def _undisturbed(self) -> None:
        """Wait until nothing excuses a gap any more: a hang before a rest must not go unseen."""
        while self._excused():
            await asyncio.sleep(0.25)

    async def _sample(self, begin: float) -> None:
        """Enter what the server holds, and what was seen, now and then."""
        for number in range(1, 10**6):
            await asyncio.sleep(self._sample_seconds)
            seen = [resident.watch.take() for resident in self._residents]
            figures = usage(self._served.mark)
            if seen[0].pictures:
                figures["fps"] = seen[0].fps
            figures["longest gap, s"] = max(s.longest for s in seen)
            if free := self._residents[0].free:
                figures["slots free"] = max(free)
                free.clear()
            at = (begin + number * self._sample_seconds) / 60
            self._report.add(LOADED, figures, round(at, 2))

    async def _rest(self, at: float) -> None:
        """Wait until the server holds no more than it did after the warm-up, and enter that."""
        deadline = time.monotonic() + REST_SECONDS
        await asyncio.sleep(SETTLED_SECONDS)
        while True:
            held = {**usage(self._served.mark), "connections": await self._connections()}
            over = grown(self._warm, held) if self._warm else []
            if held["connections"]:
                over.append(f"connections {held['connections']:g} while nobody is there")
            if not over or time.monotonic() > deadline:
                break
            await asyncio.sleep(1.0)
        for what in over:
            self.findings.tell(f"at rest: {what}")
        if not self._warm:
            self._warm = held
            self._report.add(WARM, held)
        self._report.add(REST, held, round(at / 60, 2))
        told = ", ".join(f"{name} {value:.5g}" for name, value in held.items())
        print(f"# at rest after {at / 60:.2f} min: {told}", flush=True)

    async def _connections(self) -> float:
        return await self._metric("runtime_connections_active")

    async def _count_failures(self) -> None:
        """See that supervision restarted the model as often as it failed."""
        restarts = await self._metric("runtime_model_restarts_total")
        if restarts != self._failures:
            self.findings.tell(f"{self._failures} failures, but {restarts:g} restarts")

    async def _metric(self, name: str) -> float:
        async with aiohttp.ClientSession() as http, http.get(f"{self._served.url}/metrics") as told:
            lines = (await told.text()).splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def recoveries(self) -> dict[str, list[float]]:
        """Return how long pictures stayed away, by what had happened."""
        seen: dict[str, list[float]] = {}
        for resident in self._residents:
            for why, gaps in resident.watch.recoveries.items():
                seen.setdefault(why, []).extend(gaps)
        return seen
