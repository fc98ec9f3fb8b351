from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from reactor_actors.core import events as ev
from reactor_actors.core.schema import openapi
from tests.transports.http.site import CONTRACT, SECONDS, Site, serving


def health_body(state: str, *, status: str = "healthy", detail: str = "", free: int = 0) -> Any:
    replicas = {"total": 1, "free": free}
    return {
        "status": status, "state": state, "model": "paint", "detail": detail, "replicas": replicas,
    }  # fmt: skip


class Events:
    """A stream of server-sent events that is being read."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def block(self) -> dict[str, str]:
        """Return the fields of the next event or, under "", the text of the next comment."""
        async with asyncio.timeout(SECONDS):
            raw = (await self._reader.readuntil(b"\n\n")).decode()
        return dict(line.split(": ", 1) for line in raw.strip().splitlines())

    async def next(self) -> dict[str, Any]:
        """Return the data of the next event, past comments."""
        while "" in (block := await self.block()):
            pass
        data: dict[str, Any] = json.loads(block["data"])
        assert (block["id"], block["event"]) == (str(data["seq"]), data["kind"])
        return data


@asynccontextmanager
async def following(site: Site, query: str = "", header: str = "") -> AsyncIterator[Events]:
    async with site.connected() as (reader, writer):
        # HTTP/1.0, so that the stream comes as it is and not in chunks.
        writer.write(f"GET /events{query} HTTP/1.0\r\nHost: x\r\n{header}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert head.splitlines()[0].split()[1] == "200"
        assert "Content-Type: text/event-stream" in head
        assert "Access-Control-Allow-Origin: *" in head
        events = Events(reader)
        assert "" in await events.block()
        yield events


async def test_health_answers_from_the_moment_the_port_is_open() -> None:
    async with serving(load=False) as site:
        answer = await site.get("/health")

        assert (answer.status, answer.body) == (200, health_body("loading"))


async def test_health_follows_the_session(site: Site) -> None:
    assert (await site.get("/health")).body == health_body("available", free=1)
    await site.started()
    assert (await site.get("/health")).body == health_body("serving")
    site.join()
    assert (await site.get("/health")).body == health_body("serving")
    await site.post("/stop_session")
    assert (await site.get("/health")).body == health_body("serving")
    site.wound_down()
    assert (await site.get("/health")).body == health_body("available", free=1)


async def test_a_restart_is_healthy_and_shows_its_attempt(session: Site) -> None:
    session.host.detach(ev.ModelLost(attempt=2, max_attempts=3))
    answer = await session.get("/health")
    assert (answer.status, answer.body) == (200, health_body("loading", detail="restart 2 of 3"))

    session.load()
    assert (await session.get("/health")).body == health_body("serving")


@pytest.mark.parametrize("load", [True, False])
async def test_only_a_model_given_up_is_unhealthy(load: bool) -> None:
    async with serving(load=load) as site:
        site.host.detach(ev.ModelGivenUp())
        answer = await site.get("/health")

        assert answer.status == 503
        detail = answer.body["detail"]
        assert detail
        assert answer.body == health_body("terminated", status="unhealthy", detail=detail)


async def test_a_server_that_shuts_down_is_not_ill(site: Site) -> None:
    site.shut_down()
    answer = await site.get("/health")

    assert (answer.status, answer.body) == (200, health_body("terminated"))


async def test_the_schema_is_the_valid_document_of_the_model_with_and_without_a_session(
    site: Site,
) -> None:
    before = await site.get("/schema")
    await site.started()
    after = await site.get("/schema")

    assert before.status == after.status == 200
    assert before.body == after.body == openapi(CONTRACT)
    validate(before.body)


async def test_the_schema_has_to_be_waited_for_while_the_model_loads() -> None:
    async with serving(load=False) as site:
        answer = await site.get("/schema")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")

        site.host.detach(ev.ModelGivenUp())
        answer = await site.get("/schema")
        assert answer.status == 503
        assert "Retry-After" not in answer.headers


async def test_metrics_are_prometheus_text_and_count_what_happened(session: Site) -> None:
    session.join("1002")
    session.join("1003")
    session.host.leave("1003")
    await session.post("/stop_session")
    session.wound_down()
    answer = await session.get("/metrics")
    found = {
        sample.name: sample
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }

    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert found["runtime_sessions_total"].labels == {"reason": "stopped"}
    assert found["runtime_connections_opened_total"].value == 2
    assert found["runtime_connections_active"].value == 0
    assert found["runtime_info"].labels == {"model": "paint", "version": "0.1.0"}


async def test_events_come_as_they_happen(site: Site) -> None:
    async with following(site) as events:
        await site.started()
        site.join("1002")
        site.host.leave("1002", "silent")
        await site.post("/stop_session", json={"reason": "enough"})
        site.wound_down()
        seen = [await events.next() for _ in range(9)]

    assert [(e["kind"], e.get("from"), e.get("to"), e.get("reason")) for e in seen] == [
        ("transition", "READY", "WAITING", None),
        ("session_started", None, None, None),
        ("transition", "WAITING", "STREAMING", None),
        ("connection_opened", None, None, None),
        ("transition", "STREAMING", "ORPHANED", None),
        ("connection_closed", None, None, "silent"),
        ("session_ended", None, None, "enough"),
        ("transition", "ORPHANED", "CLOSING", None),
        ("transition", "CLOSING", "READY", None),
    ]
    assert {e["session_id"] for e in seen} == {"local"}
    assert [e["seq"] for e in seen] == list(range(seen[0]["seq"], seen[0]["seq"] + 9))


async def test_events_are_replayed_from_since_or_from_the_last_one_seen(session: Site) -> None:
    last = session.record.journal.last
    for query, header, first in (
        ("?since=0", "", 1),
        (f"?since={last - 1}", "", last),
        ("", f"Last-Event-ID: {last - 2}\r\n", last - 1),
        ("?since=0", f"Last-Event-ID: {last - 1}\r\n", last),
        (f"?since={last + 1000}", "", 1),
    ):
        async with following(session, query, header) as events:
            assert [(await events.next())["seq"] for _ in range(first, last + 1)] == list(
                range(first, last + 1)
            )


async def test_a_replay_goes_on_with_what_happens_without_a_gap(session: Site) -> None:
    async with following(session, "?since=0") as events:
        for number in range(3000):
            session.host.detach(ev.ModelLost(attempt=number))
        last = session.record.journal.last
        seen = [(await events.next())["seq"] for _ in range(last)]

    assert seen == list(range(1, last + 1))


@pytest.mark.parametrize("since", ["x", "-1", "1.5", "9" * 30])
async def test_a_place_that_is_no_number_is_422(site: Site, since: str) -> None:
    assert (await site.get(f"/events?since={since}")).status == 422


async def test_silence_is_filled_with_comments() -> None:
    async with serving(comment_seconds=0.01) as site, following(site) as events:
        assert [list(await events.block()) for _ in range(3)] == [[""]] * 3


async def test_a_reader_that_stops_reading_misses_events_and_costs_no_memory(site: Site) -> None:
    fat = {str(number): "x" * 1000 for number in range(20)}
    async with following(site) as events:
        for _ in range(200):
            for _ in range(50):
                site.record(ev.Note("error", fat))
            await site.get("/health")
        last = site.record.journal.last
        seen = [(await events.next())["seq"]]
        while seen[-1] < last:
            seen.append((await events.next())["seq"])

    jumps = [after - before for before, after in itertools.pairwise(seen)]
    assert max(jumps) > 1, "everything was kept for it"
    assert min(jumps) > 0
    assert seen[-1] == last


async def test_there_is_a_bound_on_readers(site: Site) -> None:
    async with asyncio.timeout(SECONDS):
        readers = [await asyncio.open_connection("127.0.0.1", site.server.port) for _ in range(64)]
        for reader, writer in readers:
            writer.write(b"GET /events HTTP/1.0\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
        refused = await site.get("/events")
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")

        for _, writer in readers:
            writer.close()
            await writer.wait_closed()
        async with following(site):
            pass
