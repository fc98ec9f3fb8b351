from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reactor_actors.core.admission import (
    HOLD_SECONDS,
    LENGTHS_KEPT,
    LOOK_SECONDS,
    MAX_OFFERS,
    STOP_SECONDS,
    Admission,
    Admitted,
    Answer,
    Place,
    Queued,
    Ready,
    Refused,
    Stops,
    Why,
)
from reactor_actors.core.mode import Mode
from reactor_actors.core.session import RUNNING, State

A_MOMENT = 0.001
OVER = (State.READY, State.CREATED, State.TERMINATED)


def shared(*states: State) -> Admission:
    return in_states(Admission(Mode.SHARED, names(*states)), *states)


def exclusive(*states: State, limit: int = 64) -> Admission:
    return in_states(Admission(Mode.EXCLUSIVE, names(*states), limit), *states)


def names(*states: State) -> list[str]:
    return [f"r{number}" for number, _ in enumerate(states, 1)]


def in_states(admission: Admission, *states: State) -> Admission:
    """Bring the replicas where they are to be; one that runs or closes has a session `s-r1`."""
    told = dict(zip(names(*states), states, strict=True))
    for name, state in told.items():
        if state not in OVER:
            admission.moved(name, State.READY, 0.0)
            assert admission.start(f"s-{name}", 0.0) == Admitted(f"s-{name}", name)
            admission.moved(name, state, 0.0)
    for name, state in told.items():
        if state in OVER:
            admission.moved(name, state, 0.0)
    return admission


def full(busy: int = 1, *, limit: int = 64) -> Admission:
    """Exclusive, and every replica is busy since 0 s."""
    return exclusive(*[State.STREAMING] * busy, limit=limit)


def line(admission: Admission, *tickets: str, now: float = 0.0) -> Admission:
    """Let these tickets wait, in this order."""
    for ticket in tickets:
        assert isinstance(admission.start(ticket, now), Queued)
        assert isinstance(admission.look(ticket, now), Place)
    return admission


def place(admission: Admission, ticket: str, now: float) -> tuple[int, int] | None:
    seen = admission.look(ticket, now)
    return (seen.position, seen.size) if isinstance(seen, Place) else None


def offered(answer: Answer) -> tuple[str, int, int] | None:
    """The ticket that a start was answered with, and its position and size."""
    if not isinstance(answer, Queued):
        return None
    return answer.ticket, answer.place.position, answer.place.size


def known(admission: Admission, ticket: str, now: float) -> bool:
    """Whether a ticket is known, without looking for it."""
    return copy.deepcopy(admission).look(ticket, now) is not None


# What runs on a replica is told with its moves, and believed.


def test_a_session_that_has_begun_unasked_is_joined_and_its_replica_is_taken() -> None:
    admission = shared(State.READY)
    admission.moved("r1", State.WAITING, 0.0, "late")
    assert admission.start("fresh", 1.0) == Admitted("late", "r1")
    admission = exclusive(State.READY)
    admission.moved("r1", State.WAITING, 0.0, "late")
    assert isinstance(admission.start("fresh", 1.0), Queued)
    assert admission.sessions == {"late": "r1"}


def test_a_grant_that_came_to_nothing_is_taken_back() -> None:
    admission = exclusive(State.READY)
    assert admission.start("s", 0.0) == Admitted("s", "r1")
    admission.moved("r1", State.READY, 1.0)
    assert admission.sessions == {}
    assert admission.start("t", 1.0) == Admitted("t", "r1")


def test_a_session_that_goes_on_is_as_old_as_it_was() -> None:
    admission = exclusive(State.READY)
    admission.start("s", 0.0)
    for moment, state in enumerate((State.WAITING, State.STREAMING, State.CLOSING), 1):
        admission.moved("r1", state, float(moment), "s")
    admission.moved("r1", State.READY, 9.0, "s")
    admission.start("t", 9.0)
    assert offered_seconds(admission) == 9.0


def offered_seconds(admission: Admission) -> float | None:
    answer = admission.start("ticket", 9.0)
    assert isinstance(answer, Queued)
    return answer.place.seconds


# Shared: one session, and every start joins it.


def test_shared_the_first_start_begins_the_session_and_every_other_joins_it() -> None:
    admission = shared(State.READY)
    assert admission.start("local", 0.0) == Admitted("local", "r1")
    assert admission.start("local", 0.0) == Admitted("local", "r1")


@pytest.mark.parametrize("state", RUNNING)
def test_shared_a_start_joins_a_session_in_any_running_state(state: State) -> None:
    admission = shared(state)
    assert admission.start("another", 1.0) == Admitted("s-r1", "r1")


def test_shared_there_is_one_session_however_many_replicas_there_are() -> None:
    admission = shared(State.READY, State.STREAMING, State.READY)
    assert admission.start("another", 1.0) == Admitted("s-r2", "r2")
    admission.moved("r2", State.CLOSING, 2.0)
    assert admission.start("another", 2.0) == Refused(Why.CLOSING)
    admission.moved("r2", State.READY, 3.0)
    assert admission.start("another", 3.0) == Admitted("another", "r1")


def test_shared_a_session_whose_replica_is_lost_is_followed_by_one_on_another() -> None:
    admission = shared(State.STREAMING, State.READY)
    admission.moved("r1", State.TERMINATED, 1.0)
    assert admission.start("local", 1.0) == Admitted("local", "r2")


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (State.CREATED, Why.LOADING),
        (State.CLOSING, Why.CLOSING),
        (State.TERMINATED, Why.GONE),
    ],
)
@pytest.mark.parametrize("mode", [shared, exclusive])
def test_a_replica_that_is_not_there_refuses_a_start_with_the_reason(
    mode: Callable[..., Admission], state: State, why: Why
) -> None:
    assert mode(state).start("new", 0.0) == Refused(why)


def test_before_anything_is_heard_of_them_replicas_are_loading() -> None:
    assert Admission(Mode.EXCLUSIVE, ["r1"]).start("new", 0.0) == Refused(Why.LOADING)


def test_shared_nobody_gets_a_ticket() -> None:
    admission = shared(State.STREAMING)
    admission.start("t", 0.0, ticket="t")
    assert admission.look("t", 0.0) is None
    assert admission.watching("t", 0.0) is None


# Exclusive: every start gets a session of its own.


def test_exclusive_two_starts_give_two_sessions_on_two_replicas() -> None:
    admission = exclusive(State.READY, State.READY)
    assert admission.start("a", 0.0) == Admitted("a", "r1")
    assert admission.start("b", 0.0) == Admitted("b", "r2")
    assert admission.sessions == {"a": "r1", "b": "r2"}


def test_exclusive_a_replica_has_its_next_session_when_the_last_one_has_closed() -> None:
    admission = exclusive(State.STREAMING)
    admission.moved("r1", State.CLOSING, 5.0)
    assert admission.sessions == {}
    assert admission.start("b", 5.0) == Refused(Why.CLOSING)
    admission.moved("r1", State.READY, 6.0)
    assert admission.start("b", 6.0) == Admitted("b", "r1")


def test_a_session_keeps_its_replica_through_everything_but_its_end() -> None:
    admission = exclusive(State.READY)
    admission.start("a", 0.0)
    for now, state in enumerate([*RUNNING, State.STREAMING]):
        admission.moved("r1", state, now)
        assert admission.sessions == {"a": "r1"}
        assert admission.free == []


@pytest.mark.parametrize("state", [State.CREATED, State.TERMINATED])
def test_a_replica_that_crashes_between_sessions_is_not_free(state: State) -> None:
    admission = exclusive(State.READY, State.STREAMING)
    admission.moved("r1", state, 1.0)
    assert admission.free == []
    assert isinstance(admission.start("a", 1.0), Queued)


def test_exclusive_full_offers_a_ticket_and_the_place_it_would_have() -> None:
    assert full(2).start("t", 1.0) == Queued("t", Place(1, 1))
    assert line(full(2), "a", "b").start("t", 1.0) == Queued("t", Place(3, 3))


@pytest.mark.parametrize("other", [State.CREATED, State.TERMINATED])
def test_one_busy_replica_is_enough_to_wait_for(other: State) -> None:
    assert isinstance(exclusive(other, State.WAITING).start("t", 1.0), Queued)


def test_replicas_that_load_or_are_lost_are_not_waited_for_in_line() -> None:
    admission = exclusive(State.CREATED, State.TERMINATED)
    assert admission.start("t", 1.0) == Refused(Why.LOADING)
    assert not known(admission, "t", 1.0)


def test_a_closing_session_is_worth_waiting_for_unless_somebody_waits_for_it() -> None:
    admission = exclusive(State.STREAMING, State.STREAMING)
    admission.start("t", 0.0)
    admission.moved("r1", State.CLOSING, 1.0)
    assert admission.start("new", 1.0) == Refused(Why.CLOSING)
    admission.look("t", 1.0)
    assert admission.start("new", 1.0) == Queued("new", Place(2, 2))
    admission.moved("r2", State.CLOSING, 2.0)
    assert admission.start("another", 2.0) == Refused(Why.CLOSING)


# Tickets.


def test_a_ticket_that_nobody_looks_for_blocks_nobody() -> None:
    admission = full()
    admission.start("t", 0.0)
    assert admission.waiting == []
    assert admission.start("other", 1.0) == Queued("other", Place(1, 1))
    admission.moved("r1", State.READY, 2.0)
    assert admission.start("s", 2.0) == Admitted("s", "r1")


def test_a_ticket_takes_its_place_at_the_first_look_and_not_before() -> None:
    admission = full()
    admission.start("first", 0.0)
    admission.start("second", 0.0)
    assert place(admission, "second", 1.0) == (1, 1)
    assert place(admission, "first", 2.0) == (2, 2)


def test_an_offered_ticket_is_forgotten_after_fifteen_seconds() -> None:
    admission = full()
    admission.start("t", 0.0)
    assert known(admission, "t", LOOK_SECONDS - A_MOMENT)
    assert admission.look("t", LOOK_SECONDS) is None


def test_a_ticket_that_was_never_given_out_is_unknown() -> None:
    assert full().look("t", 0.0) is None


def test_a_waiting_ticket_lives_as_long_as_it_is_looked_for_every_fifteen_seconds() -> None:
    admission = line(full(), "t")
    for turn in range(1, 10):
        assert place(admission, "t", turn * (LOOK_SECONDS - A_MOMENT)) == (1, 1)


def test_a_waiting_ticket_is_forgotten_fifteen_seconds_after_the_last_look() -> None:
    admission = line(full(), "a", "b")
    admission.look("b", 1.0)
    assert place(admission, "b", LOOK_SECONDS) == (1, 1)
    assert admission.look("a", LOOK_SECONDS) is None


def test_a_watch_keeps_a_ticket_alive() -> None:
    admission = full()
    admission.start("t", 0.0)
    assert admission.watching("t", 1.0) == Place(1, 1)
    assert admission.due == math.inf
    assert place(admission, "t", 1e6) == (1, 1)


def test_the_end_of_a_watch_is_a_last_look() -> None:
    admission = full()
    admission.start("t", 0.0)
    admission.watching("t", 0.0)
    admission.unwatched("t", 100.0)
    assert known(admission, "t", 100.0 + LOOK_SECONDS - A_MOMENT)
    assert not known(admission, "t", 100.0 + LOOK_SECONDS)


def test_of_two_watches_each_keeps_a_ticket_alive() -> None:
    admission = full()
    admission.start("t", 0.0)
    admission.watching("t", 0.0)
    admission.watching("t", 0.0)
    admission.unwatched("t", 10.0)
    assert known(admission, "t", 1e6)
    admission.unwatched("t", 20.0)
    assert not known(admission, "t", 20.0 + LOOK_SECONDS)


def test_a_watch_may_end_after_its_ticket() -> None:
    admission = full()
    admission.start("t", 0.0)
    admission.watching("t", 0.0)
    admission.moved("r1", State.READY, 1.0)
    admission.start("s", 1.0, ticket="t")
    admission.unwatched("t", 2.0)
    assert admission.look("t", 2.0) is None


def test_there_is_nothing_to_watch_of_an_unknown_ticket() -> None:
    admission = full()
    assert admission.watching("t", 0.0) is None
    admission.unwatched("t", 0.0)
    assert admission.look("t", 0.0) is None


def test_those_behind_move_up_when_somebody_is_gone() -> None:
    admission = line(full(), "a")
    line(admission, "b", "c", now=10.0)
    assert place(admission, "c", 10.0) == (3, 3)
    assert place(admission, "c", LOOK_SECONDS) == (2, 2)
    assert place(admission, "b", LOOK_SECONDS) == (1, 2)


def test_a_start_with_a_ticket_that_waits_keeps_its_place() -> None:
    admission = line(full(), "a", "b")
    assert admission.start("new", 10.0, ticket="a") == Queued("a", Place(1, 2))
    assert place(admission, "a", 20.0) == (1, 1)
    assert not known(admission, "new", 20.0)


def test_a_start_with_a_ticket_that_was_only_offered_is_offered_it_again() -> None:
    admission = full()
    admission.start("t", 0.0)
    assert admission.start("new", 10.0, ticket="t") == Queued("t", Place(1, 1))
    assert not known(admission, "new", 10.0)
    assert not known(admission, "t", LOOK_SECONDS)


def test_a_start_with_an_unknown_ticket_is_a_start_without_one() -> None:
    assert full().start("new", 0.0, ticket="old") == Queued("new", Place(1, 1))
    assert exclusive(State.READY).start("s", 0.0, ticket="old") == Admitted("s", "r1")


def test_an_offered_ticket_starts_on_a_free_replica_and_is_gone() -> None:
    admission = full()
    admission.start("t", 0.0)
    admission.moved("r1", State.READY, 1.0)
    assert admission.start("s", 1.0, ticket="t") == Admitted("s", "r1")
    assert admission.look("t", 1.0) is None


# The turn.


def test_the_first_ticket_is_ready_when_a_replica_frees_and_the_next_moves_up() -> None:
    admission = line(full(), "a", "b")
    admission.moved("r1", State.CLOSING, 1.0)
    assert place(admission, "a", 1.0) == (1, 2)
    admission.moved("r1", State.READY, 2.0)
    assert admission.look("a", 2.0) == Ready(HOLD_SECONDS)
    assert admission.look("a", 5.0) == Ready(HOLD_SECONDS - 3.0)
    assert place(admission, "b", 5.0) == (1, 1)


def test_a_ready_ticket_is_honoured_within_ten_seconds_and_once() -> None:
    admission = line(full(), "a")
    admission.moved("r1", State.READY, 0.0)
    late = HOLD_SECONDS - A_MOMENT
    assert admission.start("s", late, ticket="a") == Admitted("s", "r1")
    assert offered(admission.start("s2", late, ticket="a")) == ("s2", 1, 1)


def test_a_start_without_a_ticket_does_not_get_what_is_held() -> None:
    admission = line(full(), "a")
    admission.moved("r1", State.READY, 0.0)
    assert admission.free == []
    assert offered(admission.start("new", 1.0)) == ("new", 1, 1)
    assert admission.start("s", 2.0, ticket="a") == Admitted("s", "r1")


def test_a_start_without_a_ticket_does_not_overtake_those_who_wait() -> None:
    admission = line(full(2), "a", "b", "c")
    for replica in ("r1", "r2"):
        admission.moved(replica, State.READY, 1.0)
        assert isinstance(admission.start(f"by {replica}", 1.0), Queued)
    assert admission.start("s", 1.0, ticket="b") == Admitted("s", "r2")


def test_a_held_replica_that_is_not_claimed_goes_to_the_next_ticket() -> None:
    admission = line(full(), "a", "b")
    admission.moved("r1", State.READY, 0.0)
    assert place(admission, "b", HOLD_SECONDS - A_MOMENT) == (1, 1)
    assert admission.look("b", HOLD_SECONDS) == Ready(HOLD_SECONDS)
    assert admission.look("a", HOLD_SECONDS) is None
    assert offered(admission.start("s", HOLD_SECONDS, ticket="a")) == ("s", 1, 1)


def test_without_tickets_an_unclaimed_replica_goes_to_the_first_caller() -> None:
    admission = line(full(), "a")
    admission.moved("r1", State.READY, 0.0)
    assert admission.start("s", HOLD_SECONDS, ticket="") == Admitted("s", "r1")


def test_a_watch_does_not_prolong_a_turn() -> None:
    admission = full()
    admission.start("t", 0.0)
    admission.watching("t", 0.0)
    admission.moved("r1", State.READY, 5.0)
    assert admission.due == 5.0 + HOLD_SECONDS
    assert admission.look("t", 5.0 + HOLD_SECONDS) is None


def test_a_first_look_at_a_free_replica_is_a_turn() -> None:
    admission = full()
    admission.start("t", 0.0)
    admission.moved("r1", State.READY, 1.0)
    assert admission.look("t", 2.0) == Ready(HOLD_SECONDS)
    assert admission.free == []


def test_two_replicas_that_free_are_held_for_two_tickets() -> None:
    admission = line(full(2), "a", "b", "c")
    admission.moved("r2", State.READY, 1.0)
    admission.moved("r1", State.READY, 1.0)
    assert admission.start("s2", 2.0, ticket="b") == Admitted("s2", "r1")
    assert admission.start("s1", 2.0, ticket="a") == Admitted("s1", "r2")
    assert place(admission, "c", 2.0) == (1, 1)


@pytest.mark.parametrize("state", [State.CREATED, State.TERMINATED])
def test_a_ticket_whose_replica_is_lost_waits_again_in_its_old_place(state: State) -> None:
    admission = line(full(3), "a", "b", "c")
    admission.moved("r1", State.READY, 1.0)
    admission.moved("r2", State.READY, 1.0)
    admission.moved("r1", state, 2.0)
    admission.moved("r2", state, 2.0)
    assert [place(admission, t, 2.0) for t in ("a", "b", "c")] == [(1, 3), (2, 3), (3, 3)]
    admission.moved("r3", State.READY, 3.0)
    assert admission.look("a", 3.0) == Ready(HOLD_SECONDS)


def test_a_ticket_whose_replica_is_lost_has_its_fifteen_seconds_again() -> None:
    admission = line(full(), "a")
    admission.moved("r1", State.READY, 14.0)
    admission.moved("r1", State.CREATED, 16.0)
    assert place(admission, "a", 16.0 + LOOK_SECONDS - A_MOMENT) == (1, 1)


def test_a_ticket_whose_replica_is_lost_gets_another_that_is_free() -> None:
    admission = line(full(2), "a")
    admission.moved("r1", State.READY, 1.0)
    admission.moved("r2", State.READY, 1.0)
    admission.moved("r1", State.CREATED, 4.0)
    assert admission.look("a", 4.0) == Ready(HOLD_SECONDS)
    assert admission.start("s", 4.0, ticket="a") == Admitted("s", "r2")


def test_nobody_waits_for_replicas_that_are_all_lost() -> None:
    admission = line(full(2), "a")
    admission.start("offered", 0.0)
    admission.moved("r1", State.TERMINATED, 1.0)
    assert place(admission, "a", 1.0) == (1, 1)
    admission.moved("r2", State.TERMINATED, 2.0)
    assert admission.look("a", 2.0) is None
    assert admission.look("offered", 2.0) is None
    assert admission.start("s", 2.0, ticket="a") == Refused(Why.GONE)


def test_a_replica_that_finishes_loading_is_for_those_who_wait() -> None:
    admission = line(exclusive(State.STREAMING, State.CREATED), "a")
    admission.moved("r2", State.READY, 5.0)
    assert admission.look("a", 5.0) == Ready(HOLD_SECONDS)


# Time.


def test_what_is_due_is_the_first_thing_that_lapses() -> None:
    admission = line(full(), "a")
    line(admission, "b", now=1.0)
    assert admission.due == LOOK_SECONDS
    admission.moved("r1", State.READY, 2.0)
    assert admission.due == 2.0 + HOLD_SECONDS
    admission.pass_time(2.0 + HOLD_SECONDS)
    assert admission.look("b", 2.0 + HOLD_SECONDS) == Ready(HOLD_SECONDS)


def test_nothing_is_due_where_nobody_waits() -> None:
    admission = exclusive(State.READY)
    assert admission.due == math.inf
    admission.pass_time(1e6)


def test_a_turn_that_was_over_when_its_replica_was_lost_is_over() -> None:
    admission = line(full(), "a")
    admission.moved("r1", State.READY, 0.0)
    admission.moved("r1", State.CREATED, HOLD_SECONDS + 1.0)
    assert admission.look("a", HOLD_SECONDS + 1.0) is None


def test_a_clock_that_is_read_late_changes_no_turn() -> None:
    admission = line(full(), "a", "b")
    admission.moved("r1", State.READY, 5.0)
    # At 15 s the turn of a was over and b's began, just when b's own time would have been up.
    admission.look("b", 6.0)
    assert admission.look("b", 18.0) == Ready(7.0)


# The limit.


def test_a_full_queue_offers_no_ticket() -> None:
    admission = line(full(limit=2), "a", "b")
    assert admission.start("c", 1.0) == Refused(Why.FULL)
    assert not known(admission, "c", 1.0)


def test_an_offered_ticket_finds_its_place_taken_when_the_queue_has_filled() -> None:
    admission = full(limit=1)
    admission.start("late", 0.0)
    line(admission, "a")
    assert admission.look("late", 1.0) is None
    admission.moved("r1", State.READY, 2.0)
    assert admission.look("late", 2.0) is None


def test_a_ticket_whose_turn_it_is_takes_no_place() -> None:
    admission = line(full(limit=1), "a")
    admission.moved("r1", State.READY, 1.0)
    line(admission, "b", now=1.0)
    assert admission.start("c", 1.0) == Refused(Why.FULL)


def test_there_may_be_no_queue_at_all() -> None:
    assert full(limit=0).start("a", 0.0) == Refused(Why.FULL)
    assert exclusive(State.READY, limit=0).start("s", 0.0) == Admitted("s", "r1")


def test_starts_that_never_look_cost_a_bounded_number_of_offers() -> None:
    admission = full()
    for number in range(MAX_OFFERS):
        admission.start(f"{number:05}", 1.0)
    weight = len(pickle.dumps(admission))
    assert known(admission, "00000", 1.0)
    for number in range(MAX_OFFERS, 2 * MAX_OFFERS):
        admission.start(f"{number:05}", 1.0)
    assert len(pickle.dumps(admission)) <= weight
    assert not known(admission, "00000", 1.0)
    assert known(admission, f"{MAX_OFFERS:05}", 1.0)


def test_nothing_is_left_of_tickets_and_sessions_of_the_past() -> None:
    admission = exclusive(State.READY)
    weights = set()
    for round_ in range(4 * LENGTHS_KEPT):
        now = 1000.0 * (round_ + 1)
        admission.start(f"s{round_:05}", now)
        for number in range(5):
            ticket = f"t{round_:05}{number}"
            admission.start(ticket, now)
            admission.look(ticket, now)
        admission.moved("r1", State.CLOSING, now + 1.0)
        admission.moved("r1", State.READY, now + 2.0)
        admission.pass_time(now + 900.0)
        weights.add(len(pickle.dumps(admission)))
    assert len(weights) <= LENGTHS_KEPT


# How long it takes.


def end(admission: Admission, replica: str, now: float) -> None:
    admission.moved(replica, State.CLOSING, now)
    admission.moved(replica, State.READY, now)


def test_nothing_is_said_of_the_time_before_a_session_has_ended() -> None:
    assert line(full(), "a").look("a", 1.0) == Place(1, 1, None)


def test_a_place_takes_as_long_as_sessions_did_shared_among_the_replicas() -> None:
    admission = full(2)
    end(admission, "r1", 40.0)
    admission.start("s1", 40.0)
    assert admission.start("t", 40.0) == Queued("t", Place(1, 1, 20.0))
    end(admission, "r2", 60.0)
    admission.start("s2", 60.0)
    line(admission, "u", now=60.0)
    assert admission.start("v", 60.0) == Queued("v", Place(2, 2, 50.0))


def test_lost_replicas_serve_nobody() -> None:
    admission = full(2)
    end(admission, "r1", 40.0)
    admission.moved("r1", State.TERMINATED, 40.0)
    assert admission.start("t", 41.0) == Queued("t", Place(1, 1, 40.0))


def test_only_the_last_sessions_count() -> None:
    admission = exclusive(State.READY)
    for number in range(LENGTHS_KEPT + 1):
        length = 900.0 if number == 0 else 30.0
        admission.start("s", 1000.0 * number)
        end(admission, "r1", 1000.0 * number + length)
    admission.start("s", 1e6)
    assert admission.start("t", 1e6) == Queued("t", Place(1, 1, 30.0))


# Which session a stop means.


def running(**addresses: str) -> Stops:
    """Sessions, each with a peer, and where they were started from."""
    stops = Stops()
    for session, address in addresses.items():
        stops.started(session, address)
        stops.joined(session)
    return stops


def test_a_stop_ends_the_one_session_of_its_address_once() -> None:
    stops = running(a="here", b="there")
    assert stops.asked("here", 0.0) == "a"
    assert stops.asked("here", 0.0) is None


def test_a_stop_from_an_address_without_sessions_ends_nothing() -> None:
    stops = running(a="here", b="here")
    assert stops.asked("elsewhere", 0.0) is None
    assert not stops.emptied("a", 1.0)


def test_of_several_the_one_whose_last_peer_has_just_closed_ends() -> None:
    stops = running(a="here", b="here", c="here")
    assert not stops.emptied("b", 0.0)
    assert stops.asked("here", STOP_SECONDS) == "b"


def test_a_close_of_more_than_five_seconds_ago_is_not_meant() -> None:
    stops = running(a="here", b="here")
    stops.emptied("b", 0.0)
    assert stops.asked("here", STOP_SECONDS + A_MOMENT) is None


def test_of_several_that_have_just_closed_stops_end_one_each_in_their_order() -> None:
    stops = running(a="here", b="here", c="here", d="here")
    stops.emptied("b", 0.0)
    stops.emptied("a", 1.0)
    assert [stops.asked("here", 2.0), stops.asked("here", 2.0)] == ["b", "a"]


def test_otherwise_the_first_whose_last_peer_closes_within_five_seconds_ends() -> None:
    stops = running(a="here", b="here")
    assert stops.asked("here", 0.0) is None
    assert stops.emptied("b", STOP_SECONDS)
    assert not stops.emptied("a", STOP_SECONDS)


def test_a_close_more_than_five_seconds_after_a_stop_ends_nothing() -> None:
    stops = running(a="here", b="here")
    stops.asked("here", 0.0)
    assert not stops.emptied("b", STOP_SECONDS + A_MOMENT)


def test_every_stop_ends_one_session_and_a_repeated_one_no_more_than_there_are() -> None:
    stops = running(a="here", b="here")
    for _ in range(10):
        assert stops.asked("here", 0.0) is None
    stops.started("c", "here")
    ended = [stops.emptied(session, 1.0) for session in ("a", "b", "c")]
    assert ended == [True, True, False]


def test_a_session_that_a_stop_meant_is_forgotten() -> None:
    stops = running(a="here", b="here")
    stops.asked("here", 0.0)
    assert stops.emptied("a", 1.0)
    assert not stops.emptied("a", 1.0)
    assert stops.asked("here", 1.0) == "b"


def test_a_close_does_not_answer_the_stop_of_another_address() -> None:
    stops = running(a="here", b="here", c="there", d="there")
    stops.asked("here", 0.0)
    assert not stops.emptied("c", 1.0)
    assert stops.asked("there", 1.0) == "c"
    assert stops.emptied("a", 2.0)


def test_a_session_that_has_a_peer_again_is_not_the_one_that_closed() -> None:
    stops = running(a="here", b="here")
    stops.emptied("a", 0.0)
    stops.joined("a")
    assert stops.asked("here", 1.0) is None


def test_a_session_that_has_ended_is_not_meant() -> None:
    stops = running(a="here", b="here", c="here")
    stops.emptied("a", 0.0)
    stops.ended("a")
    assert stops.asked("here", 1.0) is None
    stops.ended("b")
    assert not stops.emptied("b", 2.0)
    assert stops.asked("here", 2.0) == "c"


ADDRESSES = {"a": "here", "b": "here", "c": "there", "d": "there", "e": "elsewhere"}
STOPPING = st.lists(
    st.tuples(st.sampled_from(["stop", "empty", "join", "start"]), st.sampled_from("abcde"))
    | st.sampled_from([0.5, STOP_SECONDS]),
    max_size=50,
)


@given(STOPPING)
def test_a_stop_never_ends_a_session_started_from_another_address(steps: list[Any]) -> None:
    stops, now = running(**ADDRESSES), 0.0
    alive, asked = set(ADDRESSES), dict.fromkeys(ADDRESSES.values(), -math.inf)
    for step in steps:
        ended = None
        match step:
            case float():
                now += step
            case ("stop", name):
                asked[ADDRESSES[name]] = now
                ended = stops.asked(ADDRESSES[name], now)
                assert ended is None or ADDRESSES[ended] == ADDRESSES[name]
            case ("empty", name) if stops.emptied(name, now):
                assert now - asked[ADDRESSES[name]] <= STOP_SECONDS
                ended = name
            case ("join", name):
                stops.joined(name)
            case ("start", name) if name not in alive:
                stops.started(name, ADDRESSES[name])
                alive.add(name)
        if ended is not None:
            alive.remove(ended)


# Anything at all.

MOVES = {
    State.CREATED: (State.READY, State.TERMINATED),
    State.READY: (State.READY, State.CREATED, State.TERMINATED),
    State.WAITING: (State.CLOSING, State.STREAMING),
    State.STREAMING: (State.CLOSING, State.ORPHANED),
    State.ORPHANED: (State.CLOSING, State.STREAMING),
    State.CLOSING: (State.READY, State.CREATED),
    State.TERMINATED: (),
}
LIMIT = 3
REPLICAS = ("r1", "r2")
TICKETS = st.integers(0, 4)


class Front(RuleBasedStateMachine):
    """Callers and replicas that do anything, with a second queue whose clock never ticks.

    What callers are told is asked of a copy: asking is a look, and a look has consequences.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.count = 0
        self.admission = Admission(Mode.EXCLUSIVE, REPLICAS, LIMIT)
        self.late = Admission(Mode.EXCLUSIVE, REPLICAS, LIMIT)
        self.states = dict.fromkeys(REPLICAS, State.CREATED)
        self.running: dict[str, str] = {}
        self.tickets: list[str] = []
        self.watches: list[str] = []
        for replica in REPLICAS:
            self.move(replica, State.READY)

    def both(self, ask: Callable[[Admission], object]) -> object:
        answer = ask(self.admission)
        assert ask(self.late) == answer
        assert self.late.waiting == self.admission.waiting
        assert self.late.free == self.admission.free
        return answer

    @rule(seconds=st.sampled_from([0.5, 4.0, 9.5, 10.0, 14.5, 15.0]))
    def time_passes(self, seconds: float) -> None:
        until = self.now + seconds
        while (due := self.admission.due) <= until:
            self.now = max(due, self.now)
            self.admission.pass_time(self.now)
        self.now = until
        self.admission.pass_time(until)

    @rule(replica=st.sampled_from(REPLICAS), data=st.data())
    def a_replica_moves(self, replica: str, data: st.DataObject) -> None:
        if moves := MOVES[self.states[replica]]:
            # The first one mostly: what is crowded and what is lost for good are both dull.
            self.move(replica, data.draw(st.sampled_from([*moves[:1] * 9, *moves])))

    @rule(ticket=st.none() | TICKETS)
    def somebody_starts(self, ticket: int | None) -> None:
        self.count += 1
        fresh = f"n{self.count}"
        claimed = self.ticket(ticket)
        free, ready = self.admission.free, self.is_ready(claimed)
        answer = self.both(lambda admission: admission.start(fresh, self.now, ticket=claimed))
        assert isinstance(answer, Answer)
        if isinstance(answer, Admitted):
            assert ready or answer.replica == free[0]
            assert self.states[answer.replica] is State.READY
            assert answer.replica not in self.running.values()
            self.running[answer.session] = answer.replica
            self.move(answer.replica, State.WAITING)
        else:
            assert not free
            assert not ready
        if isinstance(answer, Queued):
            assert answer.ticket in (fresh, claimed)
            self.tickets += [fresh] if answer.ticket == fresh else []

    @rule(ticket=TICKETS)
    def somebody_looks(self, ticket: int) -> None:
        self.both(lambda admission: admission.look(self.ticket(ticket), self.now))

    @rule(ticket=TICKETS)
    def somebody_watches(self, ticket: int) -> None:
        name = self.ticket(ticket)
        if self.both(lambda admission: admission.watching(name, self.now)) is not None:
            self.watches.append(name)

    @precondition(lambda self: self.watches)
    @rule()
    def a_watch_ends(self) -> None:
        name = self.watches.pop(0)
        self.both(lambda admission: admission.unwatched(name, self.now))

    def ticket(self, number: int | None) -> str:
        """One of the last tickets, a few of which are forgotten; none if there is none."""
        return self.tickets[-1 - number] if number is not None and self.tickets[number:] else ""

    def is_ready(self, ticket: str) -> bool:
        """Whether a replica is held for a ticket, and not only once it is looked for."""
        seen = copy.deepcopy(self.admission)
        free = seen.free
        return isinstance(seen.look(ticket, self.now), Ready) and seen.free == free

    def move(self, replica: str, state: State) -> None:
        self.states[replica] = state
        self.both(lambda admission: admission.moved(replica, state, self.now))
        if state in OVER:
            self.running = {s: r for s, r in self.running.items() if r != replica}

    @invariant()
    def every_session_has_a_replica_of_its_own(self) -> None:
        sessions = self.admission.sessions
        assert len(set(sessions.values())) == len(sessions)
        assert sessions == {
            s: r for s, r in self.running.items() if self.states[r] is not State.CLOSING
        }

    @invariant()
    def no_ticket_waits_while_a_replica_is_free(self) -> None:
        assert not (self.admission.free and self.admission.waiting)

    @invariant()
    def positions_count_from_one_to_the_size_without_a_gap(self) -> None:
        seen = copy.deepcopy(self.admission)
        waiting = seen.waiting
        places = [seen.look(ticket, self.now) for ticket in waiting]
        assert [(p.position, p.size) for p in places if isinstance(p, Place)] == [
            (position, len(waiting)) for position in range(1, len(waiting) + 1)
        ]

    @invariant()
    def what_is_ready_to_start_is_free_or_held_for_exactly_one_ticket(self) -> None:
        idle = sum(state is State.READY for state in self.states.values())
        ready = sum(map(self.is_ready, self.tickets))
        assert idle == len(self.admission.free) + ready
        assert len(self.admission.waiting) + ready <= LIMIT + len(REPLICAS)

    def teardown(self) -> None:
        for name in self.watches:
            self.admission.unwatched(name, self.now)
        patience = LOOK_SECONDS + HOLD_SECONDS * (LIMIT + len(REPLICAS))
        self.admission.pass_time(self.now + patience)
        assert self.admission.due == math.inf
        assert self.admission.waiting == []
        assert all(self.admission.look(t, self.now + patience) is None for t in self.tickets)
        idle = [name for name, state in self.states.items() if state is State.READY]
        assert self.admission.free == idle


TestFront = Front.TestCase
TestFront.settings = settings(max_examples=150, stateful_step_count=40)
