from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.classic.rate import CEILING, Rate


def test_the_first_guess_is_sixteen() -> None:
    assert Rate().first == 16.0
    assert Rate(24.0).first == 24.0


def test_the_first_emit_says_nothing_yet() -> None:
    rate = Rate()
    assert rate.emitted(1, 100.0, 0) is None
    assert rate.emitted(1, 100.1, 0) == pytest.approx(10.0)


def test_a_batch_counts_as_many_as_it_holds() -> None:
    rate = Rate()
    rate.emitted(12, 0.0, 0)
    assert rate.emitted(12, 0.5, 0) == pytest.approx(24.0)


def test_every_rate_is_told_by_the_last_two_emits_alone() -> None:
    rate = Rate()
    rate.emitted(1, 0.0, 0)
    rate.emitted(1, 1.0, 0)
    assert rate.emitted(3, 1.5, 0) == pytest.approx(6.0)


@pytest.mark.parametrize(("waiting", "ticks"), [(0, 4), (2, 4), (3, 6), (50, 53)])
def test_more_than_two_that_wait_are_to_be_gone_too(waiting: int, ticks: int) -> None:
    rate = Rate()
    rate.emitted(4, 0.0, 0)
    assert rate.emitted(4, 0.5, waiting) == pytest.approx(ticks / 0.5)


def test_the_factor_multiplies_what_is_measured_and_leaves_a_backlog_its_pace() -> None:
    rate = Rate(factor=0.5)
    assert rate.first == 16.0
    rate.emitted(1, 0.0, 0)
    assert rate.emitted(1, 0.1, 0) == pytest.approx(5.0)
    assert rate.emitted(1, 0.3, 10) == pytest.approx(50.0)


def test_frozen_it_stays_and_resumed_it_measures_from_that_moment_on() -> None:
    rate = Rate()
    rate.emitted(1, 0.0, 0)
    rate.freeze()
    assert rate.emitted(1, 0.1, 0) is None
    rate.resume(60.0)
    assert rate.emitted(10, 60.5, 0) == pytest.approx(20.0)


def test_a_block_that_is_resumed_for_is_measured_by_itself() -> None:
    rate, told = Rate(), []
    for begin in (0.0, 10.0, 20.0):
        rate.resume(begin)
        told.append(rate.emitted(10, begin + 0.25, 0))
        rate.freeze()
    assert told == [pytest.approx(40.0)] * 3


def test_a_loop_that_only_emits_is_not_played_faster_than_a_screen_shows() -> None:
    rate = Rate()
    rate.emitted(1, 0.0, 0)
    assert rate.emitted(1, 1e-5, 0) == CEILING
    assert rate.emitted(1, 2e-5, 50) == CEILING


def test_sound_is_never_played_faster_than_it_sounds() -> None:
    rate = Rate()
    rate.emitted(1, 0.0, 0, 0.02)
    assert rate.emitted(1, 1e-5, 0, 0.02) == pytest.approx(50.0)
    assert rate.emitted(4, 2e-5, 50, 1.0) == pytest.approx(4.0)
    assert rate.emitted(1, 0.1, 0, 0.02) == pytest.approx(10.0, rel=0.01)


def test_a_fixed_rate_is_never_measured() -> None:
    rate = Rate(25.0)
    rate.resume(0.0)
    assert [rate.emitted(1, now, 9) for now in (0.0, 1.0, 2.0)] == [None] * 3


def test_nothing_emitted_and_no_time_gone_by_say_nothing() -> None:
    rate = Rate()
    rate.emitted(1, 1.0, 0)
    assert rate.emitted(1, 1.0, 0) is None
    assert rate.emitted(1, 0.5, 0) is None
    assert rate.emitted(0, 2.0, 0) is None
    assert rate.emitted(1, 2.5, 0) == pytest.approx(2.0)


@given(
    st.integers(1, 500), st.floats(1e-4, 1e4), st.integers(0, 50), st.floats(0.01, 1.0)
)  # fmt: skip
def test_a_rate_is_above_zero_and_grows_with_what_waits(
    count: int, seconds: float, waiting: int, factor: float
) -> None:
    def measured(queued: int) -> float:
        rate = Rate(factor=factor)
        rate.emitted(count, 0.0, 0)
        told = rate.emitted(count, seconds, queued)
        assert told is not None
        return told

    assert 0 < measured(0) <= measured(waiting)
    assert measured(0) == pytest.approx(min(CEILING, factor * count / seconds))
