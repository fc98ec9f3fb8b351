from __future__ import annotations

import pickle

import pytest

from reactor_actors.core.tally import Spread, Tally


def test_values_are_counted_within_the_first_bound_that_holds_them() -> None:
    tally = Tally((0.1, 1.0))
    for value in (0.0, 0.1, 0.11, 1.0, 1.5, 100.0):
        tally.count(value)
    assert tally.read() == Spread((0.1, 1.0), (2, 2, 2), pytest.approx(102.71))


def test_what_was_read_does_not_grow() -> None:
    tally = Tally((1.0,))
    before = tally.read()
    tally.count(0.5)
    assert before == Spread.none((1.0,))
    assert tally.read() == Spread((1.0,), (1, 0), 0.5)


def test_spreads_cross_processes_and_add_up() -> None:
    one, other = Spread((1.0, 2.0), (1, 2, 3), 9.5), Spread((1.0, 2.0), (10, 0, 1), 5.0)
    assert pickle.loads(pickle.dumps(one)) + other == Spread((1.0, 2.0), (11, 2, 4), 14.5)


def test_spreads_of_other_bounds_do_not() -> None:
    with pytest.raises(ValueError, match="no bounds of one spread"):
        _ = Spread.none((1.0,)) + Spread.none((2.0,))
