"""What a person, or a program, is told of a run into files; and Ctrl-C, which ends it in order."""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from reactor_actors.actors.logs import LogSettings, configure
from reactor_actors.core.contract import Contract
from reactor_actors.core.wire import outbound
from reactor_actors.core.wire.outbound import Outbound
from reactor_actors.headless.orders import Audience, Orders, Outcome
from reactor_actors.headless.run import Run
from reactor_actors.headless.script import Entry

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def perform(orders: Orders, logs: LogSettings, *, verbose: bool, json: bool) -> bool:
    """Run, telling how it goes; return whether it has ended well.

    Raises `SetupError` or `ModelError`, after whole files have been made of what there is.
    """
    configure(logs, orders.source)
    if not verbose:
        # One session that begins and ends as it was told to is no news.
        logging.getLogger("reactor_actors").setLevel(max(logs.level, logging.WARNING))
    if json:
        with standard_output() as lines:
            outcome = _told(orders, JsonTeller(lines))
    else:
        outcome = _told(orders, Teller(terminal=on_a_terminal()))
    if outcome.failure is not None:
        raise outcome.failure
    return bool(outcome.frames) or outcome.end == "interrupted"


def _told(orders: Orders, teller: Teller | JsonTeller) -> Outcome:
    began = time.monotonic()
    try:
        outcome = asyncio.run(_performed(orders, teller))
    finally:
        teller.close()
    teller.summary(outcome, time.monotonic() - began)
    return outcome


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Lend standard output; what anybody else writes there meanwhile goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(STANDARD_OUTPUT)
    try:
        os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
        with os.fdopen(os.dup(kept), "w", encoding="utf-8") as lines:
            yield lines
    finally:
        sys.stdout.flush()
        ctypes.CDLL(None).fflush(None)  # native code has buffers of its own
        os.dup2(kept, STANDARD_OUTPUT)
        os.close(kept)


async def _performed(orders: Orders, teller: Audience) -> Outcome:
    loop, run = asyncio.get_running_loop(), Run(orders, teller)

    def end() -> None:
        run.interrupt()
        for number in SIGNALS:  # the second one is Python's own, and ends everything
            loop.remove_signal_handler(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, end)
    return await run.perform()


def on_a_terminal() -> bool:
    """Whether somebody watches who can be shown a line that lives."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


class Teller:
    """Tells a person: a line per event, and on a terminal a bar below them."""

    def __init__(self, *, terminal: bool, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._in_frames = False
        self._task: TaskID | None = None
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not terminal,
        )
        self._bar.start()

    def loading(self, name: str) -> None:
        """Show that the model is being loaded."""
        self._task = self._bar.add_task(f"loading {name}", total=None, told="")

    def started(self, contract: Contract, total: float | None, *, in_frames: bool) -> None:
        """Go on to the bar."""
        self._in_frames = in_frames
        if self._task is not None:  # the rate is that of pictures, not of loading
            self._bar.reset(self._task, description=contract.name, total=total)

    def asked(self, entry: Entry, frame: int, seconds: float) -> None:
        """Write a command."""
        words = " ".join(f"{name}={value!r}" for name, value in entry.args.items())
        self._write(seconds, f"> {entry.command} {words}".rstrip())

    def told(self, message: Outbound, frame: int, seconds: float) -> None:
        """Write a message."""
        if (words := in_words(message)) is not None:
            self._write(seconds, words)

    def progress(self, frames: int, seconds: float) -> None:
        """Move the bar."""
        if self._task is None or self._bar.disable:
            return
        task = self._bar.tasks[self._task]
        rate = frames / task.elapsed if task.elapsed else 0.0
        told = f"{frames} pictures, {seconds:.1f} s, {rate:.1f} a second"
        self._update(completed=frames if self._in_frames else seconds, told=told)

    def note(self, text: str) -> None:
        """Write a note."""
        self._console.print(f"note: {text}", markup=False)

    def finishing(self) -> None:
        """Show that the end is near."""
        self._update(description="writing")

    def close(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def summary(self, outcome: Outcome, took: float) -> None:
        """Write what came of it."""
        for line in summary(outcome, took):
            self._console.print(line, markup=False)

    def _update(self, **values: Any) -> None:
        if self._task is not None:
            self._bar.update(self._task, **values)

    def _write(self, seconds: float, words: str) -> None:
        self._console.print(f"{seconds:7.2f} s  {words}", markup=False)


class JsonTeller:
    """Tells a program: one object per line."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines

    def loading(self, name: str) -> None:
        """Write the name."""
        self._write("loading", model=name)

    def started(self, contract: Contract, total: float | None, *, in_frames: bool) -> None:
        """Write how long it is to be."""
        self._write("started", model=contract.name, **{"frames" if in_frames else "seconds": total})

    def asked(self, entry: Entry, frame: int, seconds: float) -> None:
        """Write a command."""
        facts = {"command": entry.command, "args": dict(entry.args)}
        self._write("command", frame=frame, at=round(seconds, 3), **facts)

    def told(self, message: Outbound, frame: int, seconds: float) -> None:
        """Write a message."""
        if (facts := in_facts(message)) is not None:
            self._write(facts.pop("event"), frame=frame, at=round(seconds, 3), **facts)

    def progress(self, frames: int, seconds: float) -> None:
        """Write nothing: a program counts files."""

    def note(self, text: str) -> None:
        """Write a note."""
        self._write("note", text=text)

    def finishing(self) -> None:
        """Write nothing."""

    def close(self) -> None:
        """Nothing is to be put back."""

    def summary(self, outcome: Outcome, took: float) -> None:
        """Write what came of it; of a failure, its reason."""
        failure = outcome.failure
        self._write(
            "ended",
            frames=outcome.frames,
            seconds=round(outcome.seconds, 3),
            took=round(took, 3),
            paths=[str(path) for path in outcome.paths],
            end=outcome.end,
            unsaid=[entry.place for entry in outcome.unsaid],
            **({} if failure is None else {"error": str(failure)}),
        )

    def _write(self, event: str, **facts: Any) -> None:
        print(json.dumps({"event": event, **facts}, default=str), file=self._lines, flush=True)


def in_words(message: Outbound) -> str | None:
    """Return what a person reads of a message; None for what says nothing."""
    match message:
        case outbound.Reply(_, command, kind, data):
            return f"< {command}: {kind} {_plain(data)}"
        case outbound.Failure(_, command, code, text):
            return f"< {command} was refused: {text} ({code})"
        case outbound.Message(kind, data) | outbound.RuntimeNotice(kind, data):
            return f"* {kind} {_plain(data)}"
    return None


def in_facts(message: Outbound) -> dict[str, Any] | None:
    """Return what a program reads of a message; None for what says nothing."""
    match message:
        case outbound.Reply(_, command, kind, data):
            return {"event": "reply", "command": command, "type": kind, "data": dict(data)}
        case outbound.Failure(_, command, code, text):
            return {"event": "refused", "command": command, "code": code, "message": text}
        case outbound.Message(kind, data) | outbound.RuntimeNotice(kind, data):
            return {"event": "message", "type": kind, "data": dict(data)}
    return None


def summary(outcome: Outcome, took: float) -> list[str]:
    """Return what came of a run: one line, and one for what was never said."""
    what = f"{outcome.frames} pictures, {outcome.seconds:.1f} s"
    why = f" ({outcome.end})" if outcome.end else ""
    where = ", ".join(str(path) for path in outcome.paths) or "nothing was written"
    unsaid = [
        f"{entry.place}: {entry.command}, due at {entry.moment}, was never said"
        for entry in outcome.unsaid
    ]
    return [f"{what} in {took:.1f} s{why}: {where}", *unsaid]


def _plain(data: Any) -> str:
    return " ".join(f"{name}={value!r}" for name, value in data.items())
