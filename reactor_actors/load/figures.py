"""`Ledger`: from what viewers report to figures. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from reactor_actors.load.plan import (
    Answer,
    Connected,
    FirstPicture,
    Plan,
    Quality,
    Report,
    Sample,
    Trouble,
)


@dataclass(slots=True)
class Account:
    """What is known of one viewer."""

    viewer: int
    session: str | None = None
    queued: float = 0.0
    connect: float | None = None
    first_picture: float | None = None
    samples: list[Sample] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    quality: Quality | None = None
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def fps(self) -> float | None:
        """Pictures a second, from the first one on; None without any."""
        seconds = sum(sample.seconds for sample in self.samples)
        return sum(sample.pictures for sample in self.samples) / seconds if seconds else None

    @property
    def kbps(self) -> float | None:
        """Thousands of bits a second."""
        seconds = sum(sample.seconds for sample in self.samples)
        return sum(s.size for s in self.samples) * 8e-3 / seconds if seconds else None

    @property
    def gap(self) -> float | None:
        """The longest time between two pictures."""
        return max((sample.gap for sample in self.samples), default=None)

    @property
    def loss(self) -> float | None:
        """Which part of the packets was lost on the way."""
        quality = self.quality
        sent = quality.received + quality.lost if quality else 0
        return quality.lost / sent if quality and sent else None

    @property
    def answered(self) -> list[float]:
        """How long answers took."""
        return [answer.seconds for answer in self.answers if answer.error is None]


class Ledger:
    """Keeps an account of each of so many viewers."""

    def __init__(self, viewers: int) -> None:
        self.accounts = [Account(number) for number in range(viewers)]

    def take(self, report: Report) -> None:
        """Enter a report."""
        account = self.accounts[report.viewer]
        match report:
            case Connected():
                account.connect = report.seconds - report.queued
                account.queued, account.session = report.queued, report.session
            case FirstPicture():
                account.first_picture = report.seconds
            case Sample():
                account.samples.append(report)
            case Answer():
                account.answers.append(report)
            case Quality():
                account.quality = report
            case Trouble():
                account.troubles.append(report)

    @property
    def watching(self) -> int:
        """How many viewers have seen a picture."""
        return sum(account.first_picture is not None for account in self.accounts)

    def document(self, model: str, plan: Plan) -> dict[str, Any]:
        """Return all figures, as JSON has them. Times are in milliseconds, rates in kb/s."""
        return {
            "url": plan.url,
            "model": model,
            "viewers": plan.viewers,
            "seconds": round(max(0.0, plan.end - plan.start - plan.ramp), 3),
            "ramp": plan.ramp,
            "round_trip": "command" if plan.calls else "schema",
            "total": self._total(),
            "each": [_one(account, plan.start) for account in self.accounts],
        }

    def _total(self) -> dict[str, Any]:
        accounts = self.accounts
        answers = [seconds for account in accounts for seconds in account.answered]
        lost = [account.quality for account in accounts if account.quality]
        sent = sum(quality.received + quality.lost for quality in lost)
        return {
            "watching": self.watching,
            "sessions": len({a.session for a in accounts if a.session}),
            "connect_ms": spread(_ms(a.connect for a in accounts)),
            "first_picture_ms": spread(_ms(a.first_picture for a in accounts)),
            "queued_ms": spread(_ms(a.queued for a in accounts if a.queued)),
            "fps": spread(_known(a.fps for a in accounts)),
            "longest_gap_ms": max(_ms(a.gap for a in accounts), default=None),
            "kbps": round(sum(_known(a.kbps for a in accounts)), 1),
            "loss": sum(quality.lost for quality in lost) / sent if sent else None,
            "jitter_ms": max(_ms(quality.jitter for quality in lost), default=None),
            "round_trip_ms": spread(_ms(answers)),
            "errors": dict(Counter(reason for a in accounts for reason in _errors(a))),
        }


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Return least, middle, 95th percentile, most and count; None without any."""
    if not values:
        return None
    ordered = sorted(values)
    at_95 = ordered[max(0, math.ceil(0.95 * len(ordered)) - 1)]
    return {
        "min": round(ordered[0], 2),
        "p50": round(median(ordered), 2),
        "p95": round(at_95, 2),
        "max": round(ordered[-1], 2),
        "count": len(ordered),
    }


def _errors(account: Account) -> list[str]:
    refused = [answer.error for answer in account.answers if answer.error is not None]
    return [*(trouble.reason for trouble in account.troubles), *refused]


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _ms(values: Iterable[float | None]) -> list[float]:
    return [round(value * 1e3, 2) for value in values if value is not None]


def _one_ms(value: float | None) -> float | None:
    return None if value is None else round(value * 1e3, 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _one(account: Account, start: float) -> dict[str, Any]:
    return {
        "viewer": account.viewer,
        "session": account.session,
        "queued_ms": _one_ms(account.queued),
        "connect_ms": _one_ms(account.connect),
        "first_picture_ms": _one_ms(account.first_picture),
        "fps": _rounded(account.fps),
        "longest_gap_ms": _one_ms(account.gap),
        "kbps": _rounded(account.kbps),
        "loss": account.loss,
        "jitter_ms": _one_ms(account.quality.jitter if account.quality else None),
        "round_trip_ms": spread(_ms(account.answered)),
        "errors": _errors(account),
        "timeline": [
            {
                "at": round(sample.at - start, 3),
                "fps": _rounded(sample.pictures / sample.seconds if sample.seconds else 0.0),
                "gap_ms": _one_ms(sample.gap),
                "kbps": _rounded(sample.size * 8e-3 / sample.seconds if sample.seconds else 0),
            }
            for sample in account.samples
        ],
        "round_trips": [
            {"at": round(answer.at - start, 3), "ms": _one_ms(answer.seconds)}
            for answer in account.answers
            if answer.error is None
        ],
    }
