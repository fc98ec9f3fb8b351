"""Serve one model until somebody wants it to end. What `reactor-actors serve` does."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reactor_actors.actors.cluster import Deployment, Order, joined
from reactor_actors.actors.scale import Scale
from reactor_actors.core.contract import Contract
from reactor_actors.loader import ModelSource
from reactor_actors.transports.server import ServerSettings

POLL_SECONDS = 0.1


def serve(
    source: ModelSource,
    settings: ServerSettings,
    *,
    version: str,
    level: int,
    address: str | None,
    started: Callable[[str], None],
    loaded: Callable[[Contract], None],
) -> bool:
    """Serve a model until SIGINT or SIGTERM; return whether the end was a clean one.

    `started` is called with the address, `loaded` with what the model declares. A model that has
    been given up leaves the server answering, until it is stopped. Raises `SetupError` or
    `ModelError` for a model that cannot be declared or loaded at all.
    """
    with _until_signalled() as stopped, joined(address):
        deployment = Deployment(Order(source, settings, Scale(), version, level))
        try:
            started(deployment.url)
            announced, ended = False, None
            while not stopped():
                if ended is not None:
                    time.sleep(POLL_SECONDS)  # given up: the server answers until it is stopped
                    continue
                ended = deployment.ended(POLL_SECONDS)
                if not announced and (contract := deployment.contract()) is not None:
                    loaded(contract)
                    announced = True
            return ended is not False
        finally:
            deployment.stop()


@contextmanager
def _until_signalled() -> Iterator[Callable[[], bool]]:
    """Yield a question: has SIGINT or SIGTERM come? A second one ends the process at once."""
    came: list[int] = []

    def signalled(number: int, frame: object) -> None:
        if came:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        came.append(number)

    before = {
        number: signal.signal(number, signalled) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
