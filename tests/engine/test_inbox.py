from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from reactor_actors.core.messages import (
    ClientJoined,
    ClientLeft,
    CommandRequested,
    SessionStarted,
    SessionStopped,
    ToModel,
)
from reactor_actors.engine.inbox import Inbox


def command(number: int, name: str = "move", client: str = "anna", x: int = 0) -> CommandRequested:
    return CommandRequested(number, client, name, {"x": x})


def filled(*messages: ToModel, dedupe: tuple[str, ...] = ("move",)) -> Inbox:
    inbox = Inbox(frozenset(dedupe))
    for message in messages:
        inbox.put(message)
    return inbox


async def everything(inbox: Inbox, count: int) -> list[Any]:
    taken = []
    for _ in range(count):
        await inbox.ready()
        taken.append(inbox.take())
        inbox.done()
    return taken


async def test_messages_come_out_as_they_went_in() -> None:
    messages = [SessionStarted("s"), ClientJoined("anna", 1.0), command(1), ClientLeft("anna")]
    inbox = filled(*messages, dedupe=())
    assert await everything(inbox, 4) == [(message, []) for message in messages]


async def test_five_of_one_client_collapse_into_the_first_place_with_the_last_payload() -> None:
    inbox = filled(*(command(n, x=n) for n in range(1, 6)), ClientLeft("bert"))
    assert await everything(inbox, 2) == [
        (command(1, x=5), [2, 3, 4, 5]),
        (ClientLeft("bert"), []),
    ]


async def test_other_clients_and_other_commands_stay() -> None:
    inbox = filled(
        command(1),
        command(2, client="bert"),
        command(3, "jump"),
        command(4, x=9),
        command(5, "jump"),
    )
    assert await everything(inbox, 4) == [
        (command(1, x=9), [4]),
        (command(2, client="bert"), []),
        (command(3, "jump"), []),
        (command(5, "jump"), []),
    ]


async def test_a_collapsed_command_brings_the_last_files() -> None:
    last = CommandRequested(2, "anna", "move", {}, {"u": "file"})  # type: ignore[dict-item]
    inbox = filled(CommandRequested(1, "anna", "move", {}), last)
    message, needless = inbox.take()
    assert isinstance(message, CommandRequested)
    assert (message.number, message.files, needless) == (1, {"u": "file"}, [2])


@pytest.mark.parametrize("last", [ClientLeft("bert"), SessionStopped("s")])
def test_it_is_foreseen_that_nobody_will_be_left(last: ToModel) -> None:
    inbox = filled(ClientJoined("anna", 0), ClientJoined("bert", 0), ClientLeft("anna"))
    assert not inbox.emptying
    inbox.put(last)
    assert inbox.emptying
    inbox.put(ClientJoined("cleo", 0))
    for _ in range(3):
        inbox.take()
        assert inbox.emptying
    inbox.take()
    assert not inbox.emptying


def test_a_stop_without_clients_empties_nothing() -> None:
    assert not filled(SessionStarted("s"), SessionStopped("s")).emptying


async def test_settled_waits_for_what_was_queued_and_for_no_more() -> None:
    inbox = filled(command(1, "jump"), command(2, "jump"))
    waiting = asyncio.create_task(inbox.settled())
    await asyncio.sleep(0)
    inbox.put(command(3, "jump"))
    for left in (True, False):
        inbox.take()
        await asyncio.sleep(0)
        assert not waiting.done()
        inbox.done()
        assert left or await asyncio.wait_for(waiting, 5) is None


async def test_settled_is_not_deceived_by_a_collapse() -> None:
    inbox = filled(command(1), command(2, "jump"))
    waiting = asyncio.create_task(inbox.settled())
    await asyncio.sleep(0)
    inbox.put(command(3))
    inbox.take()
    inbox.done()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    inbox.take()
    inbox.done()
    await asyncio.wait_for(waiting, 5)


async def test_an_empty_inbox_is_settled() -> None:
    await asyncio.wait_for(Inbox(frozenset()).settled(), 5)


async def test_another_thread_fills_while_commands_collapse() -> None:
    inbox, count = Inbox(frozenset({"move"})), 3000

    def fill() -> None:
        for number in range(count):
            inbox.put(command(number, client=f"client {number % 40}", x=number))

    thread = threading.Thread(target=fill)
    thread.start()
    answered: list[int] = []
    while len(answered) < count:
        await asyncio.wait_for(inbox.ready(), 5)
        message, needless = inbox.take()
        assert isinstance(message, CommandRequested)
        answered += [message.number, *needless]
        inbox.done()
    thread.join()
    assert sorted(answered) == list(range(count))
