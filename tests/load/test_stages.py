from __future__ import annotations

import json

import pytest

from reactor_actors.core.tally import Spread
from reactor_actors.load.stages import STAGES, Stage, bars, stages_between, timeline

BOUNDS = (0.01, 0.02)
TURN, ENCODE = STAGES["turn"], STAGES["encode"]


def test_stages_come_in_the_order_of_a_pictures_way_with_what_passed_meanwhile() -> None:
    before = {ENCODE: Spread(BOUNDS, (5, 0, 0), 0.01)}
    after = {ENCODE: Spread(BOUNDS, (5, 4, 0), 0.07), TURN: Spread(BOUNDS, (2, 0, 0), 0.012)}
    turn, encode = stages_between(before, after)
    assert (turn.name, turn.count, turn.mean) == ("turn", 2, pytest.approx(0.006))
    assert (encode.name, encode.count, encode.mean) == ("encode", 4, pytest.approx(0.015))
    assert encode.p50 == pytest.approx(0.015)
    assert encode.p95 == pytest.approx(0.0195)


def test_a_stage_that_nothing_has_passed_is_left_out() -> None:
    same = {TURN: Spread(BOUNDS, (2, 0, 0), 0.012)}
    assert stages_between(same, same) == []


def test_a_server_that_counts_anew_has_no_time_line() -> None:
    before = {TURN: Spread(BOUNDS, (2, 0, 0), 0.012)}
    with pytest.raises(ValueError, match="has become less"):
        stages_between(before, {TURN: Spread(BOUNDS, (1, 5, 0), 0.1)})


def test_the_time_line_has_shares_of_the_sum_and_owns_what_it_does_not_know() -> None:
    spread = Spread(BOUNDS, (9, 0, 1), 0.05)
    stages = stages_between({}, {TURN: spread, ENCODE: Spread(BOUNDS, (1, 0, 0), 0.005)})
    turn, encode = timeline(stages)
    assert (turn["mean_ms"], turn["p95_ms"], turn["share"]) == (5.0, None, 0.5)
    assert (encode["stage"], encode["share"], encode["count"]) == ("encode", 0.5, 1)
    assert "NaN" not in json.dumps([turn, encode])
    assert timeline([Stage("turn", 1, 0.0, 0.0, 0.0)])[0]["share"] == 0.0


def test_a_bar_begins_where_the_one_before_it_ends() -> None:
    assert bars([2.0, 0.0, 1.0, 1.0], 8, "#") == ["####", "    #", "    ##", "      ##"]


def test_even_the_shortest_bar_is_seen_within_the_width() -> None:
    drawn = bars([1000.0, 0.001], 10, "#")
    assert drawn == ["##########", "         #"]
    assert bars([0.0, 0.0], 4, "#") == ["#", "#"]
