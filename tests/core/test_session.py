from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactor_actors.core import events as ev
from reactor_actors.core import messages as link
from reactor_actors.core.arguments import Arguments, argument
from reactor_actors.core.commands import MAX_WAITING
from reactor_actors.core.contract import Command, Contract
from reactor_actors.core.events import (
    ClearTimer,
    ClosePeers,
    Effect,
    Event,
    FindFile,
    FindFiles,
    ForgetSession,
    Note,
    ReplaceModel,
    SetTimer,
    Tell,
    TellAll,
    TellModel,
    Timer,
)
from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.core.session import RUNNING, Limits, Session, State
from reactor_actors.core.wire import inbound, outbound
from reactor_actors.core.wire.uploads import UploadRef

USE = Arguments((argument("file", UploadedFile, None, "use"),)).schema
SET_X = Arguments((argument("x", int, 1, "set_x"),)).schema
CONTRACT = Contract(
    "m",
    tracks=(Track("main", Kind.VIDEO, Direction.OUT),),
    commands=(Command("set_x", "Set x", SET_X), Command("use", "Use", USE)),
    wants_files=True,
)
OTHER = dataclasses.replace(CONTRACT, commands=())
READY = ev.ModelReady(CONTRACT)
FILE = UploadedFile("a", "b", 1, b"c")
REF = UploadRef("u1", "a", "b", 1)


def ask(request: str | None, x: Any = 2) -> inbound.Command:
    return inbound.Command(request, "set_x", {"x": x})


def use(request: str) -> inbound.Command:
    return inbound.Command(request, "use", {}, {"file": REF})


def after(*events: Event, limits: Limits | None = None) -> Session:
    """A session to which these events have happened."""
    session = Session(limits)
    for event in events:
        session.receive(event)
    return session


def joined(client: str, at: float = 0.0) -> ev.PeerJoined:
    return ev.PeerJoined(client, at)


START = (READY, ev.Start("s1"))
STREAM = (*START, joined("anna", 1.0), joined("bert", 2.0))
ORPHAN = (*STREAM, ev.PeerLeft("anna"), ev.PeerLeft("bert"))
CLOSE = (*STREAM, ev.Stop())
WAYS = {
    State.CREATED: (),
    State.READY: (READY,),
    State.WAITING: START,
    State.STREAMING: STREAM,
    State.ORPHANED: ORPHAN,
    State.CLOSING: CLOSE,
    State.TERMINATED: (READY, ev.Shutdown()),
}


def without_notes(effects: list[Effect]) -> list[Effect]:
    return [effect for effect in effects if not isinstance(effect, Note)]


def moves(effects: list[Effect]) -> list[tuple[str, str]]:
    return [
        (effect.facts["from"], effect.facts["to"])
        for effect in effects
        if isinstance(effect, Note) and effect.kind == "transition"
    ]


def failures(effects: list[Effect]) -> list[tuple[str, str | None, str]]:
    """Who is refused what, and why."""
    return [
        (e.client, e.message.request, e.message.code)
        for e in effects
        if isinstance(e, Tell) and isinstance(e.message, outbound.Failure)
    ]


# The table of states.


@pytest.mark.parametrize("state", WAYS)
def test_every_state_is_reached_by_its_way(state: State) -> None:
    assert after(*WAYS[state]).state is state


@pytest.mark.parametrize(
    ("way", "event", "to"),
    [
        (State.CREATED, READY, State.READY),
        (State.CREATED, ev.ModelGivenUp(), State.TERMINATED),
        (State.READY, ev.Start("s"), State.WAITING),
        (State.READY, ev.ModelLost(), State.CREATED),
        (State.READY, ev.Shutdown(), State.TERMINATED),
        (State.WAITING, joined("cleo"), State.STREAMING),
        (State.WAITING, ev.Stop(), State.CLOSING),
        (State.WAITING, ev.Fired(Timer.ORPHAN), State.CLOSING),
        (State.STREAMING, joined("cleo"), State.STREAMING),
        (State.STREAMING, ev.PeerLeft("anna"), State.STREAMING),
        (State.STREAMING, ev.Stop(), State.CLOSING),
        (State.STREAMING, ev.Fired(Timer.LONGEST), State.CLOSING),
        (State.STREAMING, ev.Fired(Timer.ORPHAN), State.STREAMING),
        (State.STREAMING, ev.ModelLost(), State.STREAMING),
        (State.ORPHANED, joined("anna"), State.STREAMING),
        (State.ORPHANED, ev.Fired(Timer.ORPHAN), State.CLOSING),
        (State.ORPHANED, ev.Stop(), State.CLOSING),
        (State.WAITING, link.SessionOver("s1", "stopped"), State.CLOSING),
        (State.STREAMING, link.SessionOver("s1", "error"), State.CLOSING),
        (State.ORPHANED, link.SessionOver("s1", "stopped"), State.CLOSING),
        (State.CLOSING, link.SessionClosed("s1"), State.READY),
        (State.CLOSING, ev.ModelLost(), State.CREATED),
        (State.CLOSING, ev.PeerLeft("anna"), State.CLOSING),
    ],
    ids=str,
)
def test_a_move_of_the_table(way: State, event: Event, to: State) -> None:
    session = after(*WAYS[way])
    session.receive(event)
    assert session.state is to


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.CREATED, ev.Start("s")),
        (State.CREATED, joined("cleo")),
        (State.CREATED, ev.Heard("cleo", ask("r"))),
        (State.READY, READY),
        (State.READY, joined("cleo")),
        (State.CREATED, link.SessionOver("s1", "stopped")),
        (State.READY, link.SessionClosed("s1")),
        (State.READY, link.SessionOver("s1", "stopped")),
        (State.READY, ev.FileStored("anna", FILE)),
        (State.WAITING, link.SessionClosed("s1")),
        (State.WAITING, ev.Heard("cleo", ask("r"))),
        (State.STREAMING, joined("anna")),
        (State.STREAMING, link.SessionClosed("s1")),
        (State.WAITING, link.SessionOver("another", "stopped")),
        (State.STREAMING, link.SessionOver("another", "error")),
        (State.ORPHANED, link.SessionOver("another", "stopped")),
        (State.CLOSING, link.SessionOver("s1", "error")),
        (State.ORPHANED, ev.FileStored("anna", FILE)),
        (State.CLOSING, ev.Start("s2")),
        (State.CLOSING, joined("cleo")),
        (State.CLOSING, link.SessionClosed("another")),
        (State.TERMINATED, ev.Start("s2")),
        (State.TERMINATED, READY),
        (State.TERMINATED, link.SessionOver("s1", "stopped")),
        (State.TERMINATED, joined("cleo")),
        (State.TERMINATED, ev.ModelGivenUp()),
    ],
    ids=str,
)
def test_an_event_that_does_not_fit_is_noted_and_changes_nothing(
    state: State, event: Event
) -> None:
    session = after(*WAYS[state])
    effects = session.receive(event)
    assert session.state is state
    assert [e.facts["state"] for e in effects if isinstance(e, Note)] == [state.value]
    assert all(isinstance(e, Note | ClosePeers) for e in effects)


@pytest.mark.parametrize("timer", Timer)
@pytest.mark.parametrize("state", [State.CREATED, State.READY, State.TERMINATED])
def test_a_timer_that_fires_outside_a_session_does_nothing(state: State, timer: Timer) -> None:
    assert after(*WAYS[state]).receive(ev.Fired(timer)) == []


@pytest.mark.parametrize("state", RUNNING)
def test_the_grace_of_an_earlier_end_does_not_end_a_session(state: State) -> None:
    session = after(*WAYS[state])
    assert session.receive(ev.Fired(Timer.GRACE)) == []
    assert session.state is state


# Start.


def test_a_start_tells_the_model_and_arms_the_orphan_time() -> None:
    session = after(READY)
    assert without_notes(session.receive(ev.Start("s1"))) == [
        ForgetSession(),
        TellModel(link.SessionStarted("s1")),
        SetTimer(Timer.ORPHAN, 30.0),
    ]
    assert session.session == "s1"


@pytest.mark.parametrize("state", RUNNING)
def test_starting_again_hands_out_the_running_session(state: State) -> None:
    session = after(*WAYS[state])
    effects = session.receive(ev.Start("s2"))
    assert session.session == "s1"
    assert session.state is state
    assert all(isinstance(e, SetTimer) for e in effects)


def test_without_an_orphan_time_no_timer_is_armed() -> None:
    session = after(READY, limits=Limits(orphan=0))
    effects = session.receive(ev.Start("s1"))
    for client in ("join", "leave"):
        event = joined("anna") if client == "join" else ev.PeerLeft("anna")
        effects += session.receive(event)
    assert not [e for e in effects if isinstance(e, SetTimer)]


# Join and leave.


def test_the_first_client_ends_the_orphan_time_and_starts_the_longest() -> None:
    session = after(*START, limits=Limits(longest=60))
    assert without_notes(session.receive(joined("anna", 1.5))) == [
        TellModel(link.ClientJoined("anna", 1.5)),
        ClearTimer(Timer.ORPHAN),
        SetTimer(Timer.LONGEST, 60),
    ]


def test_later_clients_change_nothing_but_the_list() -> None:
    session = after(*START, joined("anna"))
    assert session.receive(joined("bert", 2.0)) == [TellModel(link.ClientJoined("bert", 2.0))]
    assert session.clients == ("anna", "bert")


def test_a_return_does_not_extend_the_longest_time() -> None:
    session = after(*ORPHAN, limits=Limits(longest=60))
    assert without_notes(session.receive(joined("anna", 9.0))) == [
        TellModel(link.ClientJoined("anna", 9.0)),
        ClearTimer(Timer.ORPHAN),
    ]


def test_a_client_that_leaves_others_behind_is_only_told_of() -> None:
    session = after(*STREAM)
    assert session.receive(ev.PeerLeft("anna")) == [TellModel(link.ClientLeft("anna"))]


def test_the_last_client_orphans_the_session() -> None:
    session = after(*STREAM, ev.PeerLeft("anna"))
    assert without_notes(session.receive(ev.PeerLeft("bert"))) == [
        TellModel(link.ClientLeft("bert")),
        SetTimer(Timer.ORPHAN, 30.0),
    ]
    assert session.state is State.ORPHANED


def test_a_client_that_is_not_there_cannot_leave() -> None:
    assert after(*STREAM).receive(ev.PeerLeft("cleo")) == []


@pytest.mark.parametrize("state", [State.CREATED, State.READY, State.CLOSING, State.TERMINATED])
def test_a_connection_that_comes_too_late_is_closed(state: State) -> None:
    assert without_notes(after(*WAYS[state]).receive(joined("cleo"))) == [ClosePeers(("cleo",))]


def test_joins_and_leaves_balance_for_the_model() -> None:
    session = after(*START)
    effects: list[Effect] = []
    for name in ("a", "b", "a", "c"):
        effects += session.receive(joined(name))
    for name in ("b", "x", "b"):
        effects += session.receive(ev.PeerLeft(name))
    told = [e.message for e in effects if isinstance(e, TellModel)]
    assert [type(m).__name__ for m in told] == ["ClientJoined"] * 3 + ["ClientLeft"]


# What clients say.


def test_a_reply_reaches_the_caller_only() -> None:
    session = after(*STREAM)
    session.receive(ev.Heard("bert", ask("r1")))
    effects = session.receive(link.Answered(1, "progress", {"step": 1}))
    assert without_notes(effects) == [
        Tell("bert", outbound.Reply("r1", "set_x", "progress", {"step": 1}))
    ]


def test_a_broadcast_reaches_all_and_a_message_for_one_only_one() -> None:
    session = after(*STREAM)
    message = outbound.Message("progress", {"step": 1})
    assert session.receive(link.Said("progress", {"step": 1})) == [TellAll(message)]
    assert session.receive(link.Said("progress", {"step": 1}, "anna")) == [Tell("anna", message)]
    flat = outbound.Message("progress", {"step": 1}, flat=True)
    assert session.receive(link.Said("progress", {"step": 1}, flat=True)) == [TellAll(flat)]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            inbound.Malformed("r", "set_x", "no object"),
            outbound.Failure("r", "set_x", "invalid_command", "no object"),
        ),
        (inbound.ClipRequest("r"), outbound.ClipFailed("r", "recorder disabled")),
        (inbound.RecordingRequest("r"), outbound.ClipFailed("r", "recorder disabled")),
    ],
    ids=str,
)
def test_what_is_not_for_the_model_is_answered_at_the_edge(said: Any, told: Any) -> None:
    assert after(*STREAM).receive(ev.Heard("anna", said)) == [Tell("anna", told)]


def test_schema_and_capabilities_are_for_the_one_who_asks() -> None:
    session = after(*STREAM)
    (schema,) = session.receive(ev.Heard("anna", inbound.SchemaRequest("r")))
    (capable,) = session.receive(ev.Heard("bert", inbound.CapabilitiesRequest()))
    assert isinstance(schema, Tell)
    assert isinstance(schema.message, outbound.Schema)
    assert (schema.client, schema.message.request) == ("anna", "r")
    assert schema.message.document["info"]["title"] == "m"  # type: ignore[index]
    assert isinstance(capable, Tell)
    assert isinstance(capable.message, outbound.Capabilities)


def test_generating_in_steps_is_not_supported() -> None:
    effects = after(*STREAM).receive(ev.Heard("anna", inbound.StepRequest("r")))
    assert failures(effects) == [("anna", "r", "not_supported")]


@pytest.mark.parametrize("said", [inbound.Ping(), inbound.Pause("main"), inbound.Ignored("x")])
def test_what_is_no_business_of_the_session_passes_it_by(said: inbound.Inbound) -> None:
    assert after(*STREAM).receive(ev.Heard("anna", said)) == []


def test_an_announced_upload_is_looked_for_and_handed_to_the_model() -> None:
    session = after(*STREAM)
    heard = session.receive(ev.Heard("anna", inbound.FileUploaded(REF)))
    assert heard == [FindFile("anna", "u1")]
    assert session.receive(ev.FileStored("anna", FILE)) == [
        TellModel(link.FileReceived("anna", FILE))
    ]


def test_without_an_upload_hook_no_bytes_move() -> None:
    deaf = ev.ModelReady(dataclasses.replace(CONTRACT, wants_files=False))
    session = after(deaf, *STREAM[1:])
    assert session.receive(ev.Heard("anna", inbound.FileUploaded(REF))) == []


def test_an_upload_holds_back_only_its_own_clients_later_commands() -> None:
    session = after(*STREAM)
    assert session.receive(ev.Heard("anna", use("r1"))) == [FindFiles(1, ("u1",))]
    assert session.receive(ev.Heard("anna", ask("r2"))) == []
    (bert,) = session.receive(ev.Heard("bert", ask("r3")))
    assert isinstance(bert, TellModel)
    released = session.receive(ev.FilesFound(1, {"u1": FILE}))
    assert [e.message.number for e in released if isinstance(e, TellModel)] == [1, 2]  # type: ignore[union-attr]


def test_missing_bytes_are_an_unresolved_upload() -> None:
    session = after(*STREAM, ev.Heard("anna", use("r1")), ev.Heard("anna", ask("r2")))
    effects = session.receive(ev.FilesMissing(1, "no bytes"))
    assert failures(effects) == [("anna", "r1", "unresolved_upload")]
    assert [type(e) for e in without_notes(effects)] == [Tell, TellModel]


def test_too_many_waiting_commands_are_an_overload() -> None:
    session = after(*STREAM)
    for number in range(MAX_WAITING):
        session.receive(ev.Heard("anna", ask(f"r{number}")))
    assert failures(session.receive(ev.Heard("bert", ask("late")))) == [
        ("bert", "late", "overloaded")
    ]


def test_a_departed_clients_answers_disturb_nobody() -> None:
    session = after(*STREAM, ev.Heard("anna", ask("r1")), ev.Heard("anna", use("r2")))
    session.receive(ev.PeerLeft("anna"))
    assert session.receive(ev.FilesFound(2, {"u1": FILE})) == []
    effects = session.receive(link.Answered(1))
    assert {e.client for e in effects if isinstance(e, Tell)} <= {"anna"}


# The end.


@pytest.mark.parametrize("reason", ["stopped", "moderated", "whatever was asked for"])
def test_the_end_is_told_before_anything_closes(reason: str) -> None:
    session = after(*STREAM, ev.Heard("anna", ask("r1")))
    effects = session.receive(ev.Stop(reason))
    text = f"the session has ended: {reason}"
    assert without_notes(effects) == [
        Tell("anna", outbound.Failure("r1", "set_x", "session_ended", text)),
        TellAll(outbound.SessionEnded(reason)),
        ClearTimer(Timer.ORPHAN),
        ClearTimer(Timer.LONGEST),
        TellModel(link.SessionStopped("s1")),
        SetTimer(Timer.GRACE, 30.0),
    ]  # fmt: skip
    effects = session.receive(link.SessionClosed("s1"))
    assert without_notes(effects) == [ClearTimer(Timer.GRACE), ClosePeers(), ForgetSession()]
    assert (session.state, session.session, session.clients) == (State.READY, None, ())


@pytest.mark.parametrize("way", RUNNING)
@pytest.mark.parametrize("reason", ["stopped", "error"])
def test_a_session_that_the_model_ends_ends_as_if_stopped(way: State, reason: str) -> None:
    over, stopped = after(*WAYS[way]), after(*WAYS[way])
    if way is State.STREAMING:
        for session in (over, stopped):
            session.receive(ev.Heard("anna", ask("r1")))
    effects = over.receive(link.SessionOver("s1", reason))
    assert TellAll(outbound.SessionEnded(reason)) in effects
    assert effects == stopped.receive(ev.Stop(reason))
    assert over.receive(link.SessionClosed("s1")) == stopped.receive(link.SessionClosed("s1"))
    assert over.state is State.READY


def test_a_model_that_says_it_is_over_twice_ends_one_session() -> None:
    session = after(*STREAM, link.SessionOver("s1", "stopped"), link.SessionClosed("s1"))
    session.receive(ev.Start("s2"))
    (ignored,) = session.receive(link.SessionOver("s1", "stopped"))
    assert ignored == Note("ignored", {"event": "SessionOver", "state": "WAITING"})
    assert session.session == "s2"


def test_stopping_twice_is_stopping_once() -> None:
    assert after(*CLOSE).receive(ev.Stop()) == []
    assert after(READY).receive(ev.Stop()) == []


@pytest.mark.parametrize(
    ("way", "timer"),
    [
        (State.WAITING, Timer.ORPHAN),
        (State.ORPHANED, Timer.ORPHAN),
        (State.STREAMING, Timer.LONGEST),
    ],
)
def test_a_time_limit_ends_the_session_with_its_reason(way: State, timer: Timer) -> None:
    effects = after(*WAYS[way]).receive(ev.Fired(timer))
    assert TellAll(outbound.SessionEnded("timed_out")) in effects


def test_commands_that_come_during_the_end_are_answered() -> None:
    session = after(*CLOSE)
    effects = session.receive(ev.Heard("anna", ask("r9")))
    assert failures(effects) == [("anna", "r9", "session_ended")]


def test_a_model_that_stays_busy_after_the_grace_is_replaced() -> None:
    session = after(*CLOSE)
    effects = session.receive(ev.Fired(Timer.GRACE))
    assert without_notes(effects) == [ReplaceModel(30.0)]
    assert session.state is State.CLOSING
    effects = session.receive(ev.ModelLost())
    assert without_notes(effects) == [ClearTimer(Timer.GRACE), ClosePeers(), ForgetSession()]
    assert session.state is State.CREATED


def test_without_a_grace_an_end_may_take_for_ever() -> None:
    session = after(*STREAM, limits=Limits(grace=0))
    assert SetTimer(Timer.GRACE, 0) not in session.receive(ev.Stop())


def test_nothing_of_a_session_reaches_the_next() -> None:
    session = after(*STREAM, ev.Heard("anna", use("r1")), ev.Heard("anna", ask("r2")))
    for event in (ev.Stop(), link.SessionClosed("s1"), ev.Start("s2"), joined("anna")):
        session.receive(event)
    for late in (
        ev.FilesFound(1, {"u1": FILE}),
        ev.FilesMissing(1, "late"),
        link.Answered(2),
        ev.PeerLeft("bert"),
    ):
        assert session.receive(late) == []
    (again,) = session.receive(ev.Heard("anna", ask("r3")))
    assert isinstance(again, TellModel)
    session.receive(ev.Stop())
    assert session.receive(link.SessionClosed("s1"))[0] == Note(
        "ignored", {"event": "SessionClosed", "state": "CLOSING"}
    )


# Restarts.


def test_a_crash_closes_nothing_and_answers_what_waits() -> None:
    session = after(*STREAM, ev.Heard("anna", ask("r1")), ev.Heard("bert", use("r2")))
    effects = session.receive(ev.ModelLost(10.0, 1, 3, 1000))
    assert failures(effects) == [
        ("anna", "r1", "model_restarting"), ("bert", "r2", "model_restarting"),
    ]  # fmt: skip
    facts = {"reason": "error", "attempt": 1, "max_attempts": 3, "retry_in_ms": 1000}
    assert effects[-1] == TellAll(outbound.RuntimeNotice("modelRestarting", facts))
    assert not [e for e in effects if isinstance(e, ClosePeers | TellModel)]
    assert session.clients == ("anna", "bert")


def test_commands_during_a_restart_are_refused() -> None:
    session = after(*STREAM, ev.ModelLost())
    effects = session.receive(ev.Heard("anna", ask("r1")))
    assert failures(effects) == [("anna", "r1", "model_restarting")]
    effects = session.receive(ev.Heard("anna", inbound.Command("r2", "made up")))
    assert effects[0] == Note("command", {"name": "unknown", "outcome": "model_restarting"})


def test_the_new_model_takes_part_as_if_the_session_began() -> None:
    session = after(*STREAM, ev.ModelLost(10.0, 1))
    session.receive(joined("cleo", 3.0))
    session.receive(ev.PeerLeft("anna"))
    effects = session.receive(ev.ModelReady(CONTRACT, 12.5))
    facts = {"attempt": 1, "downtime_ms": 2500}
    assert without_notes(effects) == [
        TellModel(link.SessionStarted("s1")),
        TellModel(link.ClientJoined("bert", 2.0)),
        TellModel(link.ClientJoined("cleo", 3.0)),
        TellAll(outbound.RuntimeNotice("modelRestarted", facts)),
    ]
    assert session.state is State.STREAMING


def test_joins_and_leaves_during_a_restart_wait_for_the_new_model() -> None:
    session = after(*STREAM, ev.ModelLost())
    effects = session.receive(joined("cleo")) + session.receive(ev.PeerLeft("anna"))
    assert not [e for e in effects if isinstance(e, TellModel)]


def test_the_downtime_counts_from_the_first_of_several_failures() -> None:
    session = after(*STREAM, ev.ModelLost(10.0, 1), ev.ModelLost(12.0, 2), ev.ModelLost(15.0, 3))
    effects = session.receive(ev.ModelReady(CONTRACT, 20.0))
    facts = {"attempt": 3, "downtime_ms": 10_000}
    assert TellAll(outbound.RuntimeNotice("modelRestarted", facts)) in effects


def test_a_restart_without_clients_keeps_the_session() -> None:
    session = after(*ORPHAN, ev.ModelLost())
    effects = session.receive(READY)
    assert TellModel(link.SessionStarted("s1")) in effects
    assert session.state is State.ORPHANED


def test_timers_go_on_during_a_restart() -> None:
    session = after(*ORPHAN, ev.ModelLost())
    effects = session.receive(ev.Fired(Timer.ORPHAN))
    assert TellAll(outbound.SessionEnded("timed_out")) in effects
    assert session.state is State.CREATED


def test_a_session_stopped_while_the_model_is_down_ends_at_once() -> None:
    session = after(*STREAM, ev.ModelLost())
    effects = without_notes(session.receive(ev.Stop()))
    assert effects.index(TellAll(outbound.SessionEnded("stopped"))) < effects.index(ClosePeers())
    assert effects[-1] == ForgetSession()
    assert not [e for e in effects if isinstance(e, TellModel | SetTimer)]
    assert session.state is State.CREATED
    assert session.receive(READY)[-1:] == [Note("transition", {"from": "CREATED", "to": "READY"})]


def test_a_changed_model_ends_the_session_with_an_error() -> None:
    session = after(*STREAM, ev.ModelLost())
    effects = session.receive(ev.ModelReady(OTHER))
    plain = without_notes(effects)
    assert plain.index(TellAll(outbound.SessionEnded("error"))) < plain.index(ClosePeers())
    assert not [e for e in plain if isinstance(e, TellModel)]
    assert session.state is State.READY
    assert session.contract == OTHER
    session.receive(ev.Start("s2"))
    session.receive(joined("anna"))
    assert failures(session.receive(ev.Heard("anna", ask("r1")))) == [
        ("anna", "r1", "invalid_command")
    ]


def test_a_restart_with_another_rate_goes_on() -> None:
    session = after(*STREAM, ev.ModelLost())
    session.receive(ev.ModelReady(dataclasses.replace(CONTRACT, fps=12.0, buffer_size=9)))
    assert session.state is State.STREAMING


@pytest.mark.parametrize("state", RUNNING)
@pytest.mark.parametrize("lost", [True, False])
def test_a_model_given_up_ends_everything(state: State, lost: bool) -> None:
    session = after(*WAYS[state], *([ev.ModelLost()] if lost else []))
    effects = session.receive(ev.ModelGivenUp())
    plain = without_notes(effects)
    assert plain.index(TellAll(outbound.SessionEnded("error"))) < plain.index(ClosePeers())
    assert session.state is State.TERMINATED
    assert (session.session, session.clients) == (None, ())
    assert session.receive(ev.Start("s2"))[0] == Note(
        "ignored", {"event": "Start", "state": "TERMINATED"}
    )


def test_a_crash_in_ready_leads_to_created_and_back() -> None:
    session = after(READY)
    assert moves(session.receive(ev.ModelLost())) == [("READY", "CREATED")]
    assert moves(session.receive(READY)) == [("CREATED", "READY")]


def test_a_crash_while_closing_completes_the_end() -> None:
    session = after(*CLOSE)
    effects = session.receive(ev.ModelLost())
    assert without_notes(effects) == [ClearTimer(Timer.GRACE), ClosePeers(), ForgetSession()]
    assert not [e for e in effects if isinstance(e, TellAll)]


# Shutdown.


def test_a_shutdown_evicts_the_session_and_takes_no_other() -> None:
    session = after(*STREAM)
    assert TellAll(outbound.SessionEnded("evicted")) in session.receive(ev.Shutdown())
    effects = session.receive(link.SessionClosed("s1"))
    assert moves(effects) == [("CLOSING", "READY"), ("READY", "TERMINATED")]
    session.receive(ev.Start("s2"))
    assert session.state is State.TERMINATED


def test_a_shutdown_while_closing_takes_no_other_session_either() -> None:
    session = after(*CLOSE, ev.Shutdown(), link.SessionClosed("s1"))
    assert session.state is State.TERMINATED


def test_a_second_shutdown_is_the_first() -> None:
    session = after(READY, ev.Shutdown())
    assert session.receive(ev.Shutdown()) == []


# Anything at all.

TABLE = {
    "CREATED": {"READY", "TERMINATED"},
    "READY": {"WAITING", "CREATED", "TERMINATED"},
    "WAITING": {"STREAMING", "CLOSING"},
    "STREAMING": {"ORPHANED", "CLOSING"},
    "ORPHANED": {"STREAMING", "CLOSING"},
    "CLOSING": {"READY", "CREATED"},
    "TERMINATED": set(),
}
NAMES = ("anna", "bert", "cleo")
STEPS = st.lists(
    st.one_of(
        st.sampled_from(
            ["ready", "ready", "changed", "lost", "start", "start", "stop", "closed", "closed"]
        ),
        st.sampled_from(["over", "given up", "shut down", "answer", "found", "missing"]),
        st.tuples(st.sampled_from(["join", "leave", "ask", "use", "bad"]), st.sampled_from(NAMES)),
        st.sampled_from(Timer),
    ),
    max_size=60,
)


class Walk:
    """Drive a session with anything, as a shell would, and keep the books."""

    def __init__(self) -> None:
        self.session = Session(Limits(longest=60))
        self.up = False
        self.count = 0
        self.waiting: dict[str, str] = {}
        self.answers: Counter[str] = Counter()
        self.moot: set[str] = set()
        self.inside: set[str] = set()
        self.asked_model: list[int] = []
        self.looked_for: list[int] = []

    def step(self, step: Any) -> None:
        event = self.event(step)
        if event is not None:
            self.book(event, self.session.receive(event))

    def event(self, step: Any) -> Event | None:
        match step:
            case "ready" | "changed" if not self.up:
                self.up = True
                return ev.ModelReady(CONTRACT if step == "ready" else OTHER)
            case "lost" | "given up" if self.up:
                self.up = False
                return ev.ModelLost() if step == "lost" else ev.ModelGivenUp()
            case "start":
                self.count += 1
                return ev.Start(f"s{self.count}")
            case "stop":
                return ev.Stop()
            case "shut down":
                return ev.Shutdown()
            case "over":
                return link.SessionOver(self.session.session or "none", "stopped")
            case "closed":
                return link.SessionClosed(self.session.session or "none")
            case "answer" if self.asked_model:
                return link.Answered(self.asked_model.pop(0))
            case "found" | "missing" if self.looked_for:
                number = self.looked_for.pop()
                found = ev.FilesFound(number, {"u1": FILE})
                return found if step == "found" else ev.FilesMissing(number, "gone")
            case ("join", name):
                return joined(name)
            case ("leave", name):
                return ev.PeerLeft(name)
            case (kind, name) if name in self.session.clients:
                self.count += 1
                request = f"r{self.count}"
                self.waiting[request] = name
                said = {"ask": ask(request), "use": use(request), "bad": ask(request, "x")}
                return ev.Heard(name, said[kind])
            case Timer():
                return ev.Fired(step)
        return None

    def book(self, event: Event, effects: list[Effect]) -> None:
        ended: list[str] = []
        for effect in effects:
            match effect:
                case Note("transition", facts):
                    assert facts["to"] in TABLE[facts["from"]]
                case Tell(client, message):
                    request = getattr(message, "request", None)
                    assert self.waiting.get(request) == client
                    self.answers[request] += 1
                case TellAll(outbound.SessionEnded(reason)):
                    ended.append(reason)
                case TellModel(link.CommandRequested(number)):
                    self.asked_model.append(number)
                case TellModel(link.SessionStarted() | link.SessionStopped()):
                    assert self.up
                    self.inside.clear()
                case TellModel(link.ClientJoined(client)):
                    assert client not in self.inside
                    self.inside.add(client)
                case TellModel(link.ClientLeft(client)):
                    self.inside.remove(client)
                case FindFiles(number):
                    self.looked_for.append(number)
        self.check(event)

    def check(self, event: Event) -> None:
        session = self.session
        if isinstance(event, ev.PeerLeft) and event.client not in session.clients:
            # Nobody is there to be told; an answer that comes late goes nowhere.
            self.moot |= {r for r, c in self.waiting.items() if c == event.client}
        assert (session.session is None) == (session.state in IDLE)
        if session.state in IDLE:
            assert session.clients == ()
        if session.state is State.STREAMING:
            assert session.clients
        if session.state in (State.WAITING, State.ORPHANED):
            assert not session.clients
        if self.up and session.state in RUNNING:
            assert self.inside == set(session.clients)


IDLE = (State.CREATED, State.READY, State.TERMINATED)


@given(STEPS)
@settings(max_examples=400)
def test_whatever_happens_states_move_along_the_table_and_every_command_has_one_answer(
    steps: list[Any],
) -> None:
    walk = Walk()
    for step in ["ready", "start", ("join", "anna"), *steps]:
        walk.step(step)
    walk.step("stop")
    walk.step("closed")
    assert max(walk.answers.values(), default=0) <= 1
    assert {r for r in walk.waiting if not walk.answers[r]} <= walk.moot
    for number in (*walk.asked_model, *walk.looked_for):
        assert walk.session.receive(link.Answered(number)) == []
        assert walk.session.receive(ev.FilesFound(number, {})) == []
