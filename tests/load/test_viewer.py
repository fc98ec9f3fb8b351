"""One viewer, in front of servers that do not do what they should."""

from __future__ import annotations

import time

from reactor_actors.load.plan import Plan, Report, Trouble
from reactor_actors.load.viewer import Viewer
from tests.transports.http.site import Site, serving


async def troubles(site: Site, **more: float) -> list[str]:
    """Let a viewer visit; return what it has to complain of."""
    reports: list[Report] = []
    now = time.monotonic()
    plan = Plan(str(site.url("/")), 1, start=now, end=now + 5.0, **more)
    await Viewer(0, plan, reports.append).visit()
    return [report.reason for report in reports if isinstance(report, Trouble)]


async def test_a_connection_that_does_not_come_about_is_told_of() -> None:
    async with serving() as site:
        assert await troubles(site, patience=0.3) == [
            "no connection within 0.3 s: does UDP reach the server?"
        ]


async def test_an_answer_that_cannot_be_read_is_told_of_in_one_line() -> None:
    async with serving() as site:
        site.signalling.settle(1002, "v=0 nothing else")
        (told,) = await troubles(site)
        assert "\n" not in told
        assert told


async def test_a_server_that_still_loads_is_told_of() -> None:
    async with serving(load=False) as site:
        assert await troubles(site) == ["The model is loading."]
