"""Serve one model until somebody wants it to end. What `reactor-actors serve` does.

The main thread owns SIGINT and SIGTERM, and waits. All else happens on a thread of its own: no call
of Ray's, however long it takes, keeps a signal waiting; and Ray, which would put a handler of its
own in place, does so on the main thread only.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from reactor_actors.actors.cluster import joined
from reactor_actors.actors.console import Line, overhearing
from reactor_actors.actors.guard import guarded
from reactor_actors.actors.logs import LogSettings
from reactor_actors.actors.order import Order
from reactor_actors.actors.scale import Scale
from reactor_actors.core.contract import Contract
from reactor_actors.core.media import Direction
from reactor_actors.loader import ModelSource
from reactor_actors.signals import Moment, Signals
from reactor_actors.transports.http.settings import webcam_warning
from reactor_actors.transports.settings import ServerSettings
from reactor_actors.transports.status import Status

log = logging.getLogger("reactor_actors.serving")

LOOK_SECONDS = 0.5
"""How often is looked at how the deployment stands."""

LOADING_SECONDS = 0.2
"""The same while the model loads."""

END_SECONDS = 30.0
"""How long the end may take, before it is no longer waited for."""


class Display(Protocol):
    """Who tells a person how it goes. Every method may be called from any thread; none waits."""

    def line(self, line: Line) -> None:
        """A process of the deployment has written a line."""

    def listening(self, url: str) -> None:
        """The server answers, and the model loads."""

    def loaded(self, contract: Contract, status: Status, seconds: float) -> None:
        """The model is loaded, so many seconds after the beginning."""

    def stands(self, status: Status) -> None:
        """How the deployment stands; told about twice a second."""

    def draining(self, seconds: float) -> None:
        """The running session is given so long to end by itself."""

    def ending(self) -> None:
        """The end has begun."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Deployed(Protocol):
    """A model being served. Every call waits."""

    @property
    def url(self) -> str:
        """Where it is served."""

    def ended(self, seconds: float) -> bool | None:
        """Wait for the end of the model's life: True if stopped, False if given up, None if not."""

    def contract(self) -> Contract | None:
        """Return what the model declares; None while it loads."""

    def status(self) -> Status:
        """Return how it stands."""

    def drain(self, seconds: float) -> bool:
        """Admit nobody more, and wait until no session runs; False if one still does."""

    def stop(self) -> None:
        """End the session, the model and the server, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to be served, and how.

    Attributes:
        source: The model.
        settings: Of the server.
        scale: How large the deployment is.
        logs: What is logged, and how.
        version: Of this library.
        address: The Ray cluster to join; None for one of our own.
        dashboard: Whether one of our own has Ray's dashboard.
        drain: Seconds that SIGTERM waits for the running session to end by itself.
    """

    source: ModelSource
    settings: ServerSettings = field(default_factory=ServerSettings)
    scale: Scale = field(default_factory=Scale)
    logs: LogSettings = field(default_factory=LogSettings)
    version: str
    address: str | None = None
    dashboard: bool = False
    drain: float = 30.0

    @property
    def order(self) -> Order:
        """What is made on the cluster."""
        return Order(self.source, self.settings, self.scale, self.version, self.logs)


@contextmanager
def on_ray(orders: Orders, line: Callable[[Line], None]) -> Iterator[Callable[[], Deployed]]:
    """Join or begin a cluster; yield how a deployment is begun there. Its output goes to `line`."""
    with (
        guarded() if orders.address is None else nullcontext(_nothing) as begun,
        joined(orders.address, orders.source.manifest, dashboard=orders.dashboard) as cluster,
        overhearing(line) as overheard,
    ):
        begun()
        # It takes the better part of a second to import, in which Ray's first workers start.
        from reactor_actors.actors.service import Service

        try:
            yield lambda: Service(orders.order, cluster)
        finally:
            if overheard is not None:
                overheard.wait_for_silence()


Cluster: TypeAlias = Callable[
    [Orders, Callable[[Line], None]], AbstractContextManager[Callable[[], Deployed]]
]


def serve(orders: Orders, display: Display, cluster: Cluster = on_ray) -> bool:
    """Serve a model until SIGINT or SIGTERM; return whether the end was a clean one.

    SIGINT ends everything in order, SIGTERM after the running session has had time to end by
    itself; one more signal skips that time, and one more than that ends the process at once. A
    model that has been given up leaves the server answering, until it is stopped. Raises
    `SetupError` or `ModelError` for a model that cannot be declared or loaded at all.
    """
    with Signals() as signals:
        life = Life(orders, display, signals.tell, cluster)
        life.start()
        number = signals.next()
        if number == signal.SIGTERM:
            life.end(drain=True)
            number = signals.next(orders.drain + END_SECONDS)
        if number is not None:
            life.end(drain=False)
            display.ending()
            if (number := signals.next(END_SECONDS)) is not None:
                display.close()
                _die(number)
        return life.result()


class Life:
    """A deployment from its beginning to its end, on a thread of its own. Tells of its moments.

    Ray's processes are told to die with the thread that has started them: it is this one.
    """

    def __init__(
        self, orders: Orders, display: Display, tell: Callable[[Moment], None], cluster: Cluster
    ) -> None:
        self._orders = orders
        self._cluster = cluster
        self._display = display
        self._tell = tell
        self._asked = threading.Event()
        self._hurried = threading.Event()
        self._clean = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._live, name="serving", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self, *, drain: bool) -> None:
        """Ask for the end; with `drain`, the running session may end by itself first."""
        if not drain:
            self._hurried.set()
        self._asked.set()

    def result(self) -> bool:
        """Return whether the end was a clean one, or raise what went wrong."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._clean

    def _live(self) -> None:
        try:
            self._clean = self._serve()
        except BaseException as error:
            self._error = error
        finally:
            self._tell(Moment.OVER)

    def _serve(self) -> bool:
        began = time.monotonic()
        orders = self._orders
        with self._cluster(orders, self._display.line) as deploy:
            self._tell(Moment.JOINED)
            if self._asked.is_set():
                return True
            deployment = deploy()
            try:
                self._display.listening(deployment.url)
                clean = self._watch(deployment, began)
                self._drain(deployment)
                return clean
            finally:
                self._display.ending()
                deployment.stop()

    def _watch(self, deployment: Deployed, began: float) -> bool:
        """Watch the deployment until the end is asked for; False once the model is given up."""
        announced, ended = False, None
        while not self._asked.is_set():
            seconds = LOOK_SECONDS if announced else LOADING_SECONDS
            if ended is None:
                ended = deployment.ended(seconds)
            else:
                self._asked.wait(seconds)  # given up: the server answers until it is stopped
            status = deployment.status()
            contract = deployment.contract() if status.loaded and not announced else None
            if contract is not None:
                self._display.loaded(contract, status, time.monotonic() - began)
                self._warn(contract)
                announced = True
            self._display.stands(status)
        return ended is not False

    def _warn(self, contract: Contract) -> None:
        """Say what this model's viewers will not be able to do."""
        warning = webcam_warning(self._orders.settings.http)
        if warning is not None and contract.tracks_towards(Direction.IN):
            log.warning("%s", warning)

    def _drain(self, deployment: Deployed) -> None:
        """Let the running session end by itself, unless somebody is in a hurry."""
        deadline = time.monotonic() + self._orders.drain
        told = False
        while not self._hurried.is_set():
            left = deadline - time.monotonic()
            if left <= 0 or deployment.drain(min(LOOK_SECONDS, left)):
                return
            if not told:
                self._display.draining(self._orders.drain)
                told = True
            self._display.stands(deployment.status())


def _nothing() -> None:
    """A cluster that others have begun is not ours to end."""


def _die(number: int) -> None:
    """End this process as the signal would have, and Ray's with it."""
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
