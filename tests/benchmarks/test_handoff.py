from __future__ import annotations

import pytest

from benchmarks.handoff.__main__ import QUEUE, measurements, summary
from benchmarks.handoff.pace import WARM_UP, Figures, latencies


def test_latencies_are_those_after_the_warm_up() -> None:
    began = [float(number) for number in range(WARM_UP + 2)]
    arrived = [at + (0.5 if at < WARM_UP else 0.002) for at in began]
    assert latencies(began, arrived) == pytest.approx([2.0, 2.0])


def test_what_has_no_latency_is_told_by_its_cost_alone() -> None:
    assert summary(Figures([], 1.5)) == {"CPU, ms": 1.5}
    assert summary(Figures([1.0, 2.0, 3.0], 1.5))["p50, ms"] == 2.0


def test_every_hand_off_is_measured_at_every_size_beside_the_queue() -> None:
    found = [(series, size) for series, size, _ in measurements(48, (1, 8))]
    sized = {series for series, size in found if size is not None}
    assert QUEUE in sized
    assert {(series, size) for series in sized for size in (1, 8)} <= set(found)
