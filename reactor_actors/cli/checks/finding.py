"""`Finding`: one thing that was looked at, and how it is shown to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from rich.console import Console
from rich.text import Text


class Mark(StrEnum):
    """What a finding means: `bad` keeps a model from being served, `warning` does not."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What it is.
        found: What was found, in one line.
        mark: What it means.
        remedy: How to mend it, where there is something to mend.
        detail: More lines, such as the author's own traceback.
    """

    subject: str
    found: str
    mark: Mark = Mark.GOOD
    remedy: str = ""
    detail: str = ""


_SHOWN = {Mark.GOOD: ("✓", "green"), Mark.WARNING: ("!", "yellow"), Mark.BAD: ("✗", "bold red")}
_PLAIN = {Mark.GOOD: "+", Mark.WARNING: "!", Mark.BAD: "x"}


def show(finding: Finding, console: Console) -> None:
    """Write a finding: a line, what to do about it below, then its detail."""
    sign, style = _SHOWN[finding.mark]
    if not console.encoding.lower().startswith("utf"):
        sign = _PLAIN[finding.mark]
    head = Text.assemble((sign, style), f" {finding.subject:<14} {finding.found}")
    console.print(head, soft_wrap=True)
    if finding.remedy:
        console.print(Text(f"{'':<17}{finding.remedy}", style="dim"), soft_wrap=True)
    for line in finding.detail.rstrip().splitlines():
        console.print(Text(f"{'':<17}{line}", style="dim"), soft_wrap=True)


def verdict(findings: Sequence[Finding]) -> str:
    """Return what all findings mean together, in one line."""
    bad, warnings = (sum(one.mark is mark for one in findings) for mark in (Mark.BAD, Mark.WARNING))
    told = "the model can be served here"
    if bad:
        told = f"{bad} {'thing keeps' if bad == 1 else 'things keep'} it from being served here"
    if warnings:
        told += f"; {warnings} {'warning' if warnings == 1 else 'warnings'}"
    return told


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as one JSON object; `ok` is whether the model can be served."""
    ok = not any(one.mark is Mark.BAD for one in findings)
    return json.dumps({"ok": ok, "findings": [asdict(one) for one in findings]}, indent=2)
