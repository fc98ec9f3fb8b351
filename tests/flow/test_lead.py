from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from reactor_actors.flow.lead import HABIT, MARGIN, PAUSE, RECENT, SHRINKING, SPAN, Lead
from tests.fakes import run_virtually
from tests.flow.stream import Stream

INTERVAL = 1 / 30
MOST = 5 * INTERVAL  # a full queue of four, and the tick being worked on


def calm(lead: Lead, start: float, seconds: float, turn: float) -> float:
    """Let turns begin at their hour and take the same time; return the instant of the last."""
    now = start
    while now < start + seconds:
        now += INTERVAL
        lead.arrived(now, min(lead.seconds(INTERVAL) - turn, 4 * INTERVAL), turn, INTERVAL)
    return now


def late(lead: Lead, now: float, seconds: float) -> float:
    """Let a turn end that much later than its tick was due; return the instant."""
    now += INTERVAL + seconds
    lead.arrived(now, -seconds, lead.seconds(INTERVAL) + seconds, INTERVAL)
    return now


def test_a_lead_starts_at_the_bound() -> None:
    assert Lead(4).seconds(0.5) == 2.5


def test_a_lead_is_never_more_than_the_bound_at_the_present_rate() -> None:
    lead = Lead(4)
    assert lead.seconds(1.0) == 5.0
    assert lead.seconds(0.01) == 0.05


def test_a_fixed_lead_stays_at_the_bound() -> None:
    lead = Lead(4, fixed=True)
    calm(lead, 0.0, 60.0, 0.005)
    lead.arrived(61.0, -1.0, 0.005, INTERVAL)
    assert lead.seconds(INTERVAL) == MOST


def test_nothing_shrinks_before_the_turns_are_known() -> None:
    lead = Lead(4)
    calm(lead, 0.0, RECENT * SPAN - INTERVAL, 0.005)
    assert lead.seconds(INTERVAL) == MOST


def test_a_lead_is_what_turns_need_and_a_margin() -> None:
    lead = Lead(4)
    calm(lead, 0.0, 3.0, 0.010)
    assert lead.seconds(INTERVAL) == pytest.approx(0.010 + MARGIN)


def test_no_picture_is_shown_more_than_a_quarter_faster_for_the_lead_to_shrink() -> None:
    lead, now, leads = Lead(4), 0.0, []
    while now < 3.0:
        now = calm(lead, now, INTERVAL / 2, 0.010)
        leads.append(lead.seconds(INTERVAL))
    steps = [before - after for before, after in itertools.pairwise(leads)]
    assert max(steps) == pytest.approx(SHRINKING * INTERVAL)
    assert min(steps) >= 0.0


def test_a_late_tick_grows_the_lead_at_once_by_what_was_missing() -> None:
    lead = Lead(4)
    now = calm(lead, 0.0, 20.0, 0.010)
    before = lead.seconds(INTERVAL)
    late(lead, now, 0.020)
    assert lead.seconds(INTERVAL) == pytest.approx(before + 0.020 + MARGIN)


def test_what_was_needed_once_is_soon_given_back() -> None:
    lead = Lead(4)
    now = late(lead, calm(lead, 0.0, 20.0, 0.010), 0.020)
    grown = lead.seconds(INTERVAL)
    now = calm(lead, now, SPAN - INTERVAL, 0.010)
    assert lead.seconds(INTERVAL) == grown
    calm(lead, now, SPAN + 0.2, 0.010)
    assert lead.seconds(INTERVAL) == pytest.approx(0.010 + MARGIN)


def test_what_was_needed_twice_is_kept_as_long_as_it_may_come_again() -> None:
    lead = Lead(4)
    now = late(lead, calm(lead, 0.0, 20.0, 0.010), 0.020)
    now = late(lead, calm(lead, now, 3.0, 0.010), 0.020)
    grown = lead.seconds(INTERVAL)
    now = calm(lead, now, (HABIT - 1) * SPAN - 0.1, 0.010)
    assert lead.seconds(INTERVAL) == grown
    calm(lead, now, 2 * SPAN + 0.2, 0.010)
    assert lead.seconds(INTERVAL) == pytest.approx(0.010 + MARGIN)


def test_what_comes_too_seldom_is_no_habit() -> None:
    lead = Lead(4)
    now = late(lead, calm(lead, 0.0, 20.0, 0.010), 0.020)
    now = late(lead, calm(lead, now, (HABIT + 1) * SPAN, 0.010), 0.020)
    calm(lead, now, 2.0, 0.010)
    assert lead.seconds(INTERVAL) == pytest.approx(0.010 + MARGIN)


def test_a_turn_that_began_before_its_hour_needs_its_whole_time() -> None:
    lead, now = Lead(4), 0.0
    while now < 3.0:
        now += INTERVAL
        lead.arrived(now, min(lead.seconds(INTERVAL) - 0.001, 3 * INTERVAL), 0.050, 2 * INTERVAL)
    assert lead.seconds(INTERVAL) >= 0.050 + MARGIN


def test_a_tick_before_any_schedule_says_nothing() -> None:
    lead = Lead(4, first=1)
    lead.arrived(0.0, float("-inf"), 0.010, INTERVAL)
    assert lead.seconds(INTERVAL) == 2 * INTERVAL


def test_long_turns_in_a_row_need_more_than_each_of_them() -> None:
    stream, _ = simulate(lambda number: 0.045 if number % 30 < 3 else 0.005)
    assert late_half(stream.gaps) == pytest.approx([INTERVAL] * len(late_half(stream.gaps)))
    assert stream.grants[-1].lead == pytest.approx(3 * 0.045 - 2 * INTERVAL + MARGIN, abs=0.003)


def test_a_pause_of_the_models_own_says_nothing_about_its_pace() -> None:
    lead = Lead(4)
    now = calm(lead, 0.0, 20.0, 0.010)
    before = lead.seconds(INTERVAL)
    lead.arrived(now + 10.0, -10.0, PAUSE + 0.1, INTERVAL)
    assert lead.seconds(INTERVAL) == before


def simulate(
    turn: Callable[[int], float],
    *,
    seconds: float = 30.0,
    count: int = 1,
    bound: int = 4,
    **facts: Any,
) -> tuple[Stream, list[float]]:
    """Run a model that works `turn(n)` seconds for its n-th emit."""

    async def main() -> tuple[Stream, list[float]]:
        stream = Stream(bound, 30.0, **facts)
        waits = await stream.run(seconds, turn, count)
        stream.playout.close()
        return stream, waits

    return run_virtually(main())


def late_half(values: list[float]) -> list[float]:
    return values[len(values) // 2 :]


@pytest.mark.parametrize("turn", [0.002, 0.008, 0.020])
def test_a_fast_model_is_asked_just_in_time_and_never_misses(turn: float) -> None:
    stream, _ = simulate(lambda number: turn)
    assert stream.gaps == pytest.approx([INTERVAL] * len(stream.gaps))
    assert stream.grants[-1].lead == pytest.approx(turn + MARGIN, abs=0.002)
    assert stream.playout.statistics().waiting <= 1


def test_a_slow_model_is_asked_at_once_and_keeps_the_whole_bound() -> None:
    stream, waits = simulate(lambda number: 0.050)
    assert waits == [0.0] * len(waits)
    assert {grant.lead for grant in stream.grants} == {MOST}
    assert late_half(stream.gaps) == pytest.approx([0.050] * len(late_half(stream.gaps)))


def test_a_model_with_frequent_bursts_settles_at_their_length() -> None:
    # Every tenth turn takes 60 ms: more than an interval, less than the bound.
    stream, _ = simulate(lambda number: 0.060 if number % 10 == 9 else 0.005)
    assert late_half(stream.gaps) == pytest.approx([INTERVAL] * len(late_half(stream.gaps)))
    assert stream.grants[-1].lead == pytest.approx(0.060 + MARGIN, abs=0.005)


def test_a_model_with_rare_bursts_shows_every_tick_and_few_late() -> None:
    stream, _ = simulate(lambda number: 0.060 if number % 40 == 39 else 0.005, seconds=60)
    assert stream.numbers == list(range(len(stream.numbers)))
    assert sum(gap > INTERVAL * 1.01 for gap in stream.gaps) <= len(stream.gaps) / 40
    assert max(stream.gaps) < INTERVAL + 0.060


def test_a_chunk_emitted_picture_by_picture_plays_without_a_gap() -> None:
    # One turn in thirty makes the chunk: it is rare, and the pace of the model all the same.
    stream, _ = simulate(lambda n: 0.9 if n % 30 == 0 else 0.0005, seconds=60, bound=50)
    assert late_half(stream.gaps) == pytest.approx([INTERVAL] * len(late_half(stream.gaps)))
    assert stream.grants[-1].lead == pytest.approx(0.9 + MARGIN, abs=0.005)


def test_a_large_bound_is_not_filled_before_the_pace_is_known() -> None:
    stream, _ = simulate(lambda number: 0.005, seconds=10, bound=50, first=4)
    assert stream.playout.statistics().peak == 5
    assert stream.gaps == pytest.approx([INTERVAL] * len(stream.gaps))
    assert stream.grants[-1].lead == pytest.approx(0.005 + MARGIN, abs=0.002)


def test_a_slow_start_gets_the_lead_it_needs_up_to_the_whole_bound() -> None:
    stream, _ = simulate(lambda n: 0.9 if n % 30 == 0 else 0.0005, seconds=60, bound=50, first=4)
    assert late_half(stream.gaps) == pytest.approx([INTERVAL] * len(late_half(stream.gaps)))
    assert sum(gap > 1.5 * INTERVAL for gap in stream.gaps) <= 2


def test_an_uneven_model_settles_near_its_slow_turns() -> None:
    chance = random.Random(7)
    stream, _ = simulate(lambda number: chance.uniform(0.004, 0.018))
    assert stream.gaps == pytest.approx([INTERVAL] * len(stream.gaps))
    assert 0.018 <= stream.grants[-1].lead <= 0.018 + 2 * MARGIN


def test_a_model_that_turns_slow_gets_the_whole_bound_back() -> None:
    stream, waits = simulate(lambda number: 0.005 if number < 600 else 0.050, seconds=40)
    leads = [grant.lead for grant in stream.grants]
    assert min(leads) < 0.015
    assert leads[-1] == MOST
    assert waits[-50:] == [0.0] * 50


def test_batches_of_a_fast_model_play_without_a_gap() -> None:
    stream, _ = simulate(lambda number: 0.060, count=4)
    assert late_half(stream.gaps) == pytest.approx([INTERVAL] * len(late_half(stream.gaps)))


def test_a_fixed_stream_keeps_its_queue_full() -> None:
    stream, _ = simulate(lambda number: 0.005, fixed=True)
    assert {grant.lead for grant in stream.grants} == {MOST}
    assert stream.playout.statistics().peak == 4


def test_a_model_that_pauses_for_long_is_asked_at_once_and_soon_in_time_again() -> None:
    async def main() -> tuple[list[float], Stream]:
        stream = Stream(4, 30.0)
        await stream.run(20.0, lambda number: 0.005)
        await asyncio.sleep(30.0)
        waits = await stream.run(5.0, lambda number: 0.005)
        stream.playout.close()
        return waits, stream

    waits, stream = run_virtually(main())
    assert waits[0] == 0.0
    assert stream.grants[-1].lead < 0.015
    assert sum(gap > INTERVAL * 1.01 for gap in stream.gaps) <= 2


def test_shown_ticks_keep_their_order() -> None:
    stream, _ = simulate(lambda number: 0.003, seconds=5)
    assert all(later > earlier for earlier, later in itertools.pairwise(stream.numbers))
