"""What `serve` shows on a terminal: a spinner, a summary, then one line that lives."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from reactor_actors.actors.console import Line
from reactor_actors.actors.scale import Scale
from reactor_actors.cli.summary import elapsed, facts, standing
from reactor_actors.core.contract import Contract
from reactor_actors.transports.status import Status

FRAMES_PER_SECOND = 8
COLOURS = {"serving": "green", "available": "green", "terminated": "red"}


class LiveDisplay:
    """Lines scroll by above one that is written anew. Ends with `close`."""

    def __init__(
        self,
        name: str,
        scale: Scale,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._scale = scale
        self._console = console or Console(highlight=False)
        self._clock = clock
        self._began = clock()
        self._last_words = ""
        self._status: Status | None = None
        self._news = "starting"
        self._ending = False
        self._loaded = False
        self._lock = threading.Lock()
        self._spinner = Spinner("dots")
        # Standard error may go elsewhere: then what is written to it does, too.
        self._errors = None if sys.stderr.isatty() else sys.stderr
        self._live = Live(
            console=self._console,
            get_renderable=self.bottom,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
            redirect_stderr=self._errors is None,
        )
        self._live.start()

    def line(self, line: Line) -> None:
        """Let a line scroll by; a model's is marked, and the last one stands beside the spinner."""
        if line.error and self._errors is not None:
            print(line.text, file=self._errors, flush=True)
            return
        text = Text.from_ansi(line.text)
        if line.from_model:
            if text.plain.strip():
                self._last_words = text.plain.strip()
            text = Text.assemble((f"{line.source} │ ", "dim"), text)
        self._console.print(text, soft_wrap=True)

    def listening(self, url: str) -> None:
        """Go on to the loading of the model."""
        self._news = f"loading {self._name}"
        self._console.print(Text.assemble("listening at ", link(url)), soft_wrap=True)

    def loaded(self, contract: Contract, status: Status, seconds: float) -> None:
        """Print the summary; it scrolls away like anything else."""
        self._loaded = True
        self._last_words = ""
        self._console.print(summary(contract, status, self._scale, seconds))

    def stands(self, status: Status) -> None:
        """Remember how the deployment stands."""
        self._status = status

    def draining(self, seconds: float) -> None:
        """Say what is waited for."""
        self._console.print(
            f"draining: the session has {seconds:g} s to end by itself; "
            "once more, and it is stopped"
        )

    def ending(self) -> None:
        """Say that this is the end."""
        self._ending = True
        self._last_words = ""

    def close(self) -> None:
        """Take the last line away and leave the terminal as it was."""
        with self._lock:
            self._live.stop()

    def bottom(self) -> RenderableType:
        """Return the line that is written anew."""
        waited = elapsed(self._clock() - self._began)
        if self._ending:
            return self._spinning("ending; once more, and nothing is waited for")
        if not self._loaded:
            return self._spinning(f"{self._news}  {waited}")
        if self._status is None or self._status.state == "loading":
            news = " · ".join(standing(self._status)) if self._status else "loading"
            return self._spinning(news)
        colour = COLOURS.get(self._status.state, "default")
        words = " · ".join(standing(self._status))
        return _one_line(Text.assemble(("● ", colour), words, ("  Ctrl-C ends", "dim")))

    def _spinning(self, words: str) -> RenderableType:
        said = f"  {self._last_words}" if self._last_words else ""
        frame = str(self._spinner.render(self._console.get_time()))
        return _one_line(Text.assemble(frame, " ", words, (said, "dim")))


def summary(contract: Contract, status: Status, scale: Scale, seconds: float) -> RenderableType:
    """Return the summary of a model that has just been loaded."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("ready", Text(contract.name, style="bold"))
    for name, value in facts(contract, status, scale, seconds):
        table.add_row(name, link(value) if name == "open" else Text(value))
    return table


def link(url: str) -> Text:
    """Return an address that terminals open at a click."""
    return Text(url, style=f"bold cyan link {url}")


def _one_line(text: Text) -> Text:
    text.no_wrap = True
    text.overflow = "ellipsis"
    return text
