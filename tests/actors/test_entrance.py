"""How a deployment is asked from afar: by when an answer has to be there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from reactor_actors.actors.entrance import Entrance, RayDoor, awaited
from reactor_actors.client.connection import AsyncConnection
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import PeerGone
from reactor_actors.core.guests import Welcome
from reactor_actors.core.media import Direction, Kind, Track

LATE = "the transport did not answer within"


class Hung:
    """A transport that takes calls and answers none of them, but those it has an answer for."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        return Method(self._answers.get(name))


class Method:
    """One method of such a transport, to be called as Ray's are."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def remote(self, *_: Any) -> asyncio.Future[Any]:
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._answer is not None:
            answered.set_result(self._answer)
        return answered


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactor_actors.actors.entrance.ANSWER_SECONDS", 0.05)


@pytest.mark.parametrize(
    "ask",
    [
        lambda door: door.join("", 0.0),
        lambda door: door.news("guest-1", 0.0),
        lambda door: door.say("guest-1", []),
        lambda door: door.feed("guest-1", []),
        lambda door: door.newest("guest-1", "main", 0, 0.0),
        lambda door: door.watch("guest-1", ["main"], 4),
        lambda door: door.watched("guest-1", 1, 0.0),
        lambda door: door.unwatch("guest-1", 1),
        lambda door: door.upload("guest-1", "a.txt", b"bytes", "text/plain"),
        lambda door: door.leave("guest-1"),
    ],
)
async def test_nothing_is_asked_of_a_door_for_ever(
    ask: Callable[[RayDoor], Coroutine[Any, Any, Any]],
) -> None:
    with pytest.raises(PeerGone, match=LATE):
        await asyncio.wait_for(ask(RayDoor(Hung())), 5.0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda entrance: entrance.astatus(),
        lambda entrance: entrance.adrain(0.0),
        lambda entrance: entrance.asubscribe(print),
        lambda entrance: entrance.aconnect(timeout=0.0),
    ],
)
async def test_nothing_is_asked_of_an_entrance_for_ever(
    ask: Callable[[Entrance], Coroutine[Any, Any, Any]],
) -> None:
    with pytest.raises(PeerGone, match=LATE):
        await asyncio.wait_for(ask(Entrance(Hung())), 5.0)


async def test_a_picture_of_a_transport_that_hangs_is_not_waited_for() -> None:
    track = Track("main", Kind.VIDEO, Direction.OUT)
    welcome = Welcome("guest-1", "local", "0", Contract("model", tracks=(track,)))
    connection = await Entrance(Hung(guest_join=welcome)).aconnect(timeout=0.0)
    assert isinstance(connection, AsyncConnection)
    with pytest.raises(PeerGone):
        await asyncio.wait_for(connection.frame(timeout=0.0), 5.0)
    await connection.close()


async def test_what_the_transport_itself_may_take_is_added() -> None:
    with pytest.raises(PeerGone, match=r"within 0\.1 s"):
        await awaited(asyncio.Event().wait(), 0.05)


async def test_a_timeout_that_was_the_answer_is_passed_on() -> None:
    async def answer() -> None:
        raise TimeoutError("the transport's own")

    with pytest.raises(TimeoutError, match="the transport's own"):
        await awaited(answer())
