from __future__ import annotations

import pytest

from reactor_actors.load.tally import Tally


def test_time_begins_with_the_first_picture() -> None:
    tally = Tally(3)
    tally.packet(9.0, 700, ends=False)
    assert not tally.begun
    tally.packet(10.0, 300, ends=True)
    assert tally.begun
    for n in range(1, 11):
        tally.packet(10.0 + n / 10, 500, ends=n % 2 == 0)
    sample = tally.sample(11.0)
    assert (sample.viewer, sample.at, sample.seconds) == (3, 11.0, 1.0)
    assert (sample.pictures, sample.size) == (5, 5000)
    assert sample.gap == pytest.approx(0.2)


def test_a_gap_counts_by_its_whole_length_also_while_it_is_open() -> None:
    tally = Tally(0)
    for at in (1.0, 1.1, 1.2):
        tally.packet(at, 1, ends=True)
    assert tally.sample(2.0).gap == pytest.approx(0.8)
    assert tally.sample(3.0).gap == pytest.approx(1.8)
    tally.packet(3.7, 1, ends=True)
    assert tally.sample(4.0).gap == pytest.approx(2.5)
    tally.packet(4.1, 1, ends=True)
    tally.packet(4.95, 1, ends=True)
    last = tally.sample(5.0)
    assert last.gap == pytest.approx(0.85)
    assert last.pictures == 2
