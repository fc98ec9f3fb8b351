"""The paces that models are measured at, and how evenly pictures came."""

from __future__ import annotations

import pytest

from benchmarks.latency.__main__ import smoothness
from benchmarks.latency.paces import FPS, PACES, Pace

TURNS = 10 * 5 * FPS


@pytest.mark.parametrize("pace", PACES.values(), ids=PACES)
def test_only_the_slow_model_needs_more_time_than_there_is(pace: Pace) -> None:
    seconds = sum(pace.seconds(turn) for turn in range(TURNS))
    assert (seconds > TURNS * pace.pictures / FPS) == (pace.name == "too slow")


def test_gaps_are_counted_by_the_minute() -> None:
    figures = smoothness([0.0, 0.03, 0.06, 0.26, 0.29, 0.5], 10.0)
    assert figures["fps"] == 0.6
    assert figures["longest gap, ms"] == pytest.approx(210)
    assert figures["gaps over 100 ms, per minute"] == 12


def test_a_stream_that_stands_still_has_one_long_gap() -> None:
    assert smoothness([1.0], 10.0)["longest gap, ms"] == 10_000
