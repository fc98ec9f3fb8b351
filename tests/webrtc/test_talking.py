"""What clients say and are told on their data channels, in both framings."""

from __future__ import annotations

import json
import logging

import pytest

from reactor_actors.core.current import current_replica, current_session
from reactor_actors.core.wire.chunking import Joiner, cut
from reactor_actors.transports.webrtc.settings import ConnectionLimits
from tests.core.wire import handmade as pb
from tests.webrtc.models.nothing import Nothing
from tests.webrtc.models.pictures import Greeter, Plain, Still
from tests.webrtc.rig import Client, staging

pytestmark = pytest.mark.webrtc

GARBAGE = ("", "{", "[1,2", "null", "{}", '{"scope": 1}', "x" * 5000, b"", b"\x00", b"{\xff")


def texts(client: Client) -> list[str]:
    return [data["text"] for data in client.told("told")]


async def test_a_reply_reaches_its_caller_and_a_broadcast_everybody() -> None:
    async with staging(Plain) as stage:
        anna, ben = await stage.client(), await stage.client()
        anna.command("shout", text="hi")
        await anna.until(lambda: len(anna.heard) == 2)
        ben.command("shout", text="yo")
        await ben.until(lambda: len(ben.heard) == 3)
        await anna.until(lambda: len(anna.heard) == 3)
    assert texts(anna) == ["HI", "hi", "YO"]
    assert texts(ben) == ["HI", "YO", "yo"]


async def test_the_server_opens_no_channel_and_accepts_any_label() -> None:
    async with staging(Plain) as stage:
        anna, opened = stage.newcomer(), []
        anna.pc.on("datachannel", lambda channel: opened.append(channel.label))
        await anna.accept(await anna.signal(await anna.offer(labels=("chatter",))))
        await anna.up()
        anna.command("whisper", text="hello")
        await anna.until(lambda: texts(anna) == ["hello"])
        anna.open("more chatter")
        await anna.until(lambda: anna.data.readyState == "open")
        anna.command("whisper", text="again")
        await anna.until(lambda: texts(anna) == ["hello", "again"])
        assert not opened


async def test_a_client_with_a_control_channel_alone_still_plays() -> None:
    async with staging(Plain) as stage:
        anna = stage.newcomer()
        await anna.accept(await anna.signal(await anna.offer(labels=("control",))))
        await anna.up()
        anna.resume("main_video")
        await anna.shows("main_video", 100)


async def test_a_silent_flat_client_is_welcomed_in_text_at_once() -> None:
    async with staging(Greeter) as stage:
        flat = await stage.client(flat=True)
        await flat.until(lambda: texts(flat) == ["one", "two", "three"])
        assert all(isinstance(raw, str) for raw in flat.raw)


@pytest.mark.parametrize("v1", [False, True])
async def test_a_silent_client_gets_what_was_kept_in_order_after_its_first_frame(v1: bool) -> None:
    async with staging(Greeter) as stage:
        anna = await stage.client(v1=v1)
        assert not anna.heard
        anna.resume("main_video")
        await anna.until(lambda: len(anna.heard) == 3)
        assert all(isinstance(raw, bytes if v1 else str) for raw in anna.raw)
        if not v1:
            assert texts(anna) == ["one", "two", "three"]


async def test_no_more_than_64_messages_are_kept_the_newest_ones() -> None:
    async with staging(Still) as stage:
        silent, anna = await stage.client(), await stage.client("main_video")
        for number in range(100):
            anna.command("say", text=str(number))
        await anna.until(lambda: len(texts(anna)) == 100)
        silent.runtime("ping")
        await silent.until(lambda: len(texts(silent)) == 64)
    assert texts(silent) == [str(number) for number in range(36, 100)]


async def test_both_framings_live_in_one_session_text_for_one_and_binary_for_the_other() -> None:
    async with staging(Plain) as stage:
        old, new = await stage.client(), await stage.client(v1=True)
        new.data.send(pb.request("data_1", pb.command("quiet")))
        await new.until(lambda: new.heard)
        old.command("shout", text="hi")
        await old.until(lambda: len(old.heard) == 2)
        await new.until(lambda: len(new.heard) == 2)
        assert {type(raw) for raw in old.raw} == {str}
        assert {type(raw) for raw in new.raw} == {bytes}
    assert (new.heard[0].request_id, new.heard[0].WhichOneof("payload")) == ("data_1", None)
    assert new.heard[1].kind == 3
    assert new.heard[1].request_id == ""


async def test_pipelined_requests_are_each_answered_once_with_their_own_id() -> None:
    async with staging(Plain) as stage:
        anna = await stage.client(v1=True)
        asked = [f"data_{n}" for n in range(60)]
        for number, request in enumerate(asked):
            name = ("quiet", "fail", "nonsense")[number % 3]
            anna.data.send(pb.request(request, pb.command(name)))
        anna.control.send(pb.request("ctrl_1", pb.block(11)))
        anna.control.send(pb.request("ctrl_2", pb.block(15, pb.block(1, "no_such"))))
        await anna.until(lambda: len(anna.heard) >= 60 and len(anna.controls) >= 2)
    assert sorted(m.request_id for m in anna.heard) == sorted(asked)
    codes = {m.request_id: m.error.code for m in anna.heard}
    assert codes["data_1"] == "no_luck"
    assert codes["data_2"] == "invalid_command"
    assert {m.request_id for m in anna.controls} == {"ctrl_1", "ctrl_2"}


@pytest.mark.parametrize("v1", [False, True])
async def test_garbage_gets_no_reply_and_does_no_harm(v1: bool) -> None:
    async with staging(Plain) as stage:
        anna = await stage.client(v1=v1)
        anna.resume("main_video")
        for channel in (anna.data, anna.control):
            for frame in GARBAGE:
                channel.send(frame)
        if v1:
            anna.data.send(pb.request("data_1", pb.command("quiet")))
        else:
            anna.runtime("ping")
            anna.runtime("nonsense", {"x": 1})
            anna.command("whisper", text="still here")
        await anna.until(lambda: anna.heard)
        await anna.shows("main_video", 100)
    assert len(anna.heard) == 1
    assert not anna.controls


async def test_schema_and_capabilities_go_to_the_asker_only() -> None:
    async with staging(Plain) as stage:
        anna, ben = await stage.client(), await stage.client()
        ben.runtime("ping")
        anna.runtime("requestSchema")
        anna.runtime("requestCapabilities")
        await anna.until(lambda: anna.told("modelSchema") and anna.told("modelCapabilities"))
        anna.command("shout", text="end")
        await ben.until(lambda: ben.heard)
    assert texts(ben) == ["END"]
    assert len(ben.heard) == 1


async def test_a_failed_command_tells_its_sender_only_and_changes_nothing() -> None:
    async with staging(Plain) as stage:
        anna, ben = await stage.client("main_video"), await stage.client()
        ben.runtime("ping")
        anna.command("set_level", level=999)
        anna.command("set_level", level="high")
        anna.command("fail")
        await anna.until(lambda: len(anna.told("commandError")) == 3)
        await anna.shows("main_video", 100)
        anna.command("shout", text="end")
        await ben.until(lambda: ben.heard)
    codes = [(e["command"], e["code"]) for e in anna.told("commandError")]
    assert codes == [*[("set_level", "invalid_command")] * 2, ("fail", "no_luck")]
    assert texts(ben) == ["END"]


async def test_200_kb_pass_both_ways_and_a_larger_reply_becomes_an_error() -> None:
    async with staging(Plain) as stage:
        anna = await stage.client()
        anna.command("whisper", text="y" * 200_000)
        anna.command("grow", size=200_000)
        anna.command("grow", size=300_000)
        await anna.until(lambda: len(texts(anna)) == 2 and anna.told("commandError"))
    assert texts(anna) == ["y" * 200_000, "x" * 200_000]
    assert anna.told("commandError")[0]["code"] == "message_too_large"


async def test_a_message_beyond_what_the_answer_allows_harms_nobody() -> None:
    async with staging(Plain) as stage:
        anna, ben = await stage.client(), await stage.client("main_video")
        anna.command("whisper", text="z" * 20_000)
        await anna.until(lambda: texts(anna))
        with pytest.raises(ValueError, match="only supports"):
            anna.command("whisper", text="z" * 300_000)
        await ben.shows("main_video", 100)


async def test_with_chunking_megabytes_pass_and_one_message_too_many_ends_that_client_only() -> (
    None
):
    async with staging(Plain) as stage:
        ben, anna = await stage.client(), stage.newcomer()
        offer = await anna.offer()
        line = "a=x-reactor-dc-chunking:1 max-message-size=67108864\r\n"
        chunking = type(offer)(offer.sdp.replace("a=group:", f"{line}a=group:", 1), offer.tracks)
        joiner, whole = Joiner(67_108_864), []
        anna.data.remove_all_listeners("message")
        anna.data.on("message", lambda m: whole.append(joiner.feed(m)))
        await anna.accept(await anna.signal(chunking))
        answered = [x for x in anna.answer.split("\r\n") if "dc-chunking" in x]
        assert answered == ["a=x-reactor-dc-chunking:1 max-message-size=8388608"]
        assert "dc-chunking" not in ben.answer
        await anna.up()
        asked = {"scope": "application", "data": {"type": "whisper", "data": {"text": "w" * 10**6}}}
        for piece in cut(json.dumps(asked)):
            anna.data.send(piece)
        said = await anna.until(lambda: [m for m in whole if m])
        assert json.loads(said[0])["data"]["data"]["text"] == "w" * 10**6
        for _ in range(140):
            anna.data.send(b"\x01" + bytes(65_000))
        await stage.until(lambda: "connection_closed" in stage.notes)
        ben.command("whisper", text="here")
        await ben.until(lambda: texts(ben) == ["here"])


async def test_a_model_without_tracks_serves_both_framings() -> None:
    async with staging(Nothing) as stage:
        old, new = await stage.client(), await stage.client(v1=True)
        assert old.answer.count("m=") == 1
        old.command("whisper", text="hi")
        await old.until(lambda: texts(old) == ["hi"])
        new.data.send(
            pb.request("data_1", pb.command("whisper", pb.entry("text", pb.block(3, "yo"))))
        )
        await new.until(lambda: new.heard)
        assert new.heard[0].request_id == "data_1"


async def test_the_reason_of_the_end_reaches_everybody_before_the_peer_closes() -> None:
    async with staging(Plain) as stage:
        old, new = await stage.client(), await stage.client(v1=True)
        old.runtime("ping")
        new.resume("main_video")
        await new.until(lambda: new.pictures["main_video"])
        stage.local.transport.stop("moving out")
        await old.until(lambda: old.told("sessionEnded"))
        await new.until(lambda: new.heard and new.controls)
        for client in (old, new):
            await client.until(lambda c=client: c.pc.connectionState == "closed")
    assert old.told("sessionEnded") == [{"reason": "moving out"}]
    assert new.controls[-1].session_ended.reason == "moving out"
    assert new.heard[-1].error.code == "session_ended"


async def test_a_silent_client_is_lost_and_one_that_says_anything_is_not() -> None:
    limits = ConnectionLimits(silence=1.0, poll=0.05)
    async with staging(Plain, limits=limits) as stage:
        silent, busy = await stage.client("main_video"), await stage.client()

        await stage.meanwhile(
            lambda: "connection_closed" in stage.notes, lambda: busy.control.send("anything")
        )
        assert stage.local.transport.session == "local"
        reasons = [n.facts for n in stage.local.notes if n.kind == "connection_closed"]
        assert [(r["client"], r["reason"]) for r in reasons] == [
            (str(silent.number), "silent for 1 s")
        ]
        busy.command("whisper", text="alive")
        await busy.until(lambda: busy.raw)


async def test_what_is_logged_of_a_client_belongs_to_its_session_and_replica() -> None:
    heard: list[tuple[str | None, str | None]] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append((current_replica(), current_session()))

    logger, ear = logging.getLogger("reactor_actors.peer"), Ear(logging.WARNING)
    logger.addHandler(ear)
    try:
        async with staging(Plain) as stage:
            anna = await stage.client()
            anna.data.send("{")
            anna.command("whisper", text="done")
            await anna.until(lambda: texts(anna) == ["done"])
            session = stage.local.transport.session
    finally:
        logger.removeHandler(ear)
    assert session is not None
    assert heard == [("0", session)]
