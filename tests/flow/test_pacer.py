from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.flow.pacer import Pacer


def playing(fps: float, start: float = 100.0) -> Pacer:
    """A pacer that has shown its first tick at `start`."""
    pacer = Pacer(fps)
    pacer.ticked(start)
    return pacer


def test_the_first_tick_is_due_at_once() -> None:
    pacer = Pacer(10)
    assert pacer.due == -math.inf
    assert pacer.wait(5.0) == 0.0


def test_later_ticks_are_due_one_interval_after_another() -> None:
    pacer = playing(4, 100.0)
    for k in range(1, 9):
        assert pacer.due == 100.0 + k / 4
        pacer.ticked(100.0 + k / 4)


def test_a_little_lateness_does_not_shift_the_schedule() -> None:
    pacer = playing(4, 100.0)
    pacer.ticked(100.25 + 0.2)
    assert pacer.due == 100.5


def test_more_than_one_interval_late_restarts_the_schedule() -> None:
    pacer = playing(4, 100.0)
    pacer.ticked(103.0)
    assert pacer.due == 103.25


def test_exactly_one_interval_late_is_not_late() -> None:
    pacer = playing(4, 100.0)
    pacer.ticked(100.5)
    assert pacer.due == 100.5


@pytest.mark.parametrize(("fps", "due"), [(8, 100.125), (2, 100.5), (1000, 100.001)])
def test_a_new_rate_retimes_the_pending_tick(fps: float, due: float) -> None:
    pacer = playing(4, 100.0)
    pacer.set_rate(fps)
    assert pacer.due == pytest.approx(due)
    assert pacer.interval == 1 / fps


def test_a_slow_warm_up_does_not_delay_the_picture_after_it() -> None:
    pacer = playing(0.1, 100.0)
    pacer.set_rate(10)
    assert pacer.wait(100.05) == pytest.approx(0.05)
    assert pacer.wait(103.0) == 0.0


def test_a_rate_set_before_the_first_tick_is_the_first_interval() -> None:
    pacer = Pacer(30)
    pacer.set_rate(2)
    assert pacer.wait(7.0) == 0.0
    pacer.ticked(7.0)
    assert pacer.due == 7.5


@given(
    fps=st.floats(0.5, 240),
    delays=st.lists(st.floats(0, 3), min_size=1, max_size=60),
)
def test_there_is_never_a_burst(fps: float, delays: list[float]) -> None:
    pacer, now = Pacer(fps), 50.0
    shown = []
    for delay in delays:
        now += max(pacer.wait(now), delay)
        pacer.ticked(now)
        shown.append(now)
    interval = pacer.interval
    # A late tick may be followed early by the next one, but never by two.
    for first, third in zip(shown, shown[2:], strict=False):
        assert third - first >= interval * (1 - 1e-9)
