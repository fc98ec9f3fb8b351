"""`Supervisor`: keep one replica's model alive, within its budget. Knows no Ray.

One long call runs the model; when it ends, something has happened. What that means is decided by
`core.restarts`; this shell waits, tells the session, and starts the next one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.core.restarts import GiveUp, Restarts
from reactor_actors.links.local import ClientsEnd
from reactor_actors.links.meeting import Address, Listener
from reactor_actors.transports.server import TransportServer

log = logging.getLogger("reactor_actors.supervisor")

MEET_SECONDS = 10.0
STOP_SECONDS = 5.0


class Replica(Protocol):
    """A model's process, as the supervisor drives it."""

    async def load(self) -> Contract:
        """Load the model. Raises `SetupError` or `ModelError`, or whatever tells of its death."""

    async def run(self, address: Address) -> None:
        """Run until the model ends; returns after `stop`, raises otherwise."""

    async def stop(self) -> None:
        """Ask the model to end."""

    def kill(self) -> None:
        """End the process, whatever it does."""


class Supervisor:
    """The life of one replica: load, run, and again after a failure, until given up or stopped."""

    def __init__(
        self,
        server: TransportServer,
        spawn: Callable[[], Replica],
        *,
        restarts: Restarts | None = None,
    ) -> None:
        self._server = server
        self._spawn = spawn
        self._restarts = restarts or Restarts()
        self._replica: Replica | None = None
        self._stopping = asyncio.Event()
        self._ever_loaded = False

    async def keep(self) -> bool:
        """Keep the model alive; return True once stopped, False once given up.

        Raises `SetupError` or `ModelError` for a declaration that no restart can mend.
        """
        while not self._stopping.is_set():
            try:
                await self._live()
                continue
            except Exception as error:
                failure = error
            if self._stopping.is_set():
                break
            lost = time.monotonic()
            final = isinstance(failure, SetupError) and not self._ever_loaded
            verdict = self._restarts.failed(told(failure), lost, final=final)
            self._report(failure)
            self._server.lose(verdict.event(lost))
            if isinstance(verdict, GiveUp):
                if final:
                    raise failure
                log.error("the model is given up: %s", verdict.reason)
                return False
            log.warning("the model restarts in %g s", verdict.seconds)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), verdict.seconds)
        return True

    async def stop(self) -> None:
        """End the model; `keep` returns."""
        self._stopping.set()
        if self._replica is not None:
            with suppress(Exception):
                await asyncio.wait_for(self._replica.stop(), STOP_SECONDS)

    def replace(self) -> None:
        """End a model that does not come back from author code; `keep` starts another."""
        if self._replica is not None:
            self._replica.kill()

    async def _live(self) -> None:
        """Bring one process from its start to its end."""
        replica = self._replica = self._spawn()
        began = time.monotonic()
        try:
            contract = await replica.load()
            listener = Listener()
            running = asyncio.ensure_future(replica.run(listener.address))
            try:
                end = await self._meet(listener, running)
            finally:
                listener.close()
            try:
                self._server.attach(end, contract, time.monotonic() - began)
                self._ever_loaded = True
                end.start()
                await running
            finally:
                end.close()
        finally:
            self._replica = None
            replica.kill()

    async def _meet(self, listener: Listener, running: asyncio.Future[None]) -> ClientsEnd:
        """Wait for the model's end of the link, or for the model to fail first."""
        accepting = asyncio.ensure_future(listener.accept())
        try:
            async with asyncio.timeout(MEET_SECONDS):
                ends: list[asyncio.Future[Any]] = [accepting, running]
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not accepting.done():
                accepting.cancel()
        if not accepting.done() or accepting.cancelled():
            running.result()
        return ClientsEnd(accepting.result(), self._server.host)

    def _report(self, failure: Exception) -> None:
        if isinstance(failure, ModelError | SetupError) and failure.detail:
            log.error("%s\n%s", failure.message, failure.detail.rstrip())
        else:
            log.error("the model's process has ended: %s", told(failure))


def told(failure: BaseException) -> str:
    """Return a failure in one line."""
    text = str(failure).strip().splitlines()
    return text[0] if text else type(failure).__name__
