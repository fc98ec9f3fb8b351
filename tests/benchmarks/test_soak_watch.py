"""Which gaps are findings, which are excused, and what is left out of the rate."""

from __future__ import annotations

import pytest

from benchmarks.soak.watch import Watch


@pytest.fixture
def watch() -> Watch:
    """One who has seen pictures up to second 10."""
    watch = Watch(limit=2.0)
    watch.begin(9.0, 5.0)
    watch.picture(10.0, 0)
    return watch


def test_pictures_that_follow_each_other_are_counted(watch: Watch) -> None:
    assert [watch.picture(10.0 + number / 4, number) for number in range(1, 5)] == [None] * 4
    seen = watch.take()
    assert seen.fps == pytest.approx(4.0)
    assert seen.longest == pytest.approx(0.25)
    assert watch.take().pictures == 0


def test_the_way_to_the_first_picture_is_told_apart(watch: Watch) -> None:
    assert watch.recoveries == {"at first": [1.0]}
    assert watch.take().pictures == 0


def test_a_first_picture_that_does_not_come_is_found() -> None:
    watch = Watch(limit=2.0)
    watch.begin(0.0, 5.0)
    assert watch.overdue(4.9) is None
    assert watch.overdue(5.1) == "no picture for 5.1 s at first"


def test_a_gap_over_the_limit_is_found_once(watch: Watch) -> None:
    assert watch.overdue(11.9) is None
    assert watch.overdue(12.5) == "no picture for 2.5 s"
    assert watch.overdue(13.0) is None
    assert watch.picture(14.0, 1) is None
    assert watch.take().longest == pytest.approx(4.0)
    assert watch.overdue(16.5) == "no picture for 2.5 s"


def test_a_gap_that_nobody_asked_about_meanwhile_is_found_by_its_end(watch: Watch) -> None:
    assert watch.picture(13.0, 1) == "no picture for 3.0 s"


def test_an_excused_gap_is_kept_apart_and_ends_its_excuse(watch: Watch) -> None:
    watch.picture(10.1, 1)
    watch.excuse(10.2, "after a crash", 20.0)
    assert watch.picture(11.3, 2) is None  # it was under way when the model failed
    assert watch.overdue(15.0) is None
    assert watch.picture(16.2, 0) is None
    assert watch.recoveries["after a crash"] == [pytest.approx(6.0)]
    assert watch.take().longest == pytest.approx(0.1)
    assert not watch.excused(16.2)
    assert watch.overdue(18.3) == "no picture for 2.1 s"


def test_what_outlasts_its_excuse_is_found_with_its_reason(watch: Watch) -> None:
    watch.excuse(10.0, "after a crash", 20.0)
    assert watch.overdue(30.5) == "no picture for 20.5 s after a crash"
    watch.picture(31.0, 0)
    assert "after a crash" not in watch.recoveries
    assert watch.take().longest == pytest.approx(21.0)


def test_nothing_is_due_at_rest(watch: Watch) -> None:
    watch.rest()
    assert watch.overdue(99.0) is None
    assert watch.picture(99.0, 0) is None
