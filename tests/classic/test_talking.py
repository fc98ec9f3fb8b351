"""A generation 1 model and its clients: commands and messages, from end to end."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import numpy as np
import pytest

from reactor_actors.classic import command, get_ctx
from reactor_actors.classic.config import Config
from reactor_actors.core.session import State
from reactor_actors.core.wire import outbound
from reactor_actors.interface import CommandError
from tests.classic.models import Waiter
from tests.local import serving
from tests.pictures import number_of, picture


class Talker(Waiter):
    """Answers in every shape there is."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.seen: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    @command("say")
    def say(self, value: Any) -> Any:
        return value

    @command("fail")
    def fail(self, how: str) -> None:
        raise {
            "error": ValueError("secret"),
            "exit": SystemExit("secret"),
            "interrupt": KeyboardInterrupt("secret"),
            "stop": StopIteration("secret"),
            "cancel": asyncio.CancelledError("secret"),
            "refuse": CommandError("too_late", "come back tomorrow"),
        }[how]

    @command("fail_async")
    async def fail_async(self, how: str) -> None:
        await asyncio.sleep(0)
        self.fail(how)

    @command("slow")
    async def slow(self, name: str) -> str:
        self.seen.append(f"{name} begins")
        self.gate = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        await self.gate.wait()
        self.seen.append(f"{name} ends")
        return name

    @command("quick")
    def quick(self, name: str) -> None:
        self.seen.append(name)

    @command("background")
    async def background(self, how: str) -> None:
        async def later() -> None:
            await asyncio.sleep(0)
            get_ctx().send({"type": "later"})
            if how == "exit":
                sys.exit("from the background")

        self.task = asyncio.create_task(later())

    @command("tell")
    def tell(self, message: dict[str, Any]) -> None:
        get_ctx().send(message)

    @command("emit")
    def emit(self) -> None:
        get_ctx().get_track().emit(picture(33))


@pytest.mark.parametrize(
    ("value", "kind", "data", "flat"),
    [
        ({"type": "done", "data": {"n": 1}}, "done", {"n": 1}, False),
        ({"type": "done", "n": 1}, "done", {"n": 1}, True),
        ({"n": 1}, "say", {"n": 1}, False),
        ({}, "say", {}, False),
        ([1, 2], "say", {"result": [1, 2]}, False),
        (0, "say", {"result": 0}, False),
    ],
)
async def test_what_a_command_returns_goes_to_its_caller_alone(
    value: Any, kind: str, data: dict[str, Any], flat: bool
) -> None:
    async with serving(Talker) as local:
        anna, bert = local.join("anna"), local.join("bert")
        assert await anna.ask("say", value=value) == outbound.Reply(
            "anna-1", "say", kind, data, flat
        )
        await bert.ask("quick", name="settled")
        assert bert.messages == []


class Quieter(Talker):
    """Writes two commands of its parent anew, one of them as a command."""

    def say(self, value: Any) -> str:
        return "undecorated"

    @command("quick")
    def rush(self, name: str) -> str:
        return "decorated"


async def test_a_command_that_is_written_anew_without_its_decorator_stays_the_parents() -> None:
    async with serving(Quieter) as local:
        anna = local.join("anna")
        assert await anna.ask("say", value=3) == outbound.Reply(
            "anna-1", "say", "say", {"result": 3}
        )
        answer = await anna.ask("quick", name="x")
        assert answer == outbound.Reply("anna-2", "quick", "quick", {"result": "decorated"})


async def test_a_command_that_returns_nothing_is_acknowledged() -> None:
    async with serving(Talker) as local:
        assert await local.join("anna").ask("say", value=None) == outbound.Ack("anna-1")


@pytest.mark.parametrize("name", ["fail", "fail_async"])
@pytest.mark.parametrize("how", ["error", "exit", "interrupt", "stop", "cancel"])
async def test_a_command_that_fails_ends_nothing_and_tells_no_secret(
    name: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Talker) as local:
        anna, bert = local.join("anna"), local.join("bert")
        failure = await anna.ask(name, how=how)
        assert isinstance(failure, outbound.Failure)
        assert (failure.code, "secret" in failure.message) == ("internal_error", False)
        assert await anna.ask("quick", name="next") == outbound.Ack("anna-2")
        assert await bert.ask("quick", name="other") == outbound.Ack("bert-1")
        assert local.transport.state is State.STREAMING
        assert not local.ended.done()
    assert f"the handler of {name!r} failed; its caller is told so" in caplog.text


async def test_a_command_may_be_refused_by_the_model_or_by_what_it_takes() -> None:
    async with serving(Talker) as local:
        anna = local.join("anna")
        refused = [
            await anna.ask("fail", how="refuse"),
            await anna.ask("fail", how=3),
            await anna.ask("gone"),
            await anna.ask("quick", name="x", more=1),
        ]
        assert [(r.code, r.message) for r in refused if isinstance(r, outbound.Failure)] == [
            ("too_late", "come back tomorrow"),
            ("invalid_command", "how: expected string; got 3"),
            ("invalid_command", "unknown command 'gone'"),
            ("invalid_command", "payload: unknown argument 'more'; known are: 'name'"),
        ]


async def test_a_value_that_json_cannot_say_is_a_failure_of_the_model() -> None:
    class Unsayable(Waiter):
        @command("go")
        def go(self) -> Any:
            return {"x": np.zeros(3)}

    async with serving(Unsayable) as local:
        failure = await local.join("anna").ask("go")
        assert isinstance(failure, outbound.Failure)
        assert failure.code == "internal_error"


async def test_commands_run_one_at_a_time_in_order_of_arrival() -> None:
    async with serving(Talker) as local:
        anna, bert = local.join("anna"), local.join("bert")
        anna.send("slow", name="slow")
        for number in range(3):
            bert.send("quick", name=f"bert {number}")
            anna.send("quick", name=f"anna {number}")
        await local.eventually(lambda: local.model.seen)
        local.model.loop.call_soon_threadsafe(local.model.gate.set)
        await anna.ask("quick", name="last")
        others = [f"{who} {number}" for number in range(3) for who in ("bert", "anna")]
        assert local.model.seen == ["slow begins", "slow ends", *others, "last"]


async def test_a_client_that_comes_or_goes_waits_for_no_command() -> None:
    async with serving(Talker) as local:
        anna = local.join("anna")
        anna.send("slow", name="slow")
        await local.eventually(lambda: local.model.seen)
        context = local.model.contexts[0]
        anna.leave()
        await local.eventually(lambda: not context.is_media_configured)
        local.join("bert")
        await local.eventually(lambda: context.is_media_configured)
        local.model.loop.call_soon_threadsafe(local.model.gate.set)


async def test_what_a_handler_leaves_in_the_background_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(Talker) as local:
        anna = local.join("anna")
        await anna.ask("background", how="well")
        assert await anna.heard("later") == {}
        await anna.ask("background", how="exit")
        await local.eventually(lambda: "from the background" in caplog.text)
        assert await anna.ask("say", value=1) == outbound.Reply(
            "anna-3", "say", "say", {"result": 1}
        )


@pytest.mark.parametrize(
    ("message", "kind", "data"),
    [
        ({"type": "progress", "data": {"step": 1}}, "progress", {"step": 1}),
        ({"type": "progress", "step": 1}, "progress", {"step": 1}),
        ({"step": 1}, "message", {"step": 1}),
    ],
)
async def test_a_message_reaches_every_client(
    message: dict[str, Any], kind: str, data: dict[str, Any]
) -> None:
    async with serving(Talker) as local:
        clients = [local.join(name) for name in ("anna", "bert", "cleo")]
        await clients[0].ask("tell", message=message)
        for client in clients:
            assert await client.heard(kind) == data
            assert len(client.messages) == 1


async def test_a_message_that_is_no_dict_or_no_json_is_refused_in_the_authors_own_call() -> None:
    async with serving(Talker) as local:
        local.join("anna")
        await local.eventually(lambda: local.model.contexts)
        context = local.model.contexts[0]
        with pytest.raises(TypeError, match=r"send\(\) takes a dict such as .*; got a str"):
            context.send("progress")
        with pytest.raises(ValueError, match=r"message\['x'\] is inf"):
            context.send({"x": float("inf")})
        context.send({"x": np.float32(0.5), "n": np.int64(3)})


async def test_a_command_may_emit() -> None:
    async with serving(Talker) as local:
        await local.join("anna").ask("emit")
        assert number_of((await local.shown(1))[-1]) == 33


async def test_without_a_session_there_are_no_commands() -> None:
    async with serving(Talker) as local:
        anna = local.join("anna")
        await local.eventually(lambda: local.model.sessions)
        await local.stopped()
        told = len(anna.told)
        anna.send("quick", name="late")
        assert anna.told[told:] == []
        assert local.model.seen == []


async def test_a_model_says_what_it_declares() -> None:
    async with serving(Talker, name="written", version="2.0") as local:
        contract = local.contract
        assert (contract.name, contract.version, contract.buffer_size) == ("written", "2.0", 50)
        assert [c.name for c in contract.commands][:2] == ["set_number", "say"]
