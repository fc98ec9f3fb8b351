"""How a command ends that cannot go on: one line on standard error, and status 1."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import NoReturn

LOGGING = ("serve", "run")
"""The verbs that write a log."""


def refuse(message: str, detail: str = "", *, json: bool = False) -> NoReturn:
    """Say why, below the author's own traceback if there is one; as one object for programs."""
    if json:
        _write_object(message, detail)
    else:
        _write_line(message, detail)
    sys.exit(1)


def logs_json(words: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether a command's log is JSON, as far as that can be read from words that may be wrong."""
    if not words or words[0] not in LOGGING:
        return False
    chosen = environ.get("REACTOR_LOG_FORMAT", "")
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == "--log-format":
            chosen = after
        elif word.startswith("--log-format="):
            chosen = word.partition("=")[2]
    return chosen.strip().lower() == "json"


def _write_line(message: str, detail: str) -> None:
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if detail:
        console.print(detail.rstrip(), markup=False)
    console.print("[bold red]error:[/]", end=" ")
    console.print(message, markup=False)


def _write_object(message: str, detail: str) -> None:
    from reactor_actors.actors.logs import json_line, timestamp

    told = {
        "time": timestamp(time.time()),
        "level": "ERROR",
        "origin": "runtime",
        "logger": "reactor_actors.cli",
        "message": message,
        "exception": detail.rstrip() or None,
    }
    print(json_line(told), file=sys.stderr, flush=True)
