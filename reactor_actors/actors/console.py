"""What the actors' processes print, as lines for whoever serves them.

Ray collects what every worker writes to its standard streams, native code included, and prints it
in the driver with a coloured mark of its own. Which process wrote what, and no marks, is only to be
had from Ray's dispatcher of these lines. It is not documented, so this is the one file that knows
it; where a Ray has another, its own printing goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

log = logging.getLogger("reactor_actors.console")

RAYS_PRINTER = "ray_print_logs"
OUR_PRINTER = "reactor_actors"
MODEL = "model"
AUTOSCALER = "autoscaler"
RAYLET = "raylet"
EVENT = ":event_summary:"
DEATH = "A worker died or was killed"
"""Ten lines that name no cause; who needs to know is told of the death by its own call."""


SILENCE_SECONDS = 0.3
"""Ray looks for new lines ten times a second."""

LAST_LINES_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a process has written.

    Attributes:
        text: The line, as it was written.
        source: `model` (with its number, where there are several), `runtime`, or `ray`.
        error: Whether it went to standard error.
    """

    text: str
    source: str
    error: bool

    @property
    def from_model(self) -> bool:
        """Whether a model's process wrote it."""
        return self.source.startswith(MODEL)

    @property
    def replica(self) -> str | None:
        """The replica whose model wrote it, where there are several."""
        return self.source.removeprefix(MODEL).strip() or None if self.from_model else None


class Overheard:
    """Lines on their way from Ray to a listener."""

    def __init__(self, tell: Callable[[Line], None]) -> None:
        self._tell = tell
        self._news = threading.Event()

    def __call__(self, batch: Mapping[str, Any]) -> None:
        """Take in what one process has written, in Ray's own form."""
        self._news.set()
        for line in lines_of(batch):
            self._tell(line)

    def wait_for_silence(self) -> None:
        """Wait until the last lines have arrived, at most a moment."""
        deadline = time.monotonic() + LAST_LINES_SECONDS
        while time.monotonic() < deadline:
            self._news.clear()
            if not self._news.wait(SILENCE_SECONDS):
                return


def lines_of(batch: Mapping[str, Any]) -> list[Line]:
    """Return the lines of a batch from Ray. Of its autoscaler's only the events are for people."""
    pid, error = str(batch.get("pid", "")), bool(batch.get("is_err"))
    texts = [str(text) for text in batch.get("lines", ())]
    if pid == AUTOSCALER:
        texts = [text.partition(EVENT)[2] for text in texts if EVENT in text]
    elif pid == RAYLET:
        texts = [text for text in texts if not text.startswith(DEATH)]
    source = _source(str(batch.get("actor_name") or "")) if pid.isdigit() else "ray"
    return [Line(shown(text), source, error) for text in texts]


def shown(text: str) -> str:
    """Return what a terminal would show of a line: carriage returns write over what was there."""
    return text.rstrip("\r").rpartition("\r")[2]


@contextmanager
def overhearing(tell: Callable[[Line], None]) -> Iterator[Overheard | None]:
    """Give every line of the actors to `tell`, from another thread; None where Ray prints them.

    Begins once Ray has been joined.
    """
    overheard = Overheard(tell)
    try:
        from ray._private import worker
        from ray._private.ray_logging import global_worker_stdstream_dispatcher as dispatcher

        prints = worker.print_to_stdstream
        dispatcher.add_handler(OUR_PRINTER, overheard)
        dispatcher.remove_handler(RAYS_PRINTER)
    except (ImportError, AttributeError, TypeError) as error:
        log.debug("Ray prints the actors' lines itself: %s", error)
        yield None
        return
    # What Ray has to say of its own goes past the dispatcher.
    worker.print_to_stdstream = lambda batch, *_, **__: overheard(batch)
    try:
        yield overheard
    finally:
        worker.print_to_stdstream = prints
        dispatcher.remove_handler(OUR_PRINTER)


def _source(actor: str) -> str:
    """Return who an actor is, by the name that Ray gives its lines: its class, or its `repr`."""
    if actor.startswith(MODEL):
        return actor
    return MODEL if actor.startswith("Model") else "runtime"
