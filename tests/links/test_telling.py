from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.messages import Grant
from reactor_actors.links.telling import SOONER, Telling, rebased

INTERVAL = 0.1


def played(done: int, due: float = 50.0, lead: float = 0.5) -> Grant:
    return Grant(done, due + done * INTERVAL, INTERVAL, lead)


def telling(bound: int, wanted: int, *, stepwise: bool) -> Telling:
    """One that has met a model, which knows that nothing is played yet, and that all is late."""
    told = Telling()
    told.meet(bound)
    told.want(wanted, stepwise=stepwise)
    told.grant(played(0))
    told.tell(100.0)
    return told


def test_nothing_is_urgent_before_the_model_is_met() -> None:
    told = Telling()
    told.grant(played(3))
    assert not told.urgent(100.0)


def test_a_model_that_knows_of_room_for_the_next_tick_is_not_called() -> None:
    told = telling(4, 1, stepwise=False)
    told.arrived(3)
    told.grant(played(3))
    assert told.news()
    assert not told.urgent(100.0)
    told.arrived(1)
    assert told.urgent(100.0)


def test_a_batch_is_told_of_when_there_is_room_for_all_of_it() -> None:
    told = telling(8, 8, stepwise=False)
    told.arrived(8)
    urgent = []
    for done in range(1, 9):
        told.grant(played(done))
        urgent.append(told.urgent(100.0))
    assert urgent == [False] * 7 + [True]


def test_one_who_takes_what_there_is_hears_of_every_step() -> None:
    told = telling(8, 8, stepwise=True)
    told.arrived(8)
    for done in range(1, 9):
        told.grant(played(done))
        assert told.urgent(100.0)
        told.tell(100.0)
        assert not told.urgent(100.0)
    # It knows of room for a whole batch now.
    told.grant(played(9))
    assert not told.urgent(100.0)


def test_a_turn_that_is_to_begin_sooner_is_told() -> None:
    told = telling(4, 1, stepwise=False)
    told.grant(Grant(0, 200.0, INTERVAL, 0.0))
    told.tell(100.0)
    told.grant(Grant(0, 200.0 - SOONER / 2, INTERVAL, 0.0))
    assert not told.urgent(100.0)
    told.grant(Grant(0, 150.0, INTERVAL, 0.0))
    assert told.urgent(100.0)
    assert not told.urgent(201.0), "its turn has begun"
    told.tell(100.0)
    told.grant(Grant(0, 300.0, INTERVAL, 0.0))
    assert not told.urgent(100.0), "later is soon enough"


def test_a_grant_that_was_overtaken_is_nothing() -> None:
    told = telling(4, 1, stepwise=False)
    told.grant(played(5))
    told.grant(played(4))
    assert told.tell(0.0).done == 5
    assert not told.news()


def test_instants_are_carried_over_to_another_clock() -> None:
    told = Telling()
    told.grant(Grant(3, 1000.5, INTERVAL, 0.2))
    granted = told.tell(1000.0)
    assert rebased(granted, 7.0) == Grant(3, 7.5, INTERVAL, 0.2)
    assert told.tell(1000.0).number > granted.number


@given(
    st.lists(st.sampled_from(["play", "play", "push", "reply"]), max_size=60),
    st.integers(1, 8),
    st.integers(1, 8),
    st.booleans(),
)
def test_a_model_is_never_left_without_room_that_there_is(
    steps: list[str], bound: int, wanted: int, stepwise: bool
) -> None:
    wanted = min(wanted, bound)
    told = telling(bound, wanted, stepwise=stepwise)
    pushed = done = known = 0
    for step in steps:
        if step == "push" and pushed < known + bound:
            pushed += 1
            told.arrived(1)
        if step == "play" and done < pushed:
            done += 1
            told.grant(played(done))
        if step == "reply" or told.urgent(100.0):
            known = told.tell(100.0).done
        room = known + bound - pushed
        assert room <= done + bound - pushed
        assert room >= min(wanted, done + bound - pushed) or not stepwise
        assert room >= wanted or done + bound - pushed < wanted
