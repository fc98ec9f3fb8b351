"""The thread behind a blocking connection, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from reactor_actors.client.blocking import Background, Connection
from reactor_actors.client.connection import AsyncConnection
from reactor_actors.core.errors import PeerGone
from tests.client.test_connection import Porter

SECONDS = 10.0


@pytest.fixture
def others() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def begin(others: ThreadPoolExecutor, background: Background) -> Future[bool]:
    """Have another thread wait for what never comes; return when it does."""
    begun = threading.Event()

    async def wait() -> bool:
        begun.set()
        return await asyncio.Event().wait()

    waiting = others.submit(lambda: background.run(wait()))
    assert begun.wait(SECONDS)
    return waiting


def ended(name: str) -> bool:
    threads = [thread for thread in threading.enumerate() if thread.name == name]
    for thread in threads:
        thread.join(SECONDS)
    return not any(thread.is_alive() for thread in threads)


def test_who_waits_on_another_thread_is_told_that_it_is_closed(others: ThreadPoolExecutor) -> None:
    background = Background("told")
    waiting = begin(others, background)
    background.close()
    with pytest.raises(PeerGone, match="closed"):
        waiting.result(SECONDS)
    assert ended("told")


def test_what_is_asked_while_it_closes_is_refused(others: ThreadPoolExecutor) -> None:
    background = Background("refusing")
    begun, release = threading.Event(), threading.Event()

    async def last() -> None:
        begun.set()
        await asyncio.to_thread(release.wait, SECONDS)

    closing = others.submit(lambda: background.close(last()))
    assert begun.wait(SECONDS)
    for _ in range(3):
        with pytest.raises(PeerGone, match="closed"):
            background.run(asyncio.sleep(0))
    release.set()
    closing.result(SECONDS)
    background.close()
    assert ended("refusing")


def test_it_can_be_closed_from_its_own_thread(others: ThreadPoolExecutor) -> None:
    background = Background("own")
    waiting = begin(others, background)
    done = threading.Event()

    async def last() -> None:
        done.set()

    async def finalize() -> None:
        background.close(last())

    background.run(finalize())
    assert done.wait(SECONDS)
    with pytest.raises(PeerGone):
        waiting.result(SECONDS)
    assert ended("own")


def test_a_connection_leaves_when_it_is_closed_and_whoever_waits_is_told(
    others: ThreadPoolExecutor,
) -> None:
    porter = Porter()
    connection = Connection(lambda: AsyncConnection.open(porter))
    waiting = others.submit(connection.message)
    connection.close()
    assert porter.left
    for asked in (lambda: waiting.result(SECONDS), connection.message):
        with pytest.raises(PeerGone, match="closed"):
            asked()


def test_a_connection_that_is_forgotten_leaves() -> None:
    porter = Porter()
    connection = Connection(lambda: AsyncConnection.open(porter))
    del connection
    gc.collect()
    assert porter.left
