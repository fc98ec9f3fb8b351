"""The way of a picture through the server, stage by stage, from what the server counts. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reactor_actors.core.tally import Spread

STAGES = {
    "turn": "runtime_turn_seconds",
    "hold": "runtime_hold_seconds",
    "hand-off": "runtime_hand_off_seconds",
    "until due": "runtime_playout_latency_seconds",
    "encoder wait": "runtime_encoder_wait_seconds",
    "encode": "runtime_encode_seconds",
    "way out": "runtime_way_out_seconds",
}
"""Every stage in the order in which a picture passes them, with the family that counts it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How long one stage took: `count` times, in seconds.

    The mean is exact; median and 95th percentile are estimated between the bounds of a histogram.
    """

    name: str
    count: int
    mean: float
    p50: float
    p95: float


def stages_between(before: Mapping[str, Spread], after: Mapping[str, Spread]) -> list[Stage]:
    """Return the stages that anything has passed between two looks at a server's families.

    Raises `ValueError` when the server has begun to count anew meanwhile.
    """
    stages = []
    for name, family in STAGES.items():
        if family in after:
            spread = after[family]
            passed = spread.since(before.get(family, Spread.none(spread.bounds)))
            if passed.count:
                p50, p95 = passed.quantile(0.5), passed.quantile(0.95)
                stages.append(Stage(name, passed.count, passed.mean, p50, p95))
    return stages


def timeline(stages: Sequence[Stage]) -> list[dict[str, Any]]:
    """Return the stages as JSON has them, in milliseconds, each with its share of the sum.

    A quantile beyond the largest bound is not known: None.
    """
    whole = sum(stage.mean for stage in stages)
    return [
        {
            "stage": stage.name,
            "count": stage.count,
            "mean_ms": _ms(stage.mean),
            "p50_ms": _ms(stage.p50),
            "p95_ms": _ms(stage.p95),
            "share": round(stage.mean / whole, 4) if whole else 0.0,
        }
        for stage in stages
    ]


def bars(lengths: Sequence[float], width: int, mark: str) -> list[str]:
    """Return a bar for each length: one begins where the one before it ends, all fill `width`."""
    whole, begun, drawn = sum(lengths), 0.0, []
    for length in lengths:
        start = round(width * begun / whole) if whole else 0
        begun += length
        end = round(width * begun / whole) if whole else 0
        start = min(start, width - 1)
        drawn.append(" " * start + mark * max(1, end - start))
    return drawn


def _ms(seconds: float) -> float | None:
    return round(seconds * 1e3, 3) if math.isfinite(seconds) else None
