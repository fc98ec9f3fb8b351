"""A process elsewhere: what is asked of its rooms, what is heard of them, and what its death is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reactor_actors.actors.branch import SILENT_SECONDS
from reactor_actors.actors.mirror import LOST
from reactor_actors.actors.remote import ANSWERS, CALL_SECONDS, HOLD_SECONDS, RemoteRoom
from reactor_actors.actors.reports import Report, Vitals
from reactor_actors.core import events as ev
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ClientError, SetupError
from reactor_actors.core.ports import Candidate, Offer
from reactor_actors.core.session import State
from reactor_actors.core.tally import Tally
from reactor_actors.flow.lag import LAG_SECONDS
from reactor_actors.transports.figures import Figures
from reactor_actors.transports.status import ReplicaStatus
from reactor_actors.transports.uploads import Uploads
from tests.actors.far import FarSide, settle
from tests.fakes import FakePeer, run_virtually

OFFER = Offer("v=0\r\n", {"0": "main_video"})


@asynccontextmanager
async def far_side(*names: str, load: bool = True, **options: Any) -> AsyncIterator[FarSide]:
    far = FarSide(*(names or ("1",)), **options)
    far.keep()
    try:
        if load:
            await far.loaded()
        yield far
    finally:
        await far.close()


def only(far: FarSide) -> RemoteRoom:
    [room] = far.branch.rooms
    return room


def now() -> float:
    return asyncio.get_running_loop().time()


async def refused(asking: Coroutine[Any, Any, Any]) -> ClientError:
    with pytest.raises(ClientError) as caught:
        await asking
    return caught.value


def test_a_room_is_known_by_what_was_told_of_it() -> None:
    async def main() -> None:
        async with far_side("1", "3", load=False) as far:
            assert [room.name for room in far.branch.rooms] == ["1", "3"]
            assert {room.facts.state for room in far.branch.rooms} == {State.CREATED}
            await far.loaded()
            facts = [room.facts for room in far.branch.rooms]
            assert [(f.state, f.contract) for f in facts] == [(State.READY, Contract("m"))] * 2
            assert [name for name, _ in far.heard] == ["1", "3"]

    run_virtually(main())


def test_what_follows_from_a_request_is_known_once_it_returns_however_late_it_is_told() -> None:
    async def main() -> None:
        async with far_side(back=0.5, load=False) as far:
            await settle()
            far.process.load(Contract("m"))
            await asyncio.sleep(1.0)
            room, began = only(far), now()
            await room.start("s")
            assert (room.facts.state, room.facts.session) == (State.WAITING, "s")
            assert now() == began + 0.5
            await room.stop("s", "enough")
            assert room.facts.state is State.CLOSING

    run_virtually(main())


def test_every_note_is_heard_in_order_with_the_facts_of_its_moment() -> None:
    async def main() -> None:
        seen: list[tuple[str, State, int]] = []

        def hear(name: str, note: ev.Note) -> None:
            facts = only(far).facts
            seen.append((note.kind, facts.state, facts.clients))

        async with far_side(hear=hear, back=0.1) as far:
            host = far.process.hosts["1"]
            host.start("s")
            host.join(FakePeer("1002"))
            host.join(FakePeer("1003"))
            host.leave("1002")
            host.leave("1003")
            assert seen == []
            await asyncio.sleep(1.0)
            assert seen[1:] == [
                ("transition", State.WAITING, 0),
                ("session_started", State.WAITING, 0),
                ("transition", State.STREAMING, 1),
                ("connection_opened", State.STREAMING, 1),
                ("connection_opened", State.STREAMING, 2),
                ("connection_closed", State.STREAMING, 1),
                ("transition", State.ORPHANED, 0),
                ("connection_closed", State.ORPHANED, 0),
            ]

    run_virtually(main())


def test_signalling_goes_there_and_back() -> None:
    async def main() -> None:
        async with far_side(road=0.01) as far:
            room, there = only(far), far.process.signalling["1"]
            await room.start("s")
            number = await room.open("s")
            await room.offer("s", number, OFFER)
            await room.candidates("s", number, [Candidate("c", "0", 0)])
            assert (there.offers, there.heard) == (
                {number: [OFFER]},
                {number: [Candidate("c", "0", 0)]},
            )
            there.settle(number, "v=0 answer")
            assert await room.answer("s", number, 25.0) == "v=0 answer"

    run_virtually(main())


def test_what_a_room_raises_over_there_is_raised_here() -> None:
    async def main() -> None:
        async with far_side() as far:
            room = only(far)
            await room.start("s")
            with pytest.raises(LookupError):
                await room.open("another")
            with pytest.raises(LookupError):
                await room.offer("s", 1234, OFFER)
            number = await room.open("s")
            error = await refused(room.offer("s", number, Offer("nonsense", {})))
            assert error.code == "malformed"
            error = await refused(room.place("s", "a", "b", 0))
            assert error.code == "malformed"

    run_virtually(main())


def test_a_process_that_does_not_answer_is_a_refusal_and_not_a_wait() -> None:
    async def main() -> None:
        async with far_side() as far:
            room, began = only(far), now()
            far.process.hung = True
            error = await refused(room.start("s"))
            assert (error.code, now()) == ("overloaded", began + CALL_SECONDS)

    run_virtually(main())


def test_a_process_that_does_not_report_is_a_refusal_too() -> None:
    async def main() -> None:
        async with far_side() as far:
            room, began = only(far), now()
            far.process.back = 3600.0
            error = await refused(room.start("s"))
            assert (error.code, now()) == ("overloaded", began + CALL_SECONDS)

    run_virtually(main())


@pytest.mark.parametrize("waits_for", ["answer", "reports"])
def test_a_death_refuses_what_was_asked_meanwhile_at_once(waits_for: str) -> None:
    async def main() -> None:
        async with far_side() as far:
            room, began = only(far), now()
            if waits_for == "answer":
                far.process.hung = True
            else:
                far.process.back = 3600.0
            asking = asyncio.ensure_future(room.start("s"))
            await asyncio.sleep(0.5)
            far.process.die()
            error = await refused(asyncio.wait_for(asking, 60.0))
            assert (error.code, now()) == ("overloaded", began + 0.5)

    run_virtually(main())


def test_before_a_process_is_there_and_after_it_has_gone_nothing_is_asked_of_it() -> None:
    async def main() -> None:
        far = FarSide("1", begin=1.0)
        assert (await refused(only(far).start("s"))).code == "overloaded"
        far.keep()
        await asyncio.sleep(0.5)
        assert (await refused(only(far).start("s"))).code == "overloaded"
        await asyncio.sleep(1.0)
        await far.loaded()
        far.process.die()
        await settle()
        assert (await refused(only(far).start("s"))).code == "overloaded"
        assert far.process.asked == []
        await far.close()

    run_virtually(main())


def test_an_answer_is_waited_for_in_calls_of_a_few_seconds() -> None:
    async def main() -> None:
        async with far_side() as far:
            room, there = only(far), far.process.signalling["1"]
            await room.start("s")
            number = await room.open("s")
            await room.offer("s", number, OFFER)
            far.process.asked.clear()
            began = now()
            beating = asyncio.ensure_future(beats(far))
            assert await room.answer("s", number, 24.0) is None
            assert now() == began + 24.0
            held = [request.seconds for request in far.process.asked]
            assert held == [HOLD_SECONDS] * 4 + [4.0]
            asyncio.get_running_loop().call_later(7.0, there.settle, number, "v=0 answer")
            assert await room.answer("s", number, 25.0) == "v=0 answer"
            assert now() == began + 31.0
            beating.cancel()

    run_virtually(main())


def test_only_so_many_wait_for_answers_and_who_hangs_up_counts_until_the_call_ends() -> None:
    async def main() -> None:
        async with far_side() as far:
            room = only(far)
            await room.start("s")
            number = await room.open("s")
            await room.offer("s", number, OFFER)
            waiting = [asyncio.ensure_future(room.answer("s", number, 3.0)) for _ in range(ANSWERS)]
            await settle()
            assert (await refused(room.answer("s", number, 3.0))).code == "overloaded"
            for one in waiting:
                one.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            assert (await refused(room.answer("s", number, 3.0))).code == "overloaded"
            await asyncio.sleep(3.1)
            assert await room.answer("s", number, 3.0) is None

    run_virtually(main())


async def beats(far: FarSide) -> None:
    while True:
        far.process.beat()
        await asyncio.sleep(1.0)


def test_a_file_is_collected_here_and_handed_over_in_one_piece() -> None:
    async def main() -> None:
        async with far_side() as far:
            room, there = only(far), far.process.hosts["1"].uploads
            await room.start("s")
            upload = await room.place("s", "a.bin", "a/b", 6)
            assert room.holds(upload)
            with room.filling(upload, 6) as transfer:
                transfer.write(b"abc")
                transfer.write(b"def")
                before = len(far.process.asked)
                await transfer.finish()
            assert len(far.process.asked) == before + 1
            assert (await there.find([upload]))[upload].data == b"abcdef"

    run_virtually(main())


def test_places_end_with_their_session() -> None:
    async def main() -> None:
        async with far_side() as far:
            room = only(far)
            await room.start("s")
            upload = await room.place("s", "a.bin", "a/b", 6)
            far.process.hosts["1"].detach(ev.ModelGivenUp())
            await settle()
            assert not room.holds(upload)
            with pytest.raises(LookupError):
                await room.place("s", "a.bin", "a/b", 6)

    run_virtually(main())


def test_a_place_of_a_session_that_has_ended_meanwhile_is_none() -> None:
    class Ending(Uploads):
        def open(self, name: str, mime_type: str, size: int) -> str:
            upload = super().open(name, mime_type, size)
            far.process.hosts["1"].detach(ev.ModelGivenUp())
            return upload

    async def main() -> None:
        nonlocal far
        async with far_side(uploads=Ending) as far:
            room = only(far)
            await room.start("s")
            with pytest.raises(LookupError):
                await room.place("s", "a.bin", "a/b", 6)

    far: FarSide
    run_virtually(main())


def test_with_its_process_everything_in_a_room_ends_and_the_next_process_takes_over() -> None:
    async def main() -> None:
        async with far_side() as far:
            room, first = only(far), far.process
            await room.start("s")
            upload = await room.place("s", "a.bin", "a/b", 6)
            first.hosts["1"].join(FakePeer("1002"))
            await settle()
            far.heard.clear()
            first.die()
            await settle()
            told = [(note.kind, note.session, dict(note.facts)) for _, note in far.heard]
            assert told == [
                ("model_restarting", "s", {
                    "reason": "error", "attempt": 1, "max_attempts": 3, "retry_in_ms": 1000,
                }),
                ("connection_closed", "s", {"client": "1002", "reason": LOST}),
                ("session_ended", "s", {"reason": "error"}),
                ("transition", "s", {"from": "STREAMING", "to": "CREATED"}),
            ]  # fmt: skip
            assert (room.facts.session, room.facts.clients) == (None, 0)
            assert room.facts.contract == Contract("m")
            assert not room.holds(upload)
            await asyncio.sleep(0.9)
            assert len(far.lives) == 1
            await asyncio.sleep(0.2)
            assert len(far.lives) == 2
            await far.loaded()
            await room.start("again")
            assert far.process.hosts["1"].session == "again"

    run_virtually(main())


def test_what_a_dead_process_had_still_to_tell_is_not_believed() -> None:
    async def main() -> None:
        async with far_side() as far:
            first = far.process
            first.die()
            await settle()
            far.heard.clear()
            note = ev.Note("transition", {"from": "READY", "to": "STREAMING"}, session="s")
            facts = only(far).facts
            far.branch.report(1, [Report("1", note, facts)])
            assert far.heard == []
            assert only(far).facts.state is State.CREATED

    run_virtually(main())


def test_the_fourth_death_gives_the_rooms_up() -> None:
    async def main() -> None:
        async with far_side() as far:
            for _ in range(4):
                far.process.die()
                await asyncio.sleep(10.0)
            assert await far.kept is False
            assert len(far.lives) == 4
            facts = only(far).facts
            assert (facts.state, facts.news) == (State.TERMINATED, ev.ModelGivenUp())
            assert far.kinds[-2:] == ["error", "transition"]

    run_virtually(main())


def test_a_process_that_says_nothing_is_replaced() -> None:
    async def main() -> None:
        async with far_side() as far:
            beating = asyncio.ensure_future(beats(far))
            await asyncio.sleep(3 * SILENT_SECONDS)
            assert len(far.lives) == 1
            beating.cancel()
            await asyncio.sleep(2 * SILENT_SECONDS)
            assert far.lives[0].killed
            assert len(far.lives) == 2

    run_virtually(main())


def test_a_declaration_that_no_restart_can_mend_is_passed_on() -> None:
    async def main() -> None:
        async with far_side() as far:
            far.process.fail(SetupError("no such module"))
            with pytest.raises(SetupError, match="no such module"):
                await far.kept
            assert far.process.killed

    run_virtually(main())


def test_models_that_are_given_up_leave_their_process_to_say_so() -> None:
    async def main() -> None:
        async with far_side(back=0.5) as far:
            far.process.hosts["1"].detach(ev.ModelGivenUp())
            far.process.finish(False)
            assert await far.kept is False
            await asyncio.sleep(2.0)
            assert only(far).facts.state is State.TERMINATED
            assert not far.process.killed

    run_virtually(main())


def test_a_stop_ends_the_sessions_first_and_hears_of_it() -> None:
    async def main() -> None:
        async with far_side(back=0.2) as far:
            await asyncio.sleep(1.0)
            await only(far).start("s")
            await far.branch.stop()
            assert await far.kept is True
            assert far.process.killed
            assert "session_ended" in far.kinds
            assert only(far).facts.state is State.CLOSING

    run_virtually(main())


def test_a_stop_between_two_lives_begins_no_other() -> None:
    async def main() -> None:
        async with far_side() as far:
            far.process.die()
            await settle()
            await far.branch.stop()
            assert await far.kept is True
            assert len(far.lives) == 1

    run_virtually(main())


def test_a_stop_does_not_wait_for_ever_for_a_process_that_hangs() -> None:
    async def main() -> None:
        async with far_side() as far:
            far.process.back = 3600.0
            far.process.hosts["1"].start("s")
            began = now()
            await far.branch.stop()
            assert now() == began + 12.0
            assert far.process.killed

    run_virtually(main())


def test_the_lag_of_a_process_is_counted_on_through_its_deaths() -> None:
    def told(*lags: float) -> Report:
        tally = Tally(LAG_SECONDS)
        for seconds in lags:
            tally.count(seconds)
        status = ReplicaStatus("1", State.READY)
        return Report("1", vitals=Vitals(status, Figures(), tally.read()))

    async def main() -> None:
        async with far_side() as far:
            assert sum(far.branch.lag.counts) == 0
            for lags in ((0.25,), (0.25, 0.5)):
                far.branch.report(1, [told(*lags)])
            assert far.branch.lag.total == 0.75
            far.process.die()
            await settle()
            assert far.branch.lag.total == 0.75
            far.branch.report(1, [told(8.0)])  # a late word from before
            far.branch.report(2, [told(0.125)])
            assert far.branch.lag.total == 0.875

    run_virtually(main())
