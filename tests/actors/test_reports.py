"""What a process tells of its venues: in order, facts only when they differ, and that it lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from reactor_actors.actors.reports import BOUND, COMMAND_SECONDS, Report, Reporter
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import PeerGone
from reactor_actors.core.events import Note
from reactor_actors.core.media import Tick
from reactor_actors.core.session import State
from reactor_actors.transports.room import Facts
from reactor_actors.transports.settings import VenueSettings
from reactor_actors.transports.uploads import Uploads
from reactor_actors.transports.venue import Venue
from tests.fakes import FakeModel, run_virtually
from tests.local import eventually


class Ingress:
    """Takes reports, each call in so many `seconds`; `gone` ends that."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.calls: list[list[Report]] = []
        self.seconds = seconds
        self.gone = False

    async def take(self, reports: list[Report]) -> None:
        await asyncio.sleep(self.seconds)
        if self.gone:
            raise PeerGone("the ingress is dead")
        self.calls.append(reports)

    @property
    def reports(self) -> list[Report]:
        return [report for call in self.calls for report in call]


@asynccontextmanager
async def told(ingress: Ingress) -> AsyncIterator[Reporter]:
    reporter = Reporter(ingress.take)
    running = asyncio.ensure_future(reporter.run())
    yield reporter
    reporter.close()
    await running


def test_reports_go_in_order_those_that_waited_together_and_facts_only_when_they_differ() -> None:
    async def main() -> None:
        ingress = Ingress(0.1)
        created, ready = Facts(), Facts(State.READY, contract=Contract("m"))
        async with told(ingress) as reporter:
            reporter.note("0", Note("first"), created)
            await asyncio.sleep(0.05)
            reporter.note("0", Note("second"), created)
            reporter.note("1", Note("third"), created)
            reporter.note("0", Note("fourth"), ready)
            assert reporter.told == 4
        first, second = ingress.calls
        assert first == [Report("0", Note("first"), created)]
        assert second == [
            Report("0", Note("second")),
            Report("1", Note("third"), created),
            Report("0", Note("fourth"), ready),
        ]

    run_virtually(main())


def test_notes_of_commands_wait_for_each_other_and_overtake_nothing() -> None:
    async def main() -> None:
        ingress = Ingress()
        async with told(ingress) as reporter:
            reporter.note("0", Note("transition"), Facts())
            for number in range(3):
                reporter.note("0", Note("command", {"number": number}), Facts())
                await asyncio.sleep(0.05)
            assert [len(call) for call in ingress.calls] == [1]
            await asyncio.sleep(COMMAND_SECONDS)
            assert [len(call) for call in ingress.calls] == [1, 3]
            reporter.note("0", Note("command"), Facts())
            reporter.note("0", Note("session_ended"), Facts())
            await asyncio.sleep(0.0)
            assert reporter.told == 6
            reporter.note("0", Note("command"), Facts())
            await asyncio.sleep(2 * COMMAND_SECONDS)
            assert reporter.told == 7
            reporter.note("0", Note("command"), Facts())
        kinds = [report.note.kind for report in ingress.reports if report.note]
        assert kinds == ["transition", *["command"] * 4, "session_ended", "command", "command"]

    run_virtually(main())


def test_an_ingress_that_takes_nothing_for_too_long_counts_as_gone() -> None:
    async def main() -> None:
        reporter = Reporter(Ingress(3600.0).take)
        running = asyncio.ensure_future(reporter.run())
        reporter.note("0", Note("under way"), Facts())
        await asyncio.sleep(1.0)
        for _ in range(BOUND):
            reporter.note("0", Note("one"), Facts())
        assert reporter.told == BOUND + 1
        reporter.note("0", Note("too many"), Facts())
        assert reporter.told == BOUND + 1
        await running

    run_virtually(main())


def test_the_death_of_the_ingress_ends_the_telling() -> None:
    async def main() -> None:
        ingress = Ingress()
        ingress.gone = True
        reporter = Reporter(ingress.take)
        running = asyncio.ensure_future(reporter.run())
        reporter.note("0", Note("one"), Facts())
        with pytest.raises(PeerGone):
            await running

    run_virtually(main())


async def test_vitals_follow_every_second_with_all_that_was_done_so_far() -> None:
    ingress = Ingress()
    async with told(ingress) as reporter:
        venue = Venue(
            "0",
            VenueSettings(),
            uploads=Uploads(),
            journal=lambda note: None,
        )
        reporter.follow(venue)
        venue.attach(FakeModel(), Contract("m"), 0.1)
        for turn in (0.03, 0.04):
            venue.host.push(Tick(0, turn=turn))
        assert venue.status().waiting == 2
        await eventually(lambda: len(ingress.reports) == 2)
        vitals = [report.vitals for report in ingress.reports if report.vitals is not None]
        assert [v.figures.turns.total for v in vitals] == pytest.approx([0.07, 0.07])
        assert sum(vitals[1].lag.counts) > sum(vitals[0].lag.counts) == 0
        assert vitals[0].status.state is State.READY
        await venue.close()
    assert ingress.reports[-1].vitals is not None
