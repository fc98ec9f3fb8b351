"""Looks at what a server counts: its `/metrics`, read as Prometheus' text."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Collection, Mapping
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from reactor_actors.core.tally import Spread
from reactor_actors.load.crowd import Crowd
from reactor_actors.load.signalling import UNREACHABLE, Front, RefusedError
from reactor_actors.load.stages import STAGES, Stage, stages_between


async def look(url: str, token: str | None = None) -> dict[str, Spread]:
    """Return how long the stages of pictures took so far. Raises `RefusedError`."""
    try:
        async with Front.open(url, token) as front:
            return spreads_in(await front.metrics(), STAGES.values())
    except UNREACHABLE:
        raise RefusedError(0, "no server answers any more") from None
    except ValueError:
        raise RefusedError(0, "/metrics: no such text as Prometheus reads") from None


async def stages_of(crowd: Crowd, watching: asyncio.Future[Any]) -> tuple[list[Stage], str]:
    """Return the stages that pictures passed in the measured time, or why they are not known.

    That time is from when the last viewer has set out to the end, or the end of `watching`.
    """
    await crowd.begun.wait()
    plan = crowd.plan
    try:
        await _either(watching, plan.start + plan.ramp)
        before = await look(plan.url, plan.token)
        await _either(watching, plan.end)
        stages = stages_between(before, await look(plan.url, plan.token))
    except RefusedError as error:
        return [], str(error)
    except ValueError as error:
        return [], f"{error}; was it started anew?"
    return stages, "" if stages else "no picture has passed"


async def _either(watching: asyncio.Future[Any], instant: float) -> None:
    await asyncio.wait({watching}, timeout=max(0.0, instant - time.monotonic()))


def spreads_in(text: str, names: Collection[str]) -> dict[str, Spread]:
    """Return the histograms of these names, each summed over its labels.

    Those that have no samples are left out. Raises `ValueError` for what is no such text.
    """
    found = {}
    try:
        for family in text_string_to_metric_families(text):
            if family.name in names and family.samples:
                found[family.name] = _spread(family)
    except (LookupError, OverflowError) as error:
        raise ValueError(f"no Prometheus text: {error!r}") from None
    return found


def _spread(family: Metric) -> Spread:
    """Add up a family: what lies within a bound does so whatever the labels."""
    within: dict[float, float] = {}
    total = 0.0
    for sample in family.samples:
        if sample.name.endswith("_bucket"):
            bound = float(sample.labels["le"])
            within[bound] = within.get(bound, 0.0) + sample.value
        elif sample.name.endswith("_sum"):
            total += sample.value
    return _parted(within, total)


def _parted(within: Mapping[float, float], total: float) -> Spread:
    """Turn counts that include those of all lower bounds into counts of their own."""
    bounds = sorted(within)
    if not bounds or bounds[-1] != math.inf:
        raise ValueError("a histogram without an end")
    counts, below = [], 0
    for bound in bounds:
        counts.append(int(within[bound]) - below)
        below = int(within[bound])
    return Spread(tuple(bounds[:-1]), tuple(counts), total)
