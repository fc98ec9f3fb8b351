"""`record`: one model in this process, behind the same session as viewers have, into files.

The shell around what others decide: `Session` what a command means, `Playout` which tick is due,
`Script` what is said and when, `Timeline` when a picture is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.media import Direction
from reactor_actors.core.session import Limits
from reactor_actors.core.wire import inbound, outbound
from reactor_actors.engine.host import ModelHost
from reactor_actors.headless.feeding import Feeding
from reactor_actors.headless.files import files_for
from reactor_actors.headless.lockstep import Lockstep
from reactor_actors.headless.orders import Audience, Orders, Outcome
from reactor_actors.headless.recorder import Recorder
from reactor_actors.headless.script import Script, check, entry_of
from reactor_actors.headless.sources import Source, sources_for
from reactor_actors.headless.stillness import Stillness, Verdict
from reactor_actors.headless.timeline import Timeline, WallClock
from reactor_actors.links.direct import DirectLink
from reactor_actors.loader import load_program
from reactor_actors.transports.host import TransportHost

SECONDS = 10.0
"""How long a recording is, unless something says so."""

AT_ONCE = 1e6
"""A rate at which playout never waits for the time of a tick."""

QUIET_SECONDS = 0.02
"""How often a model is looked at that may wait for something."""

WIND_DOWN_SECONDS = 10.0
CLIENT = "headless"


class Run:
    """One run, from the loading of the model to the last file. Lives on one event loop."""

    def __init__(self, orders: Orders, audience: Audience) -> None:
        self._orders = orders
        self._audience = audience
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[str] = self._loop.create_future()
        self._failure: Exception | None = None
        self._host = ModelHost(lambda: load_program(orders.source))
        self._sources: Mapping[str, Source] = {}
        self._script = Script(())
        self._lockstep: Lockstep | None = None
        self._numbers = 0

    def interrupt(self) -> None:
        """End it here: what there is becomes whole files."""
        self._finish("interrupted")

    async def perform(self) -> Outcome:
        """Run until the end; return what came of it. Raises what is wrong before the start."""
        try:
            contract = await self._load()
            if contract is None:
                return Outcome(0, 0.0, (), self._over.result())
            self._prepare(contract)
            try:
                await self._play(contract)
            finally:
                outcome = await self._conclude()
            return outcome
        finally:
            for source in self._sources.values():
                source.close()
            self._host.stop()
            await asyncio.to_thread(self._host.close)

    def _check(self, contract: Contract) -> None:
        """Refuse what the model does not declare, before it loads. Belongs to its thread."""
        orders = self._orders
        entries = [entry_of(word, contract) for word in orders.changes] + list(orders.script)
        check(entries, contract)
        self._script = Script(entries)
        files_for(orders.out, contract, contract.fps)  # made again: loading may change the rate
        self._sources = sources_for(list(orders.inputs), contract)

    async def _load(self) -> Contract | None:
        """Load the model; None: it was interrupted."""
        self._audience.loading(self._orders.source.manifest.name)
        loading: asyncio.Future[Contract] = asyncio.wrap_future(self._host.load(self._check))
        either: tuple[asyncio.Future[Any], ...] = (loading, self._over)
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not loading.done():
            loading.cancel()
            return None
        return loading.result()

    def _prepare(self, contract: Contract) -> None:
        """Make what a loaded model is run with."""
        orders = self._orders
        self._fps = orders.fps or contract.fps
        files = files_for(orders.out, contract, self._fps)
        self._clock = WallClock(self._loop.time) if orders.realtime else Timeline(self._fps)
        self._frames, self._seconds = self._limits()
        self._recorder = Recorder(files, self._clock, shown=self._shown, failed=self._fail)
        self._transport = TransportHost(self._recorder, limits=Limits(orphan=0.0))
        self._feeding = Feeding(self._sources, self._transport.feed, 1.0 / self._fps)
        for name in contract.tracks_towards(Direction.IN):
            if name not in self._sources:
                self._audience.note(f"nothing feeds the input {name}: see --input")

    def _limits(self) -> tuple[int | None, float | None]:
        """Return after how many pictures, or seconds, it is over."""
        orders = self._orders
        if orders.frames is not None or orders.seconds is not None:
            return orders.frames, orders.seconds
        lengths = [s.seconds for s in self._sources.values() if s.seconds is not None]
        return None, max(lengths, default=SECONDS)

    async def _play(self, contract: Contract) -> None:
        total = self._frames if self._frames is not None else self._seconds
        self._audience.started(contract, total, in_frames=self._frames is not None)
        self._join(contract)
        watching = self._loop.create_task(self._watch())
        try:
            either: tuple[asyncio.Future[Any], ...] = (watching, self._over)
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            await asyncio.wait({watching})
        error = None if watching.cancelled() else watching.exception()
        if error is not None and self._failure is None:
            raise error

    def _join(self, contract: Contract) -> None:
        """Open the session, take part in it, and let the model begin."""
        link: DirectLink | Lockstep
        if self._orders.realtime:
            link = DirectLink(contract, self._host, self._transport, self._loop)
            self._transport.attach(link, contract)
        else:
            link = Lockstep(self._host, self._transport, self._loop, self._rated(contract))
            self._lockstep = link
            self._transport.attach(link, replace(contract, fps=AT_ONCE))
        self._transport.start(CLIENT)
        self._transport.join(_Viewer(self._told, self._closed))
        # Before the model's loop is there: so they are handled before the first turn.
        self._say_what_is_due()
        self._host.serve(link).add_done_callback(self._notice)

    def _rated(self, contract: Contract) -> Callable[[float], None]:
        """Return what follows from a rate that the model asks for.

        A rate that was measured is that of this machine, today: only one the author has set counts.
        """
        clock = self._clock
        if contract.pinned and self._orders.fps is None and isinstance(clock, Timeline):
            return clock.set_rate
        return lambda fps: None

    def _shown(self) -> None:
        """Go on after a tick: the model waits until this returns."""
        frames, now = self._recorder.frames, self._clock.now
        self._audience.progress(frames, now)
        enough = self._frames is not None and frames >= self._frames
        if enough or (self._seconds is not None and now >= self._seconds - 1e-6):
            self._recorder.stop()
            self._finish("")
            return
        self._say_what_is_due()
        self._feed()

    def _say_what_is_due(self) -> None:
        frames, now = self._recorder.frames, self._clock.now
        for entry in self._script.due(frames, now):
            self._audience.asked(entry, frames, now)
            self._numbers += 1
            request = f"{CLIENT}-{self._numbers}"
            if self._lockstep is not None:
                self._lockstep.hold(request)
            said = inbound.Command(request, entry.command, dict(entry.args))
            self._transport.hear(CLIENT, said)

    def _feed(self) -> None:
        try:
            self._feeding.to(self._clock.now)
        except Exception as error:
            self._fail(SetupError(f"--input: a file cannot be read to its end: {error}"))

    async def _watch(self) -> None:
        """Let inputs go on while the model waits for them; notice one that shows nothing."""
        await asyncio.wrap_future(self._host.settle())
        self._feed()
        interval, live = 1.0 / self._fps, self._orders.realtime
        still = Stillness(self._loop.time(), interval, self._orders.patience)
        while not self._over.done():
            await asyncio.sleep(QUIET_SECONDS)
            if live:
                self._say_what_is_due()
                self._feed()
            match still.look(self._loop.time(), self._recorder.ticks):
                case Verdict.HOPELESS:
                    told = f"nothing was emitted for {still.seconds:.3g} s{self._whereabouts()}"
                    self._fail(ModelError(told))
                case Verdict.NEWS:
                    told = f"nothing emitted for {still.seconds:.3g} s{self._whereabouts()}"
                    self._audience.note(told)
                case Verdict.STALLED if not live and await self._free():
                    self._feeding.hurry(QUIET_SECONDS)
                    self._feed()

    async def _free(self) -> bool:
        """Whether the model's thread comes back at once: then it may wait for input."""
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await asyncio.wrap_future(self._host.breathe())
        except TimeoutError:
            return False
        return True

    def _whereabouts(self) -> str:
        """Say what a model does that shows nothing."""
        if stack := self._host.stack():
            return f"; it is {stack}".rstrip()
        if waiting := self._script.waiting:
            return (
                f"; {waiting[0].place} is due at {waiting[0].moment}, and only pictures bring that "
                "nearer: say it at 0, or use --realtime"
            )
        return "; it waits for something, and its thread is free"

    def _told(self, message: outbound.Outbound) -> None:
        self._audience.told(message, self._recorder.frames, self._clock.now)
        match message:
            case (
                outbound.Ack(str(request))
                | outbound.Reply(str(request))
                | outbound.Failure(str(request))
            ) if self._lockstep is not None:
                self._lockstep.answered(request)
            case outbound.SessionEnded("error"):
                self._fail(ModelError("the model has ended its session with an error"))
            case outbound.SessionEnded():
                self._finish("the model has ended the session")

    def _closed(self) -> None:
        self._finish("the session is over")

    def _notice(self, ended: Future[None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits for it any more
            self._loop.call_soon_threadsafe(self._model_ended, ended)

    def _model_ended(self, future: Future[None]) -> None:
        if not future.cancelled() and isinstance(error := future.exception(), Exception):
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self._over.done():
            self._failure = error
        self._finish("failed")

    def _finish(self, end: str) -> None:
        if not self._over.done():
            self._over.set_result(end)

    async def _conclude(self) -> Outcome:
        """Wind the session down, then finish the files."""
        self._recorder.stop()
        self._finish("interrupted")
        self._audience.finishing()
        self._transport.stop()
        await self._transport.wound_down(0.0 if self._failure else WIND_DOWN_SECONDS)
        paths: list[Path] = []
        try:
            paths = await asyncio.to_thread(self._recorder.close)
        except Exception as error:
            self._failure = self._failure or error
        with suppress(Exception):
            await self._transport.close()
        return Outcome(
            self._recorder.frames,
            self._recorder.end,
            tuple(paths),
            self._over.result(),
            self._script.waiting,
            self._failure,
        )


class _Viewer:
    """The one client of the session."""

    client = CLIENT

    def __init__(
        self, told: Callable[[outbound.Outbound], None], closed: Callable[[], None]
    ) -> None:
        self._told = told
        self._closed = closed

    def tell(self, message: outbound.Outbound) -> None:
        """Pass on what it is told."""
        self._told(message)

    def close(self) -> None:
        """Note the end."""
        self._closed()
