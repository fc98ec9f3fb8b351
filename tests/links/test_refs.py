"""What is special about the refs link. What all links have in common is in `test_contract.py`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reactor_actors.core.current import current_replica, current_session, working_at
from reactor_actors.core.errors import PeerGone
from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import Grant, Said, SessionStarted
from reactor_actors.core.ports import Feed
from reactor_actors.core.wire import inbound
from reactor_actors.core.wire.outbound import Ack
from reactor_actors.engine.host import ModelHost
from reactor_actors.flow.buffer import CAPACITY
from reactor_actors.interface.compile import program_of
from reactor_actors.links.calls import LIMITS, Limits
from reactor_actors.links.frames import PlacedPicture
from reactor_actors.links.framing import encode
from reactor_actors.links.items import Admitted, AdmittedTick, Granted
from reactor_actors.links.refs import FEEDS_PER_CALL, ClientsEnd, ModelEnd
from reactor_actors.transports.host import TransportHost
from tests.authoring.simplest import Painter, grey_of
from tests.fakes import FakeModel, FakePeer, FakeScreen
from tests.links.joined import CONTRACT, SECONDS, Clients, batch, level_of, meet_by_calls, until
from tests.links.roads import Road

PATIENT = replace(LIMITS, beat=3600.0)
"""Calls are counted: none is made only to see whether the other end is there."""


class Ends:
    """Both ends in this process, on a road of their own."""

    def __init__(self, road: Road, ours: ClientsEnd, theirs: ModelEnd, model: Any, seen: Any):
        self.road, self.ours, self.theirs = road, ours, theirs
        self.model, self.clients = model, seen
        self.done = 0

    def play(self, count: int) -> None:
        self.done += count
        self.ours.grant(Grant(self.done, float("-inf"), 0.1, 0.4))

    async def push(self, *levels: int, drop: bool = False) -> int:
        pushing = self.theirs.push(batch(*levels), drop=drop)
        return await asyncio.wait_for(pushing, SECONDS)

    async def arrived(self, count: int) -> list[Tick]:
        await until(lambda: len(self.clients.ticks) >= count)
        return self.clients.ticks

    async def calm(self) -> list[str]:
        """Wait until every call has returned and its reply is known; return the calls."""
        await until(lambda: self.road.returned and len(self.road.returned) == len(self.road.calls))
        await asyncio.sleep(0.01)
        return list(self.road.calls)

    async def ended(self) -> tuple[str, str]:
        theirs = asyncio.wrap_future(self.theirs.closed)
        both = asyncio.gather(self.ours.closed, theirs)
        ours, told = await asyncio.wait_for(both, SECONDS)
        return ours, told


@asynccontextmanager
async def joined(
    *,
    bound: int = 4,
    limits: Limits = PATIENT,
    start: bool = True,
    clients: Any = None,
    model: Any = None,
) -> AsyncIterator[Ends]:
    road, model, seen = Road(), model or FakeModel(), clients or Clients(keep=True)
    contract = replace(CONTRACT, buffer_size=bound)
    async with meet_by_calls(road, contract, model, seen, limits) as (ours, theirs):
        ends = Ends(road, ours, theirs, model, seen)
        if start:
            ours.start()
            await ends.calm()  # the hello has a call of its own
        yield ends
    assert not [t for t in threading.enumerate() if t.name == "link"]


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    async with joined() as both:
        yield both


async def test_what_a_call_brings_belongs_to_what_the_link_was_made_for() -> None:
    heard: list[tuple[str | None, str | None]] = []

    class Listening(Clients):
        def push(self, tick: Tick) -> None:
            heard.append((current_replica(), current_session()))
            super().push(tick)

    with working_at("1", lambda: "s"):
        road, contract = Road(), replace(CONTRACT, buffer_size=4)
        meeting = meet_by_calls(road, contract, FakeModel(), Listening(), PATIENT)
        ours, theirs = await meeting.__aenter__()
    try:
        ours.start()
        assert await asyncio.wait_for(theirs.push(batch(1), drop=True), SECONDS) == 1
        await until(lambda: heard)
    finally:
        await meeting.__aexit__(None, None, None)
    assert heard == [("1", "s")]
    assert current_replica() is None


async def test_calls_that_overlap_are_reordered_on_the_road_and_never_overlap_on_the_link() -> None:
    clients = Clients()
    road = Road(seconds=0.005)
    under_way, most = 0, 0

    async def counted(items: list[bytes], *arrays: Any) -> Granted:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await road.to_clients(items, *arrays)
        finally:
            under_way -= 1

    async with meet_by_calls(road, CONTRACT, FakeModel(), clients) as (ours, theirs):
        ours.start()
        await asyncio.gather(*(counted(encode(Said("a", {"n": n}))) for n in range(30)))
        numbers = [call[1].data["n"] for call in clients.calls]
        assert sorted(numbers) == list(range(30))
        assert numbers != sorted(numbers)
        clients.calls.clear()
        most = 0
        theirs._call = counted
        for n in range(30):
            theirs.post(Said("a", {"n": n}))
            await asyncio.sleep(0.001)
        await until(lambda: len(clients.calls) == 30)
        assert [call[1].data["n"] for call in clients.calls] == list(range(30))
        assert most == 1


async def test_ticks_that_are_admitted_together_are_one_call_and_one_array() -> None:
    async with joined(bound=8) as ends:
        await ends.push(*range(8))
        ticks = await ends.arrived(8)
        assert ends.road.calls == ["to clients"] * 2
        assert [level_of(tick) for tick in ticks] == list(range(8))
        whole = ticks[0].pictures["main"].base
        assert whole is not None
        assert all(tick.pictures["main"].base is whole for tick in ticks)


class Playing(Clients):
    """Clients that play each tick before the next one comes."""

    def __init__(self) -> None:
        super().__init__()
        self.link: ClientsEnd | None = None

    def push(self, tick: Tick) -> None:
        super().push(tick)
        assert self.link is not None
        self.link.grant(Grant(len(self.ticks), float("-inf"), 0.1, 0.4))


@pytest.mark.parametrize("bound", [1, 4])
async def test_a_model_at_its_pace_costs_one_call_a_tick_whose_reply_is_the_credit(
    bound: int,
) -> None:
    clients = Playing()
    async with joined(bound=bound, clients=clients) as ends:
        clients.link = ends.ours
        for level in range(50):
            await ends.push(level)
            await ends.arrived(level + 1)
        assert await ends.calm() == ["to clients"] * 51


async def test_a_batch_that_is_played_one_by_one_costs_two_calls() -> None:
    async with joined(bound=8) as ends:
        for turn in range(10):
            await ends.push(*range(8))
            await ends.arrived(8 * turn + 8)
            for _ in range(8):
                ends.play(1)
                await asyncio.sleep(0.001)
            assert await ends.calm() == ["to clients"] + ["to clients", "to model"] * (turn + 1)


async def test_what_a_waiting_push_is_granted_at_once_goes_in_one_call() -> None:
    async with joined(bound=8) as ends:
        pushing = asyncio.create_task(ends.push(*range(12)))
        await ends.arrived(8)
        before = await ends.calm()
        assert before.count("to clients") == 2
        ends.play(4)
        assert await pushing == 12
        later = {id(tick.pictures["main"].base) for tick in (await ends.arrived(12))[8:]}
        assert len(later) == 1
        assert await ends.calm() == [*before, "to model", "to clients"]
        assert ends.road.said == ["Hello", "Wants", "Admitted", "Wants", "Admitted"]


async def test_who_does_not_wait_is_told_of_all_room_at_once() -> None:
    async with joined(bound=8) as ends:
        await ends.push(*range(8), drop=True)
        await ends.arrived(8)
        await ends.calm()
        for played in range(1, 4):
            ends.play(1)
            assert (await ends.calm()).count("to model") == played
        assert await ends.push(8, 9, 10, 11, drop=True) == 3


async def test_room_of_which_a_smaller_batch_was_not_told_is_asked_for() -> None:
    async with joined(bound=8) as ends:
        await ends.push(*range(8))
        await ends.arrived(8)
        ends.play(3)
        await asyncio.sleep(0.01)
        assert "to model" not in ends.road.calls
        assert await ends.push(8, 9) == 2
        assert await ends.push(10, 11, drop=True) == 1


async def test_credits_are_known_by_the_last_word_whichever_comes_first(ends: Ends) -> None:
    soon, late, last = (
        Granted(number, 0, wait, 0.1, 0.0)
        for number, wait in ((9, -1.0), (8, 3600.0), (10, 3600.0))
    )
    ends.theirs.take(encode(soon))
    ends.theirs.take(encode(late))
    nothing = Batch(0)  # waits for its turn and says nothing
    assert await asyncio.wait_for(ends.theirs.push(nothing, drop=False), SECONDS) == 0
    ends.theirs.take(encode(last))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ends.theirs.push(nothing, drop=False), 0.02)


async def test_nothing_is_passed_on_before_the_start_and_nothing_is_lost() -> None:
    async with joined(start=False) as ends:
        await asyncio.wait_for(ends.ours.met(), SECONDS)
        await ends.push(1, 2)
        ends.theirs.post(Said("a", {}))
        ends.ours.deliver(SessionStarted("s"))
        await until(lambda: ends.model.delivered)
        await asyncio.sleep(0.01)
        assert ends.clients.calls == []
        ends.ours.start()
        await until(lambda: len(ends.clients.calls) == 3)
        assert [call[0] for call in ends.clients.calls] == ["push", "push", "receive"]


async def test_the_model_is_not_called_before_it_has_called() -> None:
    road = Road()
    ours = ClientsEnd(road.to_model, Clients(), limits=replace(LIMITS, beat=0.001))
    ours.start()
    ours.deliver(SessionStarted("s"))
    ours.feed(Feed("camera", np.zeros((6, 4), np.uint8)))
    ours.grant(Grant(1, 1.0, 0.1, 0.1))
    await asyncio.sleep(0.02)
    assert road.calls == []
    meeting = asyncio.create_task(ours.met())
    await asyncio.sleep(0)
    ours.close()
    with pytest.raises(PeerGone, match="closed at this end"):
        await meeting


async def test_a_close_is_told_after_all_that_was_said(ends: Ends) -> None:
    for number in range(20):
        ends.theirs.post(Said("a", {"n": number}))
    await asyncio.to_thread(ends.theirs.close)
    assert await ends.ended() == ("the other end is gone: it was closed", "closed at this end")
    assert [call[1].data["n"] for call in ends.clients.calls] == list(range(20))
    ends.theirs.close()


async def test_the_clients_end_tells_of_its_close(ends: Ends) -> None:
    await asyncio.wait_for(ends.ours.met(), SECONDS)
    ends.ours.deliver(SessionStarted("s"))
    ends.ours.close()
    ends.ours.close()
    assert await ends.ended() == ("closed at this end", "the other end is gone: it was closed")
    assert ends.model.delivered == [SessionStarted("s")]
    with pytest.raises(PeerGone, match=r"^it was closed"):
        await ends.ours.take([])
    with pytest.raises(PeerGone, match="the other end is gone"):
        ends.theirs.take([])


async def test_a_waiting_push_returns_soon_when_the_other_actor_has_died() -> None:
    """No call is under way then: the beat is what notices."""
    async with joined(limits=replace(LIMITS, beat=0.02)) as ends:
        pushing = asyncio.create_task(ends.push(*range(9)))
        await ends.arrived(4)
        ends.road.die()
        assert await pushing == 4
        assert await ends.ended() == ("the other end is gone: the actor has died",) * 2


async def test_an_actor_that_does_not_answer_is_given_up_at_the_deadline() -> None:
    async with joined(limits=replace(LIMITS, deadline=0.1, last_words=0.0)) as ends:
        pushing = asyncio.create_task(ends.push(*range(9)))
        await ends.arrived(4)
        ends.road.swallow()
        ends.theirs.post(Said("a", {}))
        ends.ours.deliver(SessionStarted("s"))
        assert await pushing == 4
        assert await ends.ended() == ("the other end is gone: it does not answer",) * 2


async def test_a_call_that_never_returns_does_not_hold_up_a_close() -> None:
    async with joined(limits=replace(PATIENT, last_words=0.05)) as ends:
        await asyncio.wait_for(ends.ours.met(), SECONDS)
        ends.road.swallow()
        ends.theirs.post(Said("a", {}))
        ends.ours.deliver(SessionStarted("s"))
        await until(lambda: "to model" in ends.road.calls)
        began = time.monotonic()
        ends.ours.close()
        await asyncio.to_thread(ends.theirs.close)
        assert time.monotonic() - began < 2.0
        assert await ends.ended() == ("closed at this end",) * 2


async def test_a_silent_link_lives() -> None:
    async with joined(limits=Limits(deadline=5.0, beat=0.01)) as ends:
        await until(lambda: len(ends.road.calls) > 20)
        assert set(ends.road.calls) == {"to clients", "to model"}
        assert not ends.ours.closed.done()
        assert ends.clients.calls == []


async def test_who_floods_the_clients_is_held_back_and_nothing_is_lost() -> None:
    async with joined(limits=replace(PATIENT, patience=2**18), start=False) as ends:

        def flood() -> None:
            for number in range(50):
                ends.theirs.post(Said("a", {"number": number, "text": "x" * 100_000}))

        flooding = asyncio.create_task(asyncio.to_thread(flood))
        await asyncio.sleep(0.05)
        assert not flooding.done()
        ends.ours.start()
        await asyncio.wait_for(flooding, SECONDS)
        await until(lambda: len(ends.clients.calls) == 50)
        assert [call[1].data["number"] for call in ends.clients.calls] == list(range(50))


async def test_who_is_held_back_is_released_by_the_end() -> None:
    async with joined(limits=replace(PATIENT, patience=0, last_words=0.0), start=False) as ends:

        def flood() -> None:
            for _ in range(9):
                ends.theirs.post(Said("a", {}))

        flooding = asyncio.create_task(asyncio.to_thread(flood))
        await asyncio.sleep(0.02)
        assert not flooding.done()
        ends.ours.close()
        await asyncio.wait_for(flooding, SECONDS)


async def test_a_model_that_has_stopped_listening_is_given_up() -> None:
    async with joined(limits=replace(PATIENT, give_up=2**18, last_words=0.0)) as ends:
        await asyncio.wait_for(ends.ours.met(), SECONDS)
        ends.road.swallow()
        for _ in range(10):
            ends.ours.deliver(SessionStarted("x" * 100_000))
        reason = await asyncio.wait_for(ends.ours.closed, SECONDS)
        assert reason == "the other end has stopped listening"


async def test_input_that_the_model_does_not_take_in_time_is_bounded() -> None:
    blocked, reached = threading.Event(), threading.Event()

    class Slow(FakeModel):
        def feed(self, frame: Feed) -> None:
            reached.set()
            blocked.wait()
            super().feed(frame)

    async with joined(model=Slow()) as ends:
        await asyncio.wait_for(ends.ours.met(), SECONDS)
        ends.ours.feed(Feed("camera", np.full((6, 4), 0, np.uint8), 0.0))
        await asyncio.to_thread(reached.wait)
        before = len(ends.road.calls)
        for number in range(1, 1000):
            ends.ours.feed(Feed("camera", np.full((6, 4), number % 256, np.uint8), float(number)))
        blocked.set()
        await until(lambda: ends.model.fed and ends.model.fed[-1].pts == 999.0)
        assert [frame.pts for frame in ends.model.fed[1:]] == list(range(1000 - CAPACITY, 1000))
        assert all(frame.data[0, 0] == frame.pts % 256 for frame in ends.model.fed)
        assert all(frame.data.flags.writeable for frame in ends.model.fed), "a copy of its own"
        assert len(ends.road.calls) - before == CAPACITY // FEEDS_PER_CALL


async def test_what_cannot_be_framed_is_its_speakers_error_and_nothing_else(ends: Ends) -> None:
    with pytest.raises(TypeError, match="cannot cross the link"):
        ends.theirs.post(Said("a", {"x": object()}))
    ends.theirs.post(Said("b", {}))
    await until(lambda: ends.clients.calls)
    assert ends.clients.calls == [("receive", Said("b", {}))]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (SessionStarted("towards the wrong end"), "unexpected type"),
        (Admitted(0, [AdmittedTick(0.0, [PlacedPicture("main", 6, 4)], [])]), "impossible tick"),
    ],
)
async def test_what_cannot_be_ends_the_link(ends: Ends, wrong: object, text: str) -> None:
    await asyncio.wait_for(ends.ours.met(), SECONDS)
    await ends.ours.take(encode(wrong))
    assert text in await asyncio.wait_for(ends.ours.closed, SECONDS)
    ends.theirs.take(encode(Said("towards the wrong end", {})))
    assert "unexpected type" in await asyncio.wrap_future(ends.theirs.closed)


async def test_an_error_at_one_end_is_logged_there_and_the_link_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Clumsy(Clients):
        def set_rate(self, fps: float) -> None:
            raise ZeroDivisionError

    async with joined(clients=Clumsy()) as ends:
        ends.theirs.set_rate(5.0)
        ends.theirs.post(Said("a", {}))
        await until(lambda: ends.clients.calls)
        assert "a Rate could not be dealt with" in caplog.text


async def test_pictures_are_read_only_and_stay_after_the_link(ends: Ends) -> None:
    await ends.push(7)
    (tick,) = await ends.arrived(1)
    with pytest.raises(ValueError, match="read-only"):
        tick.pictures["main"][0, 0] = 1
    await asyncio.to_thread(ends.theirs.close)
    assert level_of(tick) == 7


async def test_a_model_and_its_clients_are_served_by_calls() -> None:
    host, screen = ModelHost(lambda: program_of(Painter, {"easel": [48, 64]})), FakeScreen()
    transport = TransportHost(screen)
    contract = await asyncio.wait_for(asyncio.wrap_future(host.load()), SECONDS)
    road = Road(seconds=0.002)
    async with meet_by_calls(road, contract, host, transport) as (ours, theirs):
        transport.attach(ours, contract)
        ours.start()
        transport.start("s")
        anna = FakePeer("anna")
        transport.join(anna)
        ended = host.serve(theirs)
        await until(lambda: len(screen.ticks) > 40)
        transport.hear("anna", inbound.Command("1", "set_prompt", {"prompt": "rain"}))
        await until(lambda: Ack("1") in anna.told)
        await until(lambda: abs(int(screen.newest()[0, 0, 0]) - grey_of("rain")) < 3)
        ours.close()
        reason = await asyncio.wait_for(asyncio.wrap_future(theirs.closed), SECONDS)
        assert reason == "the other end is gone: it was closed"
        host.stop()
        await asyncio.wait_for(asyncio.wrap_future(ended), SECONDS)
        assert await asyncio.to_thread(host.close)
    await transport.close()
