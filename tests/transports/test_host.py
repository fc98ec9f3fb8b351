from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from reactor_actors.core import events as ev
from reactor_actors.core import messages as link
from reactor_actors.core.arguments import Arguments, argument
from reactor_actors.core.contract import Command, Contract
from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.media import Tick
from reactor_actors.core.ports import Feed
from reactor_actors.core.session import Limits, State
from reactor_actors.core.wire import inbound, outbound
from reactor_actors.core.wire.uploads import UploadRef
from reactor_actors.transports.host import TransportHost
from tests.fakes import FakeModel, FakePeer, FakeScreen, run_virtually

USE = Arguments((argument("file", UploadedFile, None, "use"),)).schema
GO = Arguments(()).schema
CONTRACT = Contract(
    "m", commands=(Command("go", "", GO), Command("use", "", USE)), fps=10.0, wants_files=True
)


class Replica:
    """A transport host with doubles around it, on a loop whose time is a number."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.screen = FakeScreen()
        self.model = FakeModel()
        self.replaced: list[float] = []
        self.notes: list[ev.Note] = []
        self.host = TransportHost(
            self.screen, limits=limits, journal=self.notes.append, replace_model=self._replace
        )

    def serve(self, *names: str) -> list[FakePeer]:
        self.host.attach(self.model, CONTRACT)
        self.host.start("s1")
        return [self.join(name) for name in names]

    def join(self, name: str) -> FakePeer:
        peer = FakePeer(name)
        self.host.join(peer)
        return peer

    def ask(self, name: str, request: str = "r") -> None:
        self.host.hear(name, inbound.Command(request, "go"))

    def emit(self, count: int = 1, epoch: int = 0) -> None:
        for _ in range(count):
            self.host.push(Tick(epoch, {"main": np.zeros((3, 2), np.uint8)}))

    def closed(self, session: str = "s1") -> None:
        self.host.receive(link.SessionClosed(session))

    def _replace(self, seconds: float) -> None:
        self.replaced.append(seconds)


def staged(script: Callable[[Replica], Coroutine[Any, Any, Any]], **limits: float) -> Replica:
    """Run a script against a replica; everything it owns is ended afterwards."""

    async def main() -> Replica:
        replica = Replica(Limits(**limits) if limits else None)
        try:
            await script(replica)
        finally:
            await replica.host.close()
        return replica

    return run_virtually(main())


def ended(peer: FakePeer) -> list[str]:
    return [m.reason for m in peer.told if isinstance(m, outbound.SessionEnded)]


def test_a_loaded_model_makes_the_replica_ready() -> None:
    async def script(replica: Replica) -> None:
        assert replica.host.state is State.CREATED
        assert replica.host.statistics() is None
        replica.host.attach(replica.model, CONTRACT)
        assert replica.host.state is State.READY
        assert replica.host.contract == CONTRACT

    staged(script)


def test_the_model_learns_of_session_and_clients_in_order() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna", "bert")
        replica.host.leave("anna")

    told = staged(script).model.delivered
    assert [type(m) for m in told] == [
        link.SessionStarted, link.ClientJoined, link.ClientJoined, link.ClientLeft,
    ]  # fmt: skip


def test_broadcasts_reach_all_and_replies_one_and_a_broken_peer_nobody() -> None:
    async def script(replica: Replica) -> None:
        anna, bert, cleo = replica.serve("anna", "bert", "cleo")
        bert.broken = True
        replica.host.receive(link.Said("hello", {"x": 1}))
        replica.ask("cleo", "r1")
        replica.host.receive(link.Answered(1))
        message = outbound.Message("hello", {"x": 1})
        assert (anna.told, bert.told) == ([message], [])
        assert cleo.told == [message, outbound.Ack("r1")]
        assert replica.host.state is State.STREAMING

    staged(script)


def test_a_thousand_clients_come_and_go_during_output() -> None:
    async def script(replica: Replica) -> None:
        (anna,) = replica.serve("anna")
        for number in range(1000):
            peer = replica.join(f"guest {number}")
            peer.on_tell = lambda message, name=peer.client: replica.host.leave(name)
            replica.host.receive(link.Said("hello", {}))
        assert len(anna.told) == 1000
        assert replica.host.state is State.STREAMING

    staged(script)


def test_the_end_is_told_before_the_connections_close() -> None:
    async def script(replica: Replica) -> None:
        anna, bert = replica.serve("anna", "bert")
        order: list[tuple[str, bool]] = []
        anna.on_tell = lambda message: order.append(("told", anna.closed))
        replica.host.stop("stopped")
        assert (ended(anna), ended(bert), anna.closed) == (["stopped"], ["stopped"], False)
        replica.closed()
        assert (anna.closed, bert.closed, order) == (True, True, [("told", False)])
        assert (replica.host.state, replica.host.session) == (State.READY, None)

    staged(script)


@pytest.mark.parametrize("way", ["given up", "changed", "stopped"])
def test_the_end_is_told_also_while_the_model_is_down(way: str) -> None:
    async def script(replica: Replica) -> None:
        anna, bert = replica.serve("anna", "bert")
        replica.host.detach(ev.ModelLost())
        match way:
            case "given up":
                replica.host.detach(ev.ModelGivenUp())
            case "changed":
                replica.host.attach(replica.model, Contract("another"))
            case "stopped":
                replica.host.stop("stopped")
        reason = "stopped" if way == "stopped" else "error"
        for peer in (anna, bert):
            assert ended(peer) == [reason]
            assert isinstance(peer.told[-1], outbound.SessionEnded)
            assert peer.closed

    staged(script)


def test_a_restart_keeps_the_peers_and_tells_them() -> None:
    async def script(replica: Replica) -> None:
        anna, bert = replica.serve("anna", "bert")
        replica.ask("anna", "r1")
        replica.host.detach(ev.ModelLost())
        replica.ask("bert", "r2")
        successor = FakeModel()
        replica.host.attach(successor, CONTRACT)
        assert [getattr(m, "code", getattr(m, "type", "")) for m in anna.told] == [
            "model_restarting", "modelRestarting", "modelRestarted",
        ]  # fmt: skip
        assert [getattr(m, "code", getattr(m, "type", "")) for m in bert.told] == [
            "modelRestarting", "model_restarting", "modelRestarted",
        ]  # fmt: skip
        assert not anna.closed
        assert [type(m).__name__ for m in successor.delivered] == [
            "SessionStarted", "ClientJoined", "ClientJoined",
        ]  # fmt: skip

    staged(script)


def test_without_a_model_frames_ticks_and_rates_go_nowhere() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        replica.host.detach(ev.ModelLost())
        replica.emit()
        replica.host.feed(Feed("camera", np.zeros((3, 2), np.uint8)))
        replica.host.set_rate(5.0)
        replica.host.cut(1, black=False)
        await asyncio.sleep(1.0)
        assert (replica.model.fed, replica.screen.ticks) == ([], [])

    staged(script)


def test_frames_are_passed_on() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        frame = Feed("camera", np.zeros((3, 2), np.uint8))
        replica.host.feed(frame)
        assert replica.model.fed == [frame]

    staged(script)


def test_a_peer_that_comes_too_late_is_closed_and_forgotten() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        replica.host.stop()
        replica.closed()
        late = replica.join("late")
        assert late.closed
        replica.host.start("s2")
        bert = replica.join("bert")
        replica.host.receive(link.Said("hello", {}))
        assert (late.told, len(bert.told)) == ([], 1)

    staged(script)


def test_an_orphaned_session_times_out() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        replica.host.leave("anna")
        await asyncio.sleep(29.9)
        assert replica.host.state is State.ORPHANED
        await asyncio.sleep(0.2)
        assert replica.host.state is State.CLOSING

    staged(script)


def test_a_client_that_returns_in_time_keeps_the_session() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        replica.host.leave("anna")
        await asyncio.sleep(29.9)
        replica.join("anna")
        await asyncio.sleep(100.0)
        assert replica.host.state is State.STREAMING

    staged(script)


def test_a_session_without_any_client_times_out() -> None:
    async def script(replica: Replica) -> None:
        replica.serve()
        await asyncio.sleep(30.1)
        assert replica.host.state is State.CLOSING

    staged(script)


def test_the_longest_time_counts_from_the_first_client() -> None:
    async def script(replica: Replica) -> None:
        replica.serve()
        await asyncio.sleep(10.0)
        anna = replica.join("anna")
        await asyncio.sleep(40.0)
        replica.host.leave("anna")
        anna = replica.join("anna")
        await asyncio.sleep(19.9)
        assert ended(anna) == []
        await asyncio.sleep(0.2)
        assert ended(anna) == ["timed_out"]

    staged(script, longest=60.0)


def test_a_session_that_the_model_ends_is_wound_down_by_it_too() -> None:
    async def script(replica: Replica) -> None:
        anna, bert = replica.serve("anna", "bert")
        session = replica.host.session
        assert session is not None
        replica.host.receive(link.SessionOver(session, "error"))
        assert ended(anna) == ended(bert) == ["error"]
        assert link.SessionStopped(session) in replica.model.delivered
        replica.host.receive(link.SessionClosed(session))
        assert anna.closed
        assert replica.host.state is State.READY

    staged(script)


def test_a_model_that_does_not_let_go_is_replaced_after_the_grace() -> None:
    async def script(replica: Replica) -> None:
        (anna,) = replica.serve("anna")
        replica.host.stop()
        await asyncio.sleep(30.1)
        assert replica.replaced == [30.0]
        assert not anna.closed
        replica.host.detach(ev.ModelLost())
        assert anna.closed
        replica.host.attach(replica.model, CONTRACT)
        await asyncio.sleep(100.0)
        assert (replica.host.state, replica.replaced) == (State.READY, [30.0])

    staged(script)


def test_ticks_are_shown_at_the_rate_and_credited() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        replica.emit(3)
        await asyncio.sleep(1.0)
        start = replica.screen.shown_at[0]
        shown = [instant - start for instant in replica.screen.shown_at]
        assert shown == pytest.approx([0.0, 0.1, 0.2])
        assert [grant.done for grant in replica.model.granted][-3:] == [1, 2, 3]
        assert replica.host.statistics() is not None

    staged(script)


def test_without_a_session_ticks_are_played_to_nobody() -> None:
    async def script(replica: Replica) -> None:
        replica.host.attach(replica.model, CONTRACT)
        replica.emit(3)
        await asyncio.sleep(1.0)
        assert replica.screen.ticks == []
        assert replica.model.granted[-1].done == 3

    staged(script)


def test_with_nobody_there_ticks_are_consumed_at_the_rate() -> None:
    async def script(replica: Replica) -> None:
        replica.serve()
        replica.emit(4)
        await asyncio.sleep(0.25)
        assert replica.model.granted[-1].done == 3

    staged(script)


def test_a_flush_shows_black_once_and_a_clear_nothing() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        replica.emit(4)
        await asyncio.sleep(0.05)
        replica.host.cut(1, black=True)
        replica.host.cut(2, black=False)
        await asyncio.sleep(1.0)
        assert (len(replica.screen.ticks), replica.screen.blanks) == (1, 1)
        replica.emit(1, epoch=1)
        replica.emit(1, epoch=2)
        await asyncio.sleep(1.0)
        assert [tick.epoch for tick in replica.screen.ticks] == [0, 2]

    staged(script)


def test_a_flush_outside_a_session_shows_nothing() -> None:
    async def script(replica: Replica) -> None:
        replica.host.attach(replica.model, CONTRACT)
        replica.host.cut(1, black=True)
        assert replica.screen.blanks == 0

    staged(script)


def test_a_new_rate_applies_to_the_pending_tick() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        replica.emit(3)
        await asyncio.sleep(0.01)
        replica.host.set_rate(50.0)
        await asyncio.sleep(1.0)
        start = replica.screen.shown_at[0]
        assert [t - start for t in replica.screen.shown_at] == pytest.approx([0.0, 0.02, 0.04])

    staged(script)


@pytest.mark.parametrize("when", ["before the end", "while nothing runs"])
def test_no_picture_of_a_session_shows_in_the_next(when: str) -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        replica.host.set_rate(0.1)
        replica.emit(1)
        await asyncio.sleep(1.0)
        if when == "before the end":
            replica.emit(3)
        replica.host.stop()
        replica.closed()
        if when == "while nothing runs":
            replica.emit(3)
        replica.host.start("s2")
        replica.join("anna")
        await asyncio.sleep(100.0)
        assert len(replica.screen.ticks) == 1
        assert replica.model.granted[-1].done == 4
        replica.emit(1)
        await asyncio.sleep(100.0)
        assert len(replica.screen.ticks) == 2

    staged(script)


def test_a_command_waits_for_its_upload_and_then_reaches_the_model() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna", "bert")
        upload = replica.host.uploads.open("a", "b", 3)
        reference = {"file": UploadRef(upload, "a", "b", 3)}
        replica.host.hear("anna", inbound.Command("r1", "use", {}, reference))
        replica.ask("anna", "r2")
        replica.ask("bert", "r3")
        await asyncio.sleep(5.0)
        replica.host.uploads.fill(upload, b"abc")
        await asyncio.sleep(0.1)
        asked = [m for m in replica.model.delivered if isinstance(m, link.CommandRequested)]
        assert [(m.client, m.number) for m in asked] == [("bert", 3), ("anna", 1), ("anna", 2)]
        assert asked[1].files == {upload: UploadedFile("a", "b", 3, b"abc")}

    staged(script)


@pytest.mark.parametrize("known", [True, False])
def test_an_upload_that_does_not_come_fails_its_command_alone(known: bool) -> None:
    async def script(replica: Replica) -> None:
        (anna,) = replica.serve("anna")
        upload = replica.host.uploads.open("a", "b", 3) if known else "made up"
        reference = {"file": UploadRef(upload, "a", "b", 3)}
        replica.host.hear("anna", inbound.Command("r1", "use", {}, reference))
        replica.ask("anna", "r2")
        await asyncio.sleep(8.1 if known else 0.1)
        (failure,) = anna.told
        assert isinstance(failure, outbound.Failure)
        assert (failure.request, failure.code) == ("r1", "unresolved_upload")
        assert isinstance(replica.model.delivered[-1], link.CommandRequested)

    staged(script)


def test_an_announced_upload_reaches_the_model_and_an_unknown_one_nobody() -> None:
    async def script(replica: Replica) -> None:
        (anna,) = replica.serve("anna")
        upload = replica.host.uploads.open("a", "b", 3)
        replica.host.uploads.fill(upload, b"abc")
        for name in (upload, "made up"):
            replica.host.hear("anna", inbound.FileUploaded(UploadRef(name, "a", "b", 3)))
        await asyncio.sleep(0.1)
        files = [m for m in replica.model.delivered if isinstance(m, link.FileReceived)]
        assert files == [link.FileReceived("anna", UploadedFile("a", "b", 3, b"abc"))]
        assert anna.told == []

    staged(script)


def test_an_upload_is_announced_to_the_model_once_however_often_a_client_says_it() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna", "ben")
        upload = replica.host.uploads.open("a", "b", 3)

        def announce(name: str) -> None:
            for _ in range(1000):
                replica.host.hear(name, inbound.FileUploaded(UploadRef(upload, "a", "b", 3)))

        announce("anna")
        await asyncio.sleep(0.1)
        replica.host.uploads.fill(upload, b"abc")
        await asyncio.sleep(0.1)
        announce("anna")
        announce("ben")
        await asyncio.sleep(0.1)
        files = [m.client for m in replica.model.delivered if isinstance(m, link.FileReceived)]
        assert files == ["anna", "ben"]

    staged(script)


def test_an_announcement_that_came_too_early_can_be_made_again() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        upload = replica.host.uploads.open("a", "b", 3)
        said = inbound.FileUploaded(UploadRef(upload, "a", "b", 3))
        replica.host.hear("anna", said)
        await asyncio.sleep(10.0)
        replica.host.uploads.fill(upload, b"abc")
        replica.host.hear("anna", said)
        await asyncio.sleep(0.1)
        files = [m for m in replica.model.delivered if isinstance(m, link.FileReceived)]
        assert len(files) == 1

    staged(script)


def test_files_outlive_a_restart_and_end_with_the_session() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        upload = replica.host.uploads.open("a", "b", 3)
        replica.host.uploads.fill(upload, b"abc")
        replica.host.detach(ev.ModelLost())
        replica.host.attach(replica.model, CONTRACT)
        assert upload in await replica.host.uploads.find([upload])
        replica.host.stop()
        replica.closed()
        with pytest.raises(Exception, match="there is no upload"):
            await replica.host.uploads.find([upload])

    staged(script)


def test_last_pictures_are_forgotten_with_the_session() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        before = replica.screen.forgotten
        replica.host.stop()
        assert replica.screen.forgotten == before
        replica.closed()
        assert replica.screen.forgotten == before + 1

    staged(script)


def test_the_journal_gets_every_note() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        replica.host.receive(link.SessionClosed("another"))
        moves = [note.facts["to"] for note in replica.notes if note.kind == "transition"]
        assert moves == ["READY", "WAITING", "STREAMING"]
        assert replica.notes[-1].kind == "ignored"

    staged(script)


async def test_without_a_journal_notes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    host = TransportHost(FakeScreen())
    host.start("s1")
    await host.close()
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "ignored" in record.getMessage()


def test_closing_ends_timers_searches_and_playout() -> None:
    async def main() -> None:
        replica = Replica()
        replica.serve("anna")
        replica.emit(4)
        upload = replica.host.uploads.open("a", "b", 3)
        replica.host.hear(
            "anna", inbound.Command("r", "use", {}, {"file": UploadRef(upload, "a", "b", 3)})
        )
        replica.host.leave("anna")
        await replica.host.close()
        shown = len(replica.screen.ticks)
        await asyncio.sleep(100.0)
        assert len(replica.screen.ticks) == shown
        assert replica.host.state is State.ORPHANED

    run_virtually(main())


def test_what_was_counted_stays_when_the_model_is_another() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        replica.emit(2)
        replica.host.push(Tick(0, turn=0.5))
        replica.host.feed(Feed("camera", np.zeros((3, 2), np.uint8)))
        await asyncio.sleep(1.0)
        before = replica.host.traffic.figures({})
        assert sum(before.latencies.counts) == 3
        assert before.turns.total == 0.5
        assert before.tracks["camera"].fates == {"received": 1}
        replica.host.detach(ev.ModelLost())
        replica.host.attach(replica.model, CONTRACT)
        assert replica.host.traffic.figures({}) == before
        replica.emit()
        await asyncio.sleep(1.0)
        assert sum(replica.host.traffic.figures({}).latencies.counts) == 4

    staged(script)


def test_the_time_between_two_sessions_is_none_between_emits() -> None:
    async def script(replica: Replica) -> None:
        replica.serve("anna")
        for _ in range(2):
            replica.host.push(Tick(0, turn=0.01))
            await asyncio.sleep(0.25)
        replica.host.stop()
        replica.closed()
        await asyncio.sleep(100.0)
        replica.host.start("s2")
        for _ in range(2):
            replica.host.push(Tick(0, turn=0.01))
            await asyncio.sleep(0.25)
        emits = replica.host.traffic.figures({}).emits
        assert (sum(emits.counts), emits.total) == (2, pytest.approx(0.5))

    staged(script)
