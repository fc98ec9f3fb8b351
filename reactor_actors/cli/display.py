"""What `serve` writes where nobody watches a terminal: lines, or one JSON object per line."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import TextIO

from reactor_actors.actors.console import Line
from reactor_actors.actors.logs import json_line, timestamp
from reactor_actors.actors.scale import Scale
from reactor_actors.cli.summary import facts
from reactor_actors.core.contract import Contract
from reactor_actors.transports.status import Status

log = logging.getLogger("reactor_actors.serve")


class PlainDisplay:
    """Lines without control codes; what a process wrote goes to the stream it was written to."""

    def __init__(
        self, name: str, scale: Scale, out: TextIO | None = None, errors: TextIO | None = None
    ) -> None:
        self._name = name
        self._scale = scale
        self._out = out or sys.stdout
        self._errors = errors or sys.stderr
        self._ending = False

    def line(self, line: Line) -> None:
        """Write a line, and whose it is, where several models write."""
        mark = f"{line.source} │ " if line.from_model and self._scale.replicas > 1 else ""
        self._write(mark + line.text, self._errors if line.error else self._out)

    def listening(self, url: str) -> None:
        """Say where the server answers."""
        self._write(f"loading {self._name} ({url})")

    def loaded(self, contract: Contract, status: Status, seconds: float) -> None:
        """Write the summary."""
        self._write(f"ready: {contract.name}")
        for name, value in facts(contract, status, self._scale, seconds):
            self._write(f"  {name:<10} {value}")

    def stands(self, status: Status) -> None:
        """Write nothing: what changes is in the log."""

    def draining(self, seconds: float) -> None:
        """Say what is waited for."""
        self._write(f"draining: the session has {seconds:g} s to end by itself")

    def ending(self) -> None:
        """Say once that this is the end."""
        if not self._ending:
            self._ending = True
            self._write("ending")

    def close(self) -> None:
        """Nothing is to be put back."""

    def _write(self, text: str, stream: TextIO | None = None) -> None:
        print(text, file=stream or self._out, flush=True)


class JsonDisplay:
    """One object per line, on standard error, where the log is. Records pass as they are."""

    def __init__(self, name: str, scale: Scale, errors: TextIO | None = None) -> None:
        self._name = name
        self._scale = scale
        self._only = scale.names[0] if scale.replicas == 1 else None
        self._errors = errors or sys.stderr
        self._ending = False

    def line(self, line: Line) -> None:
        """Pass a record on, or make one of what was printed."""
        if is_record(line.text):
            self._write(line.text)
            return
        told = {
            "time": timestamp(time.time()),
            "level": "INFO",
            "origin": "model" if line.from_model else "runtime",
            "logger": f"{line.source} {'stderr' if line.error else 'stdout'}",
            "message": line.text,
            "replica": line.replica or (self._only if line.from_model else None),
        }
        self._write(json_line(told))

    def listening(self, url: str) -> None:
        """Say where the server answers."""
        log.info("loading %s", self._name, extra={"model": self._name, "url": url})

    def loaded(self, contract: Contract, status: Status, seconds: float) -> None:
        """Write the summary as fields of one record."""
        told = facts(contract, status, self._scale, seconds)
        fields = {name.replace(" ", "_"): value for name, value in told if name != "open"}
        fields["url"] = status.url
        log.info("ready: %s", contract.name, extra={"model": contract.name, **fields})

    def stands(self, status: Status) -> None:
        """Write nothing: what changes is in the log."""

    def draining(self, seconds: float) -> None:
        """Say what is waited for."""
        log.info("draining", extra={"seconds": seconds})

    def ending(self) -> None:
        """Say once that this is the end."""
        if not self._ending:
            self._ending = True
            log.info("ending")

    def close(self) -> None:
        """Nothing is to be put back."""

    def _write(self, text: str) -> None:
        print(text, file=self._errors, flush=True)


def is_record(text: str) -> bool:
    """Whether a line is a record of our own log in its JSON form."""
    if not text.startswith("{"):
        return False
    try:
        told = json.loads(text)
    except ValueError:
        return False
    return isinstance(told, dict) and {"time", "level", "origin", "message"} <= told.keys()
