"""Serve one model in one process: the model on its thread, everything else on the event loop."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from reactor_actors.core import events as ev
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError
from reactor_actors.engine.host import ModelHost
from reactor_actors.links.direct import DirectLink
from reactor_actors.loader import ModelSource, load_program
from reactor_actors.transports.server import ServerSettings, TransportServer

log = logging.getLogger("reactor_actors")


async def serve(
    source: ModelSource,
    settings: ServerSettings,
    *,
    version: str,
    started: Callable[[str], None],
    loaded: Callable[[Contract], None],
) -> bool:
    """Serve a model until SIGINT or SIGTERM; return whether the end was a clean one.

    `started` is called with the address, `loaded` with what the model declares. A model that
    crashes is not restarted here, since its thread cannot be: the server answers 503 until it is
    stopped. Raises `SetupError` or `ModelError` when the model cannot be loaded.
    """
    stop = _until_signalled()
    server = TransportServer(settings, model=source.manifest.name, version=version)
    host = ModelHost(lambda: load_program(source))
    try:
        await server.start()
        started(server.url)
        began = time.monotonic()
        contract = await _loaded(host, stop)
        if contract is None:
            return True
        link = DirectLink(contract, host, server.host, asyncio.get_running_loop())
        server.attach(link, contract, time.monotonic() - began)
        ended = host.serve(link)
        loaded(contract)
        return await _ended(server, ended, stop)
    finally:
        await server.close()
        host.stop()
        if not await asyncio.to_thread(host.close):
            log.warning("the model still computes; its thread is abandoned")


async def _loaded(host: ModelHost, stop: asyncio.Event) -> Contract | None:
    """Wait for the model to load. None: the server is stopped first."""
    loading = asyncio.wrap_future(host.load())
    if await _first(loading, stop):
        return loading.result()
    loading.cancel()
    return None


async def _ended(server: TransportServer, model: Future[None], stop: asyncio.Event) -> bool:
    """Serve until stopped; a model that ends by itself is given up."""
    ended = asyncio.wrap_future(model)
    if not await _first(ended, stop):
        return True
    error = ended.exception()
    if isinstance(error, ModelError):
        log.error("%s\n%s", error.message, error.detail)
    elif error is not None:
        log.error("the model has stopped", exc_info=error)
    server.host.detach(ev.ModelGivenUp())
    await stop.wait()
    return False


async def _first(work: asyncio.Future[Any], stop: asyncio.Event) -> bool:
    """Wait for either; return whether the work has ended."""
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    return work.done()


def _until_signalled() -> asyncio.Event:
    """Return an event that the first SIGINT or SIGTERM sets; a second one ends the process."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def signalled(number: int) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signalled, number)
    return stop
