from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reactor_actors.core import events as ev
from reactor_actors.core.session import State
from reactor_actors.core.wire import outbound
from tests.transports.http.site import RTC, Site, serving

NOTHING: list[dict[str, Any]] = [
    {},
    {"json": {}},
    {"data": b"", "headers": {"Content-Type": "application/octet-stream"}},
    {"data": b"  \n", "headers": {"Content-Type": "text/plain"}},
]


@pytest.mark.parametrize("nothing", NOTHING, ids=["none", "{}", "octet-stream", "spaces"])
async def test_an_absent_body_is_accepted_on_every_post(
    site: Site, nothing: dict[str, Any]
) -> None:
    assert (await site.post("/start_session", **nothing)).status == 200
    assert (await site.post(f"{RTC}/connections", **nothing)).status == 201
    assert (await site.post("/stop_session", **nothing)).status == 200


async def test_a_start_answers_with_the_descriptor(site: Site) -> None:
    answer = await site.post("/start_session", json={"extra_args": {"a": [1]}, "generation": None})

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.body["session_id"] == "local"
    assert answer.body["state"] == "WAITING"
    assert answer.body["server_info"] == {"server_version": "0.1.0"}


async def test_a_second_start_hands_out_the_running_session_whatever_its_state(site: Site) -> None:
    await site.started()
    for expected in (State.WAITING, State.STREAMING, State.ORPHANED):
        if expected is State.STREAMING:
            site.join("1002")
        if expected is State.ORPHANED:
            site.host.leave("1002")
        answer = await site.post("/start_session")
        assert (answer.status, answer.body["session_id"]) == (200, "local")
        assert answer.body["state"] == expected

    assert len([m for m in site.model.delivered if type(m).__name__ == "SessionStarted"]) == 1


async def test_a_start_while_a_model_restarts_inside_a_session_hands_it_out(session: Site) -> None:
    session.host.detach(ev.ModelLost())

    assert (await session.post("/start_session")).status == 200


async def test_a_start_while_the_model_loads_is_told_to_come_back() -> None:
    async with serving(load=False) as site:
        answer = await site.post("/start_session")

        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert "loading" in answer.detail


async def test_a_start_while_the_model_restarts_without_a_session_is_told_to_come_back(
    site: Site,
) -> None:
    site.host.detach(ev.ModelLost())
    answer = await site.post("/start_session")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_a_start_after_giving_up_is_not_told_to_come_back(site: Site) -> None:
    site.host.detach(ev.ModelGivenUp())
    answer = await site.post("/start_session")

    assert answer.status == 503
    assert "Retry-After" not in answer.headers


async def test_a_start_during_shutdown_is_not_told_to_come_back(session: Site) -> None:
    session.shut_down()
    session.wound_down()
    answer = await session.post("/start_session")

    assert answer.status == 503
    assert "Retry-After" not in answer.headers


async def test_a_start_while_a_session_closes_waits_and_succeeds(session: Site) -> None:
    await session.post("/stop_session")
    start = asyncio.create_task(session.post("/start_session"))
    assert (await session.get("/session")).status == 404
    assert not start.done()

    session.wound_down()
    answer = await start
    assert (answer.status, answer.body["state"]) == (200, "WAITING")


async def test_a_start_while_a_session_closes_for_too_long_is_told_to_come_back() -> None:
    async with serving(closing_seconds=0.02) as site:
        await site.started()
        await site.post("/stop_session")
        answer = await site.post("/start_session")

        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert site.host.state is State.CLOSING


async def test_looking_at_the_session_describes_it_and_changes_nothing(session: Site) -> None:
    last = session.record.journal.last
    started = (await session.post("/start_session")).body

    assert (await session.get("/session")).body == started
    assert session.record.journal.last == last


async def test_looking_at_no_session_is_404(site: Site) -> None:
    assert (await site.get("/session")).status == 404
    assert site.host.state is State.READY


async def test_a_stop_is_200_when_nothing_runs_and_when_it_closes_already(site: Site) -> None:
    assert (await site.post("/stop_session")).status == 200
    await site.started()
    assert (await site.post("/stop_session")).status == 200
    assert site.host.state is State.CLOSING
    assert (await site.post("/stop_session")).status == 200


async def test_a_stop_while_the_model_loads_is_200() -> None:
    async with serving(load=False) as site:
        assert (await site.post("/stop_session")).status == 200


async def test_a_stop_ends_the_session_for_every_client_and_tells_its_reason(
    session: Site,
) -> None:
    anna, ben = session.join("1002"), session.join("1003")

    assert (await session.post("/stop_session", json={"reason": "the show is over"})).status == 200
    assert anna.told == ben.told == [outbound.SessionEnded("the show is over")]
    session.wound_down()
    assert anna.closed
    assert ben.closed


async def test_a_stop_without_a_reason_says_stopped(session: Site) -> None:
    anna = session.join()
    await session.post("/stop_session", json={"reason": None})

    assert anna.told == [outbound.SessionEnded("stopped")]


@pytest.mark.parametrize("reason", ["", "x" * 65, 7, ["x"], "two\nlines"])
async def test_a_reason_that_cannot_be_told_is_400_and_stops_nothing(
    session: Site, reason: object
) -> None:
    assert (await session.post("/stop_session", json={"reason": reason})).status == 400
    assert session.host.state is State.WAITING


async def test_a_reason_of_64_characters_is_accepted(session: Site) -> None:
    anna = session.join()
    assert (await session.post("/stop_session", json={"reason": "ä" * 64})).status == 200
    assert anna.told == [outbound.SessionEnded("ä" * 64)]


async def test_a_stop_of_another_session_is_200_and_stops_nothing(session: Site) -> None:
    assert (await session.post("/stop_session", json={"session_id": "other"})).status == 200
    assert session.host.state is State.WAITING

    assert (await session.post("/stop_session", json={"session_id": "local"})).status == 200
    assert session.host.state is State.CLOSING
