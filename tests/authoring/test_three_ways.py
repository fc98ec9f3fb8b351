"""The same promises, whichever way a model is written.

What differs on purpose is tested where it belongs: hooks, the turn lock, reading and the grace.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from reactor_actors.core.media import Tick
from reactor_actors.core.pixels import to_rgb
from reactor_actors.core.session import State
from reactor_actors.core.wire.outbound import Ack, Failure, Reply, SessionEnded
from tests.authoring.three_ways import FPS, LEVEL, ROUND, Classic, Generated, Looped
from tests.local import Local, serving

WAYS = (Generated, Looped, Classic)
BOUND = {Generated: 4, Looped: 4, Classic: 50}

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def halves(tick: Tick) -> tuple[int, int]:
    """Return the number of a picture and its level."""
    rgb = to_rgb(tick.pictures["main_video"])
    return round(rgb[:, :8].mean() / 4), round(rgb[:, 8:].mean() / 4)


def numbers(local: Local, since: int = 0) -> list[int]:
    return [halves(tick)[0] for tick in local.screen.ticks[since:]]


def follows(shown: list[int]) -> bool:
    """Whether numbers rise by one each, none left out and none twice."""
    return all((shown[0] + step) % ROUND == number for step, number in enumerate(shown))


async def shows(local: Local, level: int) -> None:
    """Wait until the newest picture is of that level."""
    ticks = local.screen.ticks
    await local.until(lambda: True if ticks and halves(ticks[-1])[1] == level else None)


async def contracts() -> list[Any]:
    found = []
    for way in WAYS:
        async with serving(way, session=False) as local:
            found.append(local.contract)
    return found


async def test_all_three_publish_the_same_tracks_and_commands() -> None:
    generated, looped, classic = await contracts()
    for other in (looped, classic):
        assert other.tracks == generated.tracks
        assert (other.fps, other.pinned) == (generated.fps, generated.pinned) == (FPS, True)
        for command in generated.commands:
            twin = next(c for c in other.commands if c.name == command.name)
            assert dataclasses.replace(twin, reply=None) == dataclasses.replace(command, reply=None)
        assert len(other.commands) == len(generated.commands) == 6


@each_way
async def test_what_a_command_sets_is_seen(way: type) -> None:
    async with serving(way) as local:
        anna = local.join()
        await shows(local, LEVEL)
        assert await anna.ask("set_level", level=40) == Ack("anna-1")
        await shows(local, 40)


@each_way
async def test_a_command_without_its_argument_means_the_default(way: type) -> None:
    async with serving(way) as local:
        anna = local.join()
        await anna.ask("set_level", level=40)
        await shows(local, 40)
        assert isinstance(await anna.ask("set_level"), Ack)
        await shows(local, LEVEL)
        told = await anna.ask("describe")
        assert isinstance(told, Reply)
        assert told.data == {"text": "grey", "level": LEVEL}


@each_way
async def test_a_reply_reaches_the_caller_and_a_broadcast_everybody(way: type) -> None:
    async with serving(way) as local:
        anna, bert = local.join("anna"), local.join("bert")
        told = await anna.ask("describe", words=["as", "it"], times=2)
        expected = {"text": "as it as it", "level": LEVEL}
        assert told == Reply("anna-1", "describe", "described", expected)
        assert isinstance(await anna.ask("announce", text="here"), Ack)
        assert await bert.heard("announced") == {"text": "here"}
        assert bert.messages == [("announced", {"text": "here"})]
        assert sorted(anna.messages) == [
            ("announced", {"text": "here"}),
            ("described", expected),
        ]


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("set_level", {"level": 64}),
    ("set_level", {"level": -1}),
    ("set_level", {"level": 3.5}),
    ("set_level", {"level": True}),
    ("set_level", {"level": "dark"}),
    ("set_level", {"livel": 3}),
    ("describe", {"times": 0}),
    ("describe", {"words": ["a", 1]}),
    ("announce", {}),
    ("announce", {"text": None}),
    ("keep", {"file": "a.txt"}),
    ("dance", {}),
]


async def test_what_cannot_be_done_is_refused_in_the_same_words_and_changes_nothing() -> None:
    heard = []
    for way in WAYS:
        async with serving(way) as local:
            anna = local.join()
            await anna.ask("set_level", level=40)
            answers = [await anna.ask(name, **payload) for name, payload in REFUSED]
            assert all(isinstance(answer, Failure) for answer in answers)
            told = await anna.ask("describe")
            assert isinstance(told, Reply)
            assert told.data["level"] == 40
            heard.append([(a.command, a.code, a.message) for a in answers])  # type: ignore[union-attr]
    generated, looped, classic = heard
    assert generated == looped == classic
    assert {code for _, code, _ in generated} == {"invalid_command"}
    assert len({message for _, _, message in generated}) > 9


@each_way
async def test_an_uploaded_file_is_an_argument_as_often_as_one_likes(way: type) -> None:
    async with serving(way) as local:
        anna = local.join()
        reference = anna.upload("note.txt", b"abcdefgh")
        for _ in range(2):
            told = await anna.ask("keep", file=reference)
            assert isinstance(told, Reply)
            assert told.data == {"name": "note.txt", "size": 8, "head": "abcd"}


@each_way
async def test_a_handler_that_fails_tells_nobody_why_and_stops_nothing(
    way: type, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(way) as local:
        anna = local.join()
        failed = await anna.ask("stumble")
        assert isinstance(failed, Failure)
        assert failed.code == "internal_error"
        assert "secret" not in failed.message
        assert "a secret of the author's" in caplog.text
        shown = len(local.screen.ticks)
        await local.shown(shown + 3)
        assert isinstance(await anna.ask("set_level", level=40), Ack)
        await shows(local, 40)


@each_way
async def test_a_fast_model_is_held_to_its_rate_and_nothing_is_lost(way: type) -> None:
    async with serving(way) as local:
        local.join()
        await local.shown(160)
        shown = numbers(local)
        assert shown[0] == 0
        assert follows(shown)
        assert local.model.made - len(local.screen.ticks) <= BOUND[way] + 2
        assert local.transport.statistics().peak <= BOUND[way]
        took = local.screen.shown_at[159] - local.screen.shown_at[0]
        assert took > 0.9 * 159 / FPS


@each_way
async def test_a_batch_larger_than_the_bound_passes_whole(way: type) -> None:
    async with serving(way) as local:
        anna = local.join()
        await anna.ask("batch", count=3 * BOUND[way])
        await local.shown(5 * BOUND[way])
        assert follows(numbers(local))
        assert local.transport.statistics().peak <= BOUND[way]
        assert isinstance(await anna.ask("set_level", level=40), Ack)
        await shows(local, 40)


@each_way
async def test_commands_are_answered_while_a_large_batch_waits_to_be_shown(way: type) -> None:
    async with serving(way) as local:
        anna = local.join()
        await local.shown(1)
        await anna.ask("batch", count=400)
        await local.eventually(lambda: local.model.made >= 400)
        assert isinstance(await anna.ask("describe"), Reply)
        assert len(local.screen.ticks) < 400


@each_way
async def test_one_of_several_leaving_changes_nothing_for_the_others(way: type) -> None:
    async with serving(way) as local:
        anna, bert = local.join("anna"), local.join("bert")
        await anna.ask("set_level", level=40)
        anna.leave()
        await local.shown(len(local.screen.ticks) + 20)
        told = await bert.ask("describe")
        assert isinstance(told, Reply)
        assert told.data["level"] == 40
        assert follows(numbers(local))
        assert (local.transport.state, local.screen.blanks) == (State.STREAMING, 0)


@each_way
async def test_who_returns_finds_the_session_as_it_was(way: type) -> None:
    async with serving(way) as local:
        anna = local.join("anna")
        await anna.ask("set_level", level=40)
        await shows(local, 40)
        anna.leave()
        await local.eventually(lambda: local.transport.state is State.ORPHANED)
        made, shown = local.model.made, len(local.screen.ticks)
        bert = local.join("bert")
        await local.shown(shown + BOUND[way] + 20)
        told = await bert.ask("describe")
        assert isinstance(told, Reply)
        assert told.data["level"] == 40
        assert local.model.made > made
        assert {halves(tick)[1] for tick in local.screen.ticks[shown:]} == {40}


@each_way
async def test_a_new_session_begins_anew_on_the_same_model(way: type) -> None:
    async with serving(way, session=False) as local:
        model = local.model
        for session in ("first", "second", "third"):
            shown = len(local.screen.ticks)
            local.transport.start(session)
            anna = local.join("anna")
            await local.shown(shown + 3)
            begun = [halves(tick) for tick in local.screen.ticks[shown : shown + 3]]
            assert begun == [(0, LEVEL), (1, LEVEL), (2, LEVEL)]
            await anna.ask("set_level", level=40)
            await shows(local, 40)
            await local.stopped()
        assert local.model is model


@each_way
async def test_a_stop_is_told_and_nothing_is_shown_after_it(way: type) -> None:
    async with serving(way) as local:
        anna = local.join()
        await anna.ask("batch", count=400)
        await local.eventually(lambda: local.model.made >= 400)
        await local.stopped("closing time")
        assert anna.told[-1] == SessionEnded("closing time")
        assert anna.peer.closed
        shown = len(local.screen.ticks)
        assert shown < 400
        local.transport.start("next")
        assert len(local.screen.ticks) == shown
        assert not local.ended.done()
