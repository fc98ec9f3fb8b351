from __future__ import annotations

import asyncio
import json

import pytest

from reactor_actors.core.errors import ClientError
from reactor_actors.core.events import Note
from reactor_actors.transports.http.journal import BATCH, ENTRIES, READERS, Entry, Journal
from tests.fakes import ManualClock


def filled(count: int) -> Journal:
    journal = Journal()
    for number in range(count):
        journal.write(Note("error", {"message": str(number)}))
    return journal


async def everything(journal: Journal, since: int | None) -> list[Entry]:
    journal.close()
    found: list[Entry] = []
    with journal.reader(since) as reader:
        while news := await reader.news(1):
            found += news
    return found


async def test_entries_are_numbered_from_one() -> None:
    journal = filled(3)

    assert [entry.seq for entry in await everything(journal, 0)] == [1, 2, 3]
    assert journal.last == 3


def test_an_entry_is_an_event_with_its_facts() -> None:
    journal = Journal(ManualClock(12.5))
    journal.write(Note("session_ended", {"reason": "a\nb"}, "local"))
    (entry,) = journal.after(0)
    id_line, kind_line, data_line, *rest = entry.event().split("\n")

    assert (id_line, kind_line, rest) == ("id: 1", "event: session_ended", ["", ""])
    assert json.loads(data_line.removeprefix("data: ")) == {
        "seq": 1, "ts": 12.5, "kind": "session_ended", "session_id": "local", "reason": "a\nb",
    }  # fmt: skip


def test_what_readers_do_not_know_is_not_entered() -> None:
    journal = Journal()
    journal.write(Note("ignored", {"event": "Stop"}))

    assert journal.last == 0


def test_a_fact_costs_little_whatever_a_client_put_into_it() -> None:
    journal = Journal()
    journal.write(Note("command", {"name": "x" * 10**6, "outcome": "ok"}))

    assert len(journal.after(0)[0].event()) < 1000


async def test_the_oldest_entries_give_way_and_the_jump_shows() -> None:
    found = [entry.seq for entry in await everything(filled(ENTRIES + 10), 5)]

    assert found == list(range(11, ENTRIES + 11))


async def test_a_batch_is_bounded() -> None:
    with filled(1000).reader(0) as reader:
        assert [len(await reader.news(1) or []) for _ in range(4)] == [BATCH, BATCH, BATCH, 232]


@pytest.mark.parametrize(("since", "first"), [(None, None), (0, 1), (1, 2), (3, None), (99, 1)])
async def test_a_reader_begins_where_it_left_off(since: int | None, first: int | None) -> None:
    found = await everything(filled(3), since)

    assert (found[0].seq if found else None) == first


async def test_a_reader_is_woken_by_what_happens() -> None:
    journal = Journal()
    with journal.reader() as reader:
        news = asyncio.create_task(reader.news(5))
        await asyncio.sleep(0)
        journal.write(Note("error"))
        assert [entry.seq for entry in await news or []] == [1]


async def test_a_reader_learns_of_silence_and_of_the_end() -> None:
    journal = Journal()
    with journal.reader() as reader:
        assert await reader.news(0.01) == []
        news = asyncio.create_task(reader.news(5))
        await asyncio.sleep(0)
        journal.close()
        assert await news is None


async def test_readers_are_counted_while_they_read() -> None:
    journal = Journal()
    readers = [journal.reader() for _ in range(READERS)]
    for reader in readers:
        reader.__enter__()
    with pytest.raises(ClientError), journal.reader():
        pass
    readers[0].__exit__(None, None, None)
    with journal.reader():
        pass
