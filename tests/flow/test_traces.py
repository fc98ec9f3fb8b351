"""What viewers have of models and machines as they are: gaps, and how old pictures are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reactor_actors.flow.lead import MARGIN
from tests.flow.traces import TRACES, Trace, every, noise, once, play


def fixed(trace: Trace) -> Trace:
    """Return the trace with a queue that is kept full."""
    return replace(trace, facts={**trace.facts, "fixed": True})


@pytest.mark.parametrize("milliseconds", [20, 50, 100, 300])
def test_a_lone_hiccup_is_one_gap_and_its_latency_is_back_within_two_seconds(
    milliseconds: int,
) -> None:
    outcome = play(Trace(once(600, 0.005, milliseconds / 1000)), 40.0)
    hiccup = next(at for at, age in zip(outcome.shown, outcome.ages, strict=True) if at > 19.9)
    assert len(outcome.gaps) <= 1
    assert outcome.settled(hiccup, 0.005 + 2 * MARGIN) < 2.5


def test_a_stream_settles_within_two_seconds_of_its_start() -> None:
    assert play(Trace(lambda chance, n: 0.005), 20.0).settled(0.0, 0.005 + 2 * MARGIN) < 2.0


@pytest.mark.parametrize("turns", [15, 30, 45, 75, 120, 150])
def test_a_hiccup_that_comes_back_within_six_seconds_is_hidden_after_the_second(turns: int) -> None:
    outcome = play(Trace(every(turns, 0.002, 0.060)), 60.0)
    assert len(outcome.gaps) <= 2
    assert outcome.age(0.95) == pytest.approx(0.060 + MARGIN, abs=0.001)


@pytest.mark.parametrize("turns", [200, 300, 450])
def test_a_rare_hiccup_does_not_hold_up_what_lies_between(turns: int) -> None:
    outcome = play(Trace(every(turns, 0.002, 0.080)), 60.0)
    assert len(outcome.gaps) <= 1800 // turns
    assert outcome.age(0.5) == pytest.approx(0.002 + MARGIN, abs=0.001)


@pytest.mark.parametrize("name", ["noisy machine, 5 ms", "noisy machine, 20 ms"])
def test_on_a_noisy_machine_pictures_are_half_as_old_as_with_a_full_queue(name: str) -> None:
    ours, full = play(TRACES[name], 60.0), play(fixed(TRACES[name]), 60.0)
    assert len(ours.gaps) <= 10
    assert ours.age(0.5) < 0.45 * full.age(0.5)


def test_a_busy_beginning_is_forgotten_soon() -> None:
    assert play(TRACES["busy beginning"], 20.0).settled(1.5, 0.005 + 3 * MARGIN) < 8.0


@pytest.mark.parametrize("name", ["steady, 2 ms", "near its period, 20 to 31 ms"])
def test_an_even_model_has_no_gap_at_all(name: str) -> None:
    assert play(TRACES[name], 60.0).gaps == []


def test_batches_are_asked_for_in_time_and_without_a_gap() -> None:
    outcome = play(TRACES["batches of 8 in 100 ms"], 60.0)
    assert outcome.gaps == []
    assert outcome.leads[-1] < 0.125


def test_a_model_behind_its_hour_needs_nothing_for_that() -> None:
    # It catches up 3 ms a picture: the better part of two seconds after the lead has grown.
    outcome = play(Trace(once(600, 0.030, 0.100)), 40.0)
    assert len(outcome.gaps) == 1
    assert outcome.leads[-1] == pytest.approx(0.030 + MARGIN, abs=0.001)
    assert outcome.settled(20.0, 0.040) < 4.0


def test_a_way_that_is_slow_is_part_of_what_is_needed() -> None:
    outcome = play(Trace(lambda chance, n: 0.005, lambda chance, now: 0.010), 20.0)
    assert outcome.gaps == []
    assert outcome.leads[-1] == pytest.approx(0.005 + 0.010 + MARGIN, abs=0.001)


def test_noise_is_the_same_every_time() -> None:
    trace = Trace(lambda chance, n: 0.005 + noise(chance))
    assert play(trace, 5.0, seed=3) == play(trace, 5.0, seed=3)
    assert play(trace, 5.0, seed=3) != play(trace, 5.0, seed=4)
