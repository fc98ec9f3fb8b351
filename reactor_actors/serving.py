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
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from reactor_actors.actors.cluster import Deployment, Order, joined
from reactor_actors.actors.console import Line, overhearing
from reactor_actors.actors.logs import LogSettings
from reactor_actors.actors.scale import Scale
from reactor_actors.core.contract import Contract
from reactor_actors.loader import ModelSource
from reactor_actors.transports.server import ServerSettings
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
        drain: Seconds that SIGTERM waits for the running session to end by itself.
    """

    source: ModelSource
    settings: ServerSettings = field(default_factory=ServerSettings)
    scale: Scale = field(default_factory=Scale)
    logs: LogSettings = field(default_factory=LogSettings)
    version: str
    address: str | None = None
    drain: float = 30.0


def serve(orders: Orders, display: Display) -> bool:
    """Serve a model until SIGINT or SIGTERM; return whether the end was a clean one.

    SIGINT ends everything in order, SIGTERM after the running session has had time to end by
    itself; one more signal skips that time, and one more than that ends the process at once. A
    model that has been given up leaves the server answering, until it is stopped. Raises
    `SetupError` or `ModelError` for a model that cannot be declared or loaded at all.
    """
    with Signals() as signals:
        life = Life(orders, display, signals.tell)
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


class Moment(Enum):
    """What the main thread has to know of a life."""

    JOINED = auto()
    OVER = auto()


class Signals:
    """The owner of SIGINT and SIGTERM, on the main thread."""

    def __init__(self) -> None:
        # The one queue whose `put` may interrupt its own `get`.
        self._came: SimpleQueue[int | Moment] = SimpleQueue()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        self._before = self._own()
        return self

    def __exit__(self, *failure: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def tell(self, moment: Moment) -> None:
        """Wake the main thread, from any other."""
        self._came.put(moment)

    def next(self, seconds: float | None = None) -> int | None:
        """Wait for the next signal; None at the end of the life.

        SIGKILL stands for an end that has not come after `seconds`.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                news = self._came.get(timeout=left)
            except Empty:
                log.error("the end takes more than %g s: it is not waited for", seconds)
                return signal.SIGKILL
            match news:
                case Moment.JOINED:
                    self._own()  # Ray's native code has put a handler of its own beneath Python's
                case Moment.OVER:
                    return None
                case number:
                    return number

    def _own(self) -> dict[signal.Signals, Any]:
        numbers = (signal.SIGINT, signal.SIGTERM)
        return {number: signal.signal(number, self._take) for number in numbers}

    def _take(self, number: int, frame: object) -> None:
        self._came.put(number)


class Life:
    """A deployment from its beginning to its end, on a thread of its own. Tells of its moments.

    Ray's processes are told to die with the thread that has started them: it is this one.
    """

    def __init__(self, orders: Orders, display: Display, tell: Callable[[Moment], None]) -> None:
        self._orders = orders
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
        with (
            joined(orders.address, orders.source.manifest),
            overhearing(self._display.line) as overheard,
        ):
            self._tell(Moment.JOINED)
            if self._asked.is_set():
                return True
            deployment = Deployment(
                Order(orders.source, orders.settings, orders.scale, orders.version, orders.logs)
            )
            try:
                self._display.listening(deployment.url)
                clean = self._watch(deployment, began)
                if not self._hurried.is_set():
                    self._drain(deployment)
                return clean
            finally:
                self._display.ending()
                deployment.stop()
                if overheard is not None:
                    overheard.wait_for_silence()

    def _watch(self, deployment: Deployment, began: float) -> bool:
        """Watch the deployment until the end is asked for; False once the model is given up."""
        announced, ended = False, None
        while not self._asked.is_set():
            seconds = LOOK_SECONDS if announced else LOADING_SECONDS
            if ended is None:
                ended = deployment.ended(seconds)
            else:
                self._asked.wait(seconds)  # given up: the server answers until it is stopped
            status = deployment.status()
            if not announced and (contract := deployment.contract()) is not None:
                self._display.loaded(contract, status, time.monotonic() - began)
                announced = True
            self._display.stands(status)
        return ended is not False

    def _drain(self, deployment: Deployment) -> None:
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


def _die(number: int) -> None:
    """End this process as the signal would have, and Ray's with it."""
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
