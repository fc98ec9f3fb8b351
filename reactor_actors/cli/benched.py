"""How a measurement is made and told: a line that lives, a table, a file of figures, a plot."""

from __future__ import annotations

import asyncio
import difflib
import json as json_text
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table

from reactor_actors.cli.staged import way
from reactor_actors.core.errors import SetupError
from reactor_actors.headless.script import value_of
from reactor_actors.load.crowd import Crowd
from reactor_actors.load.figures import Ledger
from reactor_actors.load.plan import Call, Plan, Report
from reactor_actors.load.scrape import stages_of
from reactor_actors.load.signalling import Front
from reactor_actors.load.stages import Stage, timeline

SIGNALS = (signal.SIGINT, signal.SIGTERM)
COLUMNS = (
    *("viewer", "queued", "connect", "first", "fps", "gap", "kb/s"),
    *("loss %", "jitter", "p50", "p95", "errors"),
)
ROWS = 16
"""So many viewers have a row of their own; more are in the JSON."""


def measure(
    plan: Plan, seconds: float, commands: Sequence[str], *, json: Path | None, plot: Path | None
) -> bool:
    """Measure, and tell; return whether every viewer has seen pictures to the end.

    Raises `SetupError`.
    """
    console = Console(highlight=False)
    document = asyncio.run(_measured(plan, seconds, commands, console))
    console.print(table(document))
    for line in remarks(document):
        console.print(line, markup=False, soft_wrap=True)
    console.print(way(document), soft_wrap=True)
    try:
        if json is not None:
            json.write_text(json_text.dumps(document, indent=2) + "\n")
        if plot is not None:
            from reactor_actors.load.plot import plot as draw

            draw(document, plot)
    except OSError as error:
        raise SetupError(f"{error.filename} cannot be written: {error.strerror}") from None
    return document["total"]["watching"] == document["viewers"] and not any(
        one["errors"] for one in document["each"]
    )


async def _measured(
    plan: Plan, seconds: float, commands: Sequence[str], console: Console
) -> dict[str, Any]:
    async with Front.open(plan.url, plan.token) as front:
        model, schema = await front.model()
    plan = replace(plan, calls=tuple(call_of(word, schema) for word in commands))
    with console.status(f"{model}: viewers set out") as status:

        def heard(report: Report) -> None:
            ledger.take(report)
            status.update(standing(ledger, crowd.plan, time.monotonic(), model))

        crowd = Crowd(plan, seconds, heard)
        ledger = Ledger(plan.viewers)
        stages, missing = await _watched(crowd, status)
    return {
        **ledger.document(model, crowd.plan),
        "timeline": timeline(stages),
        "timeline_missing": missing or None,
    }


async def _watched(crowd: Crowd, status: Status) -> tuple[list[Stage], str]:
    """Let viewers watch until the end, or Ctrl-C; then report what there is.

    Returns what the server counted meanwhile, or why that is not known.
    """
    loop, watching = asyncio.get_running_loop(), asyncio.ensure_future(crowd.watch())
    looking = asyncio.ensure_future(stages_of(crowd, watching))

    def end() -> None:
        status.update("the viewers leave; once more, and nothing is waited for")
        watching.cancel()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    for number in SIGNALS:
        loop.add_signal_handler(number, end)
    try:
        await asyncio.wait({watching})
        if not watching.cancelled():
            watching.result()
        return await looking if crowd.begun.is_set() else ([], "it was ended before it began")
    finally:
        looking.cancel()


def call_of(word: str, schema: Mapping[str, Any]) -> Call:
    """Read `name=value`, which sets it, or a command with its arguments. Raises `SetupError`."""
    place = f"--command {word}"
    first, *rest = word.split() or [""]
    if "=" in first:
        name, _, text = word.partition("=")
        command, pairs = f"set_{name}", [(name, text)]
    else:
        command = first
        pairs = [(name, text) for name, _, text in (part.partition("=") for part in rest)]
    known = [
        operation["operationId"]
        for path in schema.get("paths", {}).values()
        for operation in path.values()
    ]
    if command not in known:
        close = difflib.get_close_matches(command, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are: {', '.join(known) or 'none'}"
        raise SetupError(f"{place}: the model has no command {command!r}; {hint}")
    return Call(command, {name: value_of(text, place) for name, text in pairs})


def standing(ledger: Ledger, plan: Plan, now: float, model: str) -> str:
    """Return how a measurement stands, in one line."""
    left = max(0.0, plan.end - now)
    rates = [account.samples[-1] for account in ledger.accounts if account.samples]
    fps = [sample.pictures / sample.seconds for sample in rates if sample.seconds]
    told = f", {sum(fps) / len(fps):.1f} fps each" if fps else ""
    return f"{model}: {ledger.watching} of {plan.viewers} watch{told}, {left:.0f} s to go"


def table(document: Mapping[str, Any]) -> Table:
    """Return the figures as a table: a row per viewer, if they are few, and one for all."""
    total = document["total"]
    shown = Table(
        box=None, padding=(0, 1, 0, 0), title=_title(document), title_justify="left", title_style=""
    )
    for heading in COLUMNS:
        shown.add_column(heading, justify="left" if heading == "viewer" else "right", no_wrap=True)
    for one in document["each"] if document["viewers"] <= ROWS else ():
        facts = {**one, "loss": _percent(one["loss"]), "errors": len(one["errors"]) or None}
        shown.add_row(str(one["viewer"]), *_cells(facts))
    middles = {
        name: (total[name] or {}).get("p50")
        for name in ("queued_ms", "connect_ms", "first_picture_ms")
    }
    shown.add_section()
    facts = {
        **total,
        **middles,
        "fps": (total["fps"] or {}).get("min"),
        "loss": _percent(total["loss"]),
        "errors": sum(total["errors"].values()) or None,
    }
    shown.add_row("all", *_cells(facts), style="bold")
    return shown


def remarks(document: Mapping[str, Any]) -> list[str]:
    """Return what a table cannot say: what its columns are, and errors in full."""
    asked = "a command" if document["round_trip"] == "command" else "a question for the schema"
    return [
        f"times in ms; p50 and p95: from {asked} to its answer",
        "all: medians up to first, the least fps, the longest gap, the sum of kb/s",
        *(f"{count} x {reason}" for reason, count in document["total"]["errors"].items()),
    ]


def _title(document: Mapping[str, Any]) -> str:
    total = document["total"]
    sessions = total["sessions"]
    where = "one session" if sessions == 1 else f"{sessions} sessions"
    return f"{document['model']}: {total['watching']} of {document['viewers']} viewers, {where}"


def _cells(facts: Mapping[str, Any]) -> list[str]:
    trips = facts["round_trip_ms"] or {}
    return [
        _number(facts["queued_ms"] or None, 0),
        _number(facts["connect_ms"], 0),
        _number(facts["first_picture_ms"], 0),
        _number(facts["fps"], 1),
        _number(facts["longest_gap_ms"], 0),
        _number(facts["kbps"], 0),
        _number(facts["loss"], 2),
        _number(facts["jitter_ms"], 1),
        _number(trips.get("p50"), 1),
        _number(trips.get("p95"), 1),
        _number(facts["errors"], 0),
    ]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _percent(part: float | None) -> float | None:
    return None if part is None else 100 * part
