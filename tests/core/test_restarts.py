from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core import events as ev
from reactor_actors.core.restarts import DELAYS, WINDOW, GiveUp, Restarts, Retry, Verdict
from reactor_actors.core.session import Session, State

MOST = len(DELAYS)


def after(*moments: float) -> Restarts:
    """The budget of a model that has failed at these moments."""
    restarts = Restarts()
    for now in moments:
        restarts.failed("it raised", now)
    return restarts


def verdicts(*moments: float) -> list[Verdict]:
    restarts = Restarts()
    return [restarts.failed("it raised", now) for now in moments]


def test_a_model_is_restarted_three_times_after_one_two_and_four_seconds() -> None:
    assert verdicts(0.0, 10.0, 20.0) == [Retry(1, 3, 1.0), Retry(2, 3, 2.0), Retry(3, 3, 4.0)]


def test_the_fourth_failure_within_ten_minutes_gives_up_and_says_why() -> None:
    verdict = after(0.0, 10.0, 20.0).failed("RuntimeError: no memory", 30.0)
    assert verdict == GiveUp("4 failures within 10 minutes; the last: RuntimeError: no memory")


def test_ten_minutes_are_still_within_ten_minutes() -> None:
    assert isinstance(after(0.0, 1.0, 2.0).failed("", WINDOW), GiveUp)


def test_the_window_slides() -> None:
    restarts = after(0.0, 200.0, 400.0)
    assert restarts.failed("", 601.0) == Retry(3, 3, 4.0)
    assert restarts.failed("", 801.0) == Retry(3, 3, 4.0)
    assert isinstance(restarts.failed("", 802.0), GiveUp)


def test_after_a_long_healthy_run_the_first_delay_comes_again() -> None:
    assert after(0.0, 5.0, 10.0).failed("", 10.0 + WINDOW + 1.0) == Retry(1, 3, 1.0)


def test_a_short_healthy_run_earns_nothing() -> None:
    assert after(0.0).failed("", WINDOW - 1.0) == Retry(2, 3, 2.0)


def test_what_no_restart_mends_is_final_at_once_in_its_own_words() -> None:
    verdict = Restarts().failed("model.py: no module named 'torch'", 0.0, final=True)
    assert verdict == GiveUp("model.py: no module named 'torch'")


@pytest.mark.parametrize("later", [40.0, 1e6])
def test_once_given_up_stays_given_up(later: float) -> None:
    restarts = after(0.0, 10.0, 20.0)
    verdict = restarts.failed("the fourth", 30.0)
    assert restarts.failed("the fifth", later) == verdict
    assert restarts.failed("the sixth", later, final=True) == verdict


def test_a_budget_may_be_another_one() -> None:
    restarts = Restarts(delays=(0.5,), window=90.0)
    assert restarts.failed("", 0.0) == Retry(1, 1, 0.5)
    assert restarts.failed("a", 90.0) == GiveUp("2 failures within 1.5 minutes; the last: a")


def test_without_delays_the_first_failure_is_the_last() -> None:
    assert isinstance(Restarts(delays=()).failed("", 0.0), GiveUp)


def test_a_retry_is_what_a_session_hears_of_a_lost_model() -> None:
    assert Retry(2, 3, 2.0).event(7.5) == ev.ModelLost(7.5, 2, 3, 2000)


def test_giving_up_is_what_a_session_hears_of_a_model_given_up() -> None:
    assert GiveUp("x").event(7.5) == ev.ModelGivenUp()


def test_a_session_goes_the_way_of_the_budget() -> None:
    restarts, session, seen = Restarts(), Session(), []
    for now in (0.0, 10.0, 20.0, 30.0):
        session.receive(restarts.failed("", now).event(now))
        seen.append(session.state)
    assert seen == [State.CREATED, State.CREATED, State.CREATED, State.TERMINATED]


GAPS = st.lists(st.floats(0.0, 2 * WINDOW) | st.sampled_from([0.0, 1.0, WINDOW / 3]), max_size=40)


@given(GAPS)
def test_no_window_ever_holds_more_restarts_than_the_budget(gaps: list[float]) -> None:
    restarts, now, granted, given_up = Restarts(), 0.0, list[float](), False
    for gap in gaps:
        now += gap
        recent = sum(now - at <= WINDOW for at in granted)
        verdict = restarts.failed("", now)
        if given_up or recent == MOST:
            given_up = True
            assert isinstance(verdict, GiveUp)
        else:
            granted.append(now)
            assert verdict == Retry(recent + 1, MOST, DELAYS[recent])


def test_a_model_that_fails_now_and_then_for_ever_costs_no_memory() -> None:
    every = [k * (WINDOW / MOST + 1.0) for k in range(1000)]
    assert len(pickle.dumps(after(*every))) == len(pickle.dumps(after(*every[:100])))
