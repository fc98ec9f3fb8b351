"""`Deployment`: what `launch` returns, the hands that a program has on what it serves."""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
import time
import weakref
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Self, TypeVar

from reactor_actors.actors.cluster import joined
from reactor_actors.actors.entrance import Entrance
from reactor_actors.actors.order import Order
from reactor_actors.actors.service import Service
from reactor_actors.core.errors import ModelError, ReactorError, SetupError
from reactor_actors.transports.status import Status

T = TypeVar("T")

log = logging.getLogger("reactor_actors.deployment")

LOADING_SECONDS = 0.1
KEEPING_SECONDS = 5.0
END_SECONDS = 30.0


class Deployment(Entrance):
    """A model being served, until `stop`, the end of a `with` block, or the end of the program.

    It pickles: other actors of the cluster get an `Entrance`, with all but the power to end it. A
    transport whose process dies is started again at the same address; who was connected to it is
    told by `PeerGone`. Methods with an `a` in front are coroutines.
    """

    def __init__(self, order: Order, address: str | None) -> None:
        self._leaving = ExitStack()
        self._stopping = threading.Lock()
        self._keeping: threading.Thread | None = None
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self._ended = False
        cluster = self._leaving.enter_context(joined(address, order.source.manifest))
        try:
            self._service = Service(order, cluster)
        except BaseException:
            self._leaving.close()
            raise
        atexit.register(self.stop)

    @property
    def transport(self) -> Any:
        """The handle of the transport's actor. Belongs to the runtime."""
        if self._ended:
            raise SetupError("this deployment has been stopped")
        return self._service.transport

    @property
    def url(self) -> str:
        """An address at which this machine reaches it."""
        return self._service.url

    def status(self) -> Status:
        """Say how everything stands."""
        return replace(super().status(), url=self.url, dashboard=self._service.dashboard)

    async def astatus(self) -> Status:
        """Do what `status` does, for a program with an event loop."""
        status = await super().astatus()
        return replace(status, url=self.url, dashboard=self._service.dashboard)

    def begin(self, seconds: float | None) -> None:
        """Wait up to `seconds` until every model is loaded; None does not wait.

        Belongs to the runtime. Raises `SetupError` or `ModelError` with the author's traceback when
        one cannot be loaded, and `TimeoutError`; nothing is left behind then.
        """
        try:
            if seconds is not None:
                self._wait_for_models(seconds)
        except BaseException:
            self.stop()
            raise
        self._keeping = threading.Thread(target=self._keep, name="deployment", daemon=True)
        self._keeping.start()

    def stop(self) -> None:
        """End the sessions, the models, the server, and Ray if it was started here. Repeatable.

        What `connect` and `subscribe` have opened is closed first.
        """
        with self._stopping:
            if self._ended:
                return
            for one in list(self._open):
                one.close()
            self._service.stop()
            self._ended = True
            atexit.unregister(self.stop)
        if self._keeping is not None:
            self._keeping.join(END_SECONDS)
        self._leaving.close()

    async def astop(self) -> None:
        """Do what `stop` does, for a program with an event loop."""
        await asyncio.to_thread(self.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.astop()

    def _kept(self, opened: T) -> T:
        self._open.add(opened)
        return opened

    def _wait_for_models(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            ended = self._service.ended(LOADING_SECONDS)
            if (trouble := self._service.trouble()) is not None:
                raise trouble
            if ended is not None:
                raise ModelError("the model has ended before it was loaded")
            status = self._service.status()
            if status.loaded:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"the model is not loaded after {seconds:g} s")

    def _keep(self) -> None:
        """See to it that a transport whose process dies is started again."""
        try:
            while self._service.ended(KEEPING_SECONDS) is None:
                pass
        except ReactorError as error:
            log.error("%s", error)
        except Exception as error:
            # Somebody else has ended Ray, or the whole program ends.
            log.debug("the deployment is looked after no more: %s", error)
