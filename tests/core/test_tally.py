from __future__ import annotations

import math
import pickle

import pytest

from reactor_actors.core.tally import Spread, Tally
from reactor_actors.transports.figures import STAGE_SECONDS


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


def test_what_was_counted_since_an_earlier_look_is_their_difference() -> None:
    before, now = Spread((1.0, 2.0), (1, 2, 0), 4.0), Spread((1.0, 2.0), (1, 5, 1), 12.5)
    assert now.since(before) == Spread((1.0, 2.0), (0, 3, 1), 8.5)


def test_who_counts_anew_or_otherwise_has_no_earlier_look() -> None:
    before = Spread((1.0, 2.0), (1, 2, 0), 4.0)
    with pytest.raises(ValueError, match="become less"):
        Spread((1.0, 2.0), (0, 9, 0), 9.0).since(before)
    with pytest.raises(ValueError, match="no bounds of one spread"):
        Spread((1.0, 3.0), (1, 9, 0), 9.0).since(before)


def test_quantiles_lie_where_the_values_would_if_they_lay_evenly() -> None:
    spread = Spread((0.01, 0.02, 0.04), (0, 10, 30, 0), 1.0)
    assert (spread.count, spread.mean) == (40, 0.025)
    assert spread.quantile(0.0) == pytest.approx(0.01)
    assert spread.quantile(0.125) == pytest.approx(0.015)
    assert spread.quantile(0.25) == pytest.approx(0.02)
    assert spread.quantile(0.5) == pytest.approx(0.02 + 0.02 / 3)
    assert spread.quantile(1.0) == pytest.approx(0.04)
    assert Spread((0.01,), (4, 0)).quantile(0.5) == pytest.approx(0.005)


def test_a_quantile_beyond_the_last_bound_is_not_made_up() -> None:
    assert Spread((0.01,), (1, 1)).quantile(0.95) == math.inf
    assert math.isnan(Spread.none((0.01,)).quantile(0.5))


@pytest.mark.parametrize("part", [0.5, 0.95])
def test_an_estimate_from_the_bounds_of_a_stage_is_close_to_the_truth(part: float) -> None:
    values = [0.002 * 1.03**number for number in range(100)]
    tally = Tally(STAGE_SECONDS)
    for value in values:
        tally.count(value)
    assert tally.read().quantile(part) == pytest.approx(values[int(part * 100)], rel=0.1)
