"""What is known of a replica elsewhere, through the deaths of its processes."""

from __future__ import annotations

import pytest

from reactor_actors.actors.mirror import LOST, Mirror
from reactor_actors.actors.reports import Report, Vitals
from reactor_actors.core import events as ev
from reactor_actors.core.contract import Contract
from reactor_actors.core.session import State
from reactor_actors.core.tally import Spread
from reactor_actors.transports.figures import Figures, TrackFigures
from reactor_actors.transports.room import Facts
from reactor_actors.transports.status import ReplicaStatus


def vitals(shown: int = 0, restarts: int = 0, **status: object) -> Report:
    known = ReplicaStatus("1", State.READY, restarts=restarts, **status)  # type: ignore[arg-type]
    figures = Figures({"main_video": TrackFigures({"shown": shown})})
    return Report("1", vitals=Vitals(known, figures, Spread.none(())))


def shown(mirror: Mirror) -> int:
    return mirror.figures().tracks["main_video"].fates["shown"]


def noted(kind: str, **facts: object) -> Report:
    return Report("1", ev.Note(kind, facts))


def test_what_is_left_out_of_a_report_stays_as_it_was() -> None:
    mirror = Mirror("1")
    facts = Facts(State.READY, contract=Contract("m"))
    mirror.receive(Report("1", facts=facts))
    mirror.receive(noted("command", name="x", outcome="ok"))
    assert mirror.facts == facts


def test_status_is_the_last_one_told_with_the_facts_of_this_moment() -> None:
    mirror = Mirror("1")
    assert mirror.status() == ReplicaStatus("1", State.CREATED)
    mirror.receive(vitals(fps=30.0, link="ring", node="192.0.2.1"))
    mirror.receive(Report("1", facts=Facts(State.STREAMING, "s", clients=2)))
    assert mirror.status() == ReplicaStatus(
        "1", State.STREAMING, "s", viewers=2, fps=30.0, link="ring", node="192.0.2.1"
    )


def test_figures_and_restarts_are_counted_on_through_deaths() -> None:
    mirror = Mirror("1")
    mirror.receive(vitals(shown=10, restarts=1))
    mirror.receive(vitals(shown=12, restarts=2))
    mirror.lost(ev.ModelLost())
    assert shown(mirror) == 12
    assert mirror.status().restarts == 3
    mirror.receive(vitals(shown=5, restarts=1))
    assert shown(mirror) == 17
    assert mirror.status().restarts == 4
    mirror.lost(ev.ModelGivenUp())
    assert shown(mirror) == 17
    assert mirror.status().restarts == 4


@pytest.mark.parametrize("state", [State.WAITING, State.STREAMING, State.ORPHANED])
def test_a_running_session_ends_with_its_process(state: State) -> None:
    mirror = Mirror("1")
    mirror.receive(Report("1", facts=Facts(state, "s")))
    notes = mirror.lost(ev.ModelLost())
    assert [note.kind for note in notes] == ["model_restarting", "session_ended", "transition"]
    assert {note.session for note in notes} == {"s"}


def test_a_session_that_was_closing_has_ended_already() -> None:
    mirror = Mirror("1")
    mirror.receive(Report("1", facts=Facts(State.CLOSING, "s")))
    assert [n.kind for n in mirror.lost(ev.ModelLost())] == ["model_restarting", "transition"]


def test_only_clients_that_are_still_connected_are_lost_and_only_once() -> None:
    mirror = Mirror("1")
    for client in ("1002", "1003"):
        mirror.receive(noted("connection_opened", client=client))
    mirror.receive(noted("connection_closed", client="1002"))
    closed = [n for n in mirror.lost(ev.ModelLost()) if n.kind == "connection_closed"]
    assert [note.facts for note in closed] == [{"client": "1003", "reason": LOST}]
    assert [note.kind for note in mirror.lost(ev.ModelLost())] == ["model_restarting"]


def test_a_replica_given_up_is_lost_for_good() -> None:
    mirror = Mirror("1")
    [error, moved] = mirror.lost(ev.ModelGivenUp())
    assert error.kind == "error"
    assert moved.facts == {"from": "CREATED", "to": "TERMINATED"}
    assert mirror.facts == Facts(State.TERMINATED, news=ev.ModelGivenUp())
