from __future__ import annotations

import pytest

from reactor_actors.headless.timeline import Timeline, WallClock
from tests.fakes import ManualClock


def test_an_hour_of_thirds_adds_up_to_an_hour() -> None:
    timeline = Timeline(30)
    times = [timeline.tick() for _ in range(108_000)]
    assert times[:3] == [0.0, 1 / 30, 2 / 30]
    assert timeline.now == pytest.approx(3600.0, abs=1e-9)


def test_a_new_rate_counts_from_the_next_picture_on() -> None:
    timeline = Timeline(10)
    assert [timeline.tick() for _ in range(2)] == [0.0, 0.1]
    timeline.set_rate(2)
    assert [timeline.tick() for _ in range(3)] == [0.2, 0.7, 1.2]


def test_a_wall_clock_begins_with_the_first_picture() -> None:
    clock = ManualClock(100.0)
    wall = WallClock(clock)
    clock.advance(2.5)
    assert wall.now == 2.5
    assert wall.tick() == 0.0
    clock.advance(0.5)
    assert wall.tick() == 0.5
    clock.advance(0.25)
    assert wall.now == 0.75
