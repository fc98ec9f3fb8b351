"""Offers and answers, reconnects, ends, limits: the life of connections."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from reactor_actors.core.errors import ClientError
from reactor_actors.core.ports import FLAT, Candidate, Offer
from reactor_actors.core.session import State
from reactor_actors.transports.webrtc.settings import ConnectionLimits, PeerSettings
from tests.webrtc.models.everything import Everything
from tests.webrtc.models.pictures import Plain, Still
from tests.webrtc.rig import LOOPBACK, SECONDS, staging

pytestmark = pytest.mark.webrtc

QUICK = ConnectionLimits(negotiation=0.6, poll=0.05)


def attribute(sdp: str, name: str) -> list[str]:
    return [line[2:] for line in sdp.split("\r\n") if line.startswith(f"a={name}")]


def candidates_of(sdp: str) -> list[Candidate]:
    ufrag = attribute(sdp, "ice-ufrag:")[0].split(":")[1]
    lines = dict.fromkeys(attribute(sdp, "candidate:"))
    return [Candidate(f"{line} ufrag {ufrag}", "0", 0) for line in lines]


def bare(offer: Offer) -> Offer:
    """An offer without candidates, as of a client that sends them later."""
    kept = [x for x in offer.sdp.split("\r\n") if not x.startswith(("a=candidate", "a=end-of"))]
    return replace(offer, sdp="\r\n".join(kept))


async def test_an_answer_keeps_order_mids_and_directions() -> None:
    async with staging(Everything) as stage:
        anna = await stage.client()
        offered = anna.pc.localDescription.sdp
    assert attribute(anna.answer, "mid") == attribute(offered, "mid")
    assert attribute(anna.answer, "group") == attribute(offered, "group")
    directions = [
        x[2:] for x in anna.answer.split("\r\n") if x[2:] in ("sendonly", "recvonly", "sendrecv")
    ]
    assert directions == ["recvonly", "recvonly", *["sendonly"] * 4]
    assert "inactive" not in anna.answer
    assert len(attribute(anna.answer, "rtcp-mux")) >= 6


async def test_an_answer_carries_its_candidates_and_no_orphaned_rtx() -> None:
    async with staging(Everything) as stage:
        anna = await stage.client()
    hosts = attribute(anna.answer, "candidate:")
    assert hosts
    assert all("127.0.0.1" in line and "typ host" in line for line in hosts)
    for section in anna.answer.split("\r\nm=")[1:]:
        lines = section.split("\r\n")
        payloads = {x.split(":")[1].split()[0] for x in lines if x.startswith("a=rtpmap")}
        repeated = {x.split("apt=")[1] for x in lines if "apt=" in x}
        assert repeated <= payloads


async def test_candidates_sent_ahead_of_an_offer_reach_its_peer() -> None:
    async with staging(Plain) as stage:
        anna = stage.newcomer()
        offer = await anna.offer()
        number = stage.connections.open()
        stage.connections.candidates(number, candidates_of(offer.sdp))
        await anna.accept(await anna.signal(bare(offer), number))
        await anna.up()


async def test_candidates_sent_at_once_after_an_offer_are_not_lost() -> None:
    async with staging(Plain) as stage:
        anna = stage.newcomer()
        offer = await anna.offer()
        anna.number = stage.connections.open()
        stage.connections.offer(anna.number, bare(offer))
        stage.connections.candidates(anna.number, candidates_of(offer.sdp))
        answer = await stage.connections.answer(anna.number, SECONDS)
        assert answer
        await anna.accept(answer)
        await anna.up()
        stage.connections.candidates(anna.number, candidates_of(offer.sdp) * 50)


async def test_candidates_ahead_of_a_reconnect_wait_for_the_new_peer() -> None:
    async with staging(Plain) as stage:
        anna, again = await stage.client("main_video"), stage.newcomer()
        offer = await again.offer()
        stage.connections.candidates(anna.number, candidates_of(offer.sdp))
        await anna.more("main_video")
        await again.accept(await again.signal(bare(offer), anna.number))
        await again.up()


async def test_a_reconnect_on_the_same_id_replaces_the_peer_without_hooks() -> None:
    async with staging(Plain) as stage:
        anna, ben = await stage.client("main_video"), await stage.client("main_video")
        again = await stage.client("main_video", number=anna.number)
        await again.shows("main_video", 100)
        await anna.until(lambda: anna.pc.connectionState == "closed")
        await ben.more("main_video")
        again.command("whisper", text="same")
        await again.until(lambda: again.told("told"))
        assert stage.model.joined == [str(anna.number), str(ben.number)]
        assert stage.model.left == []


async def test_a_flat_offer_replaces_the_flat_client_only() -> None:
    async with staging(Plain) as stage:
        anna, old = await stage.client("main_video"), await stage.client(flat=True)
        new = await stage.client(flat=True)
        await old.until(lambda: old.pc.connectionState == "closed")
        await new.shows("main_video", 100)
        await anna.more("main_video")
        assert stage.model.joined == [str(anna.number), str(FLAT)]


async def test_a_peer_replaced_while_it_negotiates_leaves_no_trace() -> None:
    async with staging(Plain) as stage:
        number = stage.connections.open()
        drafts = [stage.newcomer() for _ in range(5)]
        waiting = []
        for draft in drafts:
            stage.connections.offer(number, await draft.offer())
            waiting.append(asyncio.ensure_future(stage.connections.answer(number, SECONDS)))
        last = drafts[-1]
        answers = set(await asyncio.gather(*waiting))
        assert len(answers) <= len(drafts)
        newest = await stage.connections.answer(number, SECONDS)
        assert newest
        await last.accept(newest)
        await last.up()
        assert stage.model.joined == [str(number)]


async def test_a_superseded_waiter_gets_the_answer_of_the_newer_offer() -> None:
    async with staging(Plain) as stage:
        first, second = stage.newcomer(), stage.newcomer()
        offers = [await first.offer(), await second.offer()]
        number = stage.connections.open()
        stage.connections.offer(number, offers[0])
        waiter = asyncio.ensure_future(stage.connections.answer(number, SECONDS))
        stage.connections.offer(number, offers[1])
        answer = await waiter
        assert answer
        await second.accept(answer)
        await second.up()


async def test_an_answer_not_there_in_time_is_none_and_without_an_offer_an_error() -> None:
    async with staging(Plain) as stage:
        number = stage.connections.open()
        with pytest.raises(LookupError):
            await stage.connections.answer(number, 1)
        with pytest.raises(LookupError):
            await stage.connections.answer(77, 1)
        stage.connections.offer(number, await stage.newcomer().offer())
        assert await stage.connections.answer(number, 0) is None


async def test_half_open_connections_are_reaped_with_a_line_that_names_udp(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limits = replace(QUICK, connections=2)
    async with staging(Plain, limits=limits) as stage:
        silent, never = stage.connections.open(), stage.connections.open()
        with pytest.raises(ClientError) as refused:
            stage.connections.open()
        assert refused.value.code == "overloaded"
        with caplog.at_level(logging.WARNING):
            stage.connections.offer(never, await stage.newcomer().offer())
            await stage.until(lambda: "UDP" in caplog.text)
        anna = await stage.client("main_video")
        assert anna.number not in (silent, never)
        await anna.shows("main_video", 100)


async def test_beyond_the_limit_is_refused_and_a_re_offer_passes() -> None:
    async with staging(Plain, limits=ConnectionLimits(connections=3)) as stage:
        anna = await stage.client()
        for _ in range(2):
            stage.connections.open()
        with pytest.raises(ClientError):
            stage.connections.open(FLAT)
        again = await stage.client("main_video", number=anna.number)
        await again.shows("main_video", 100)
        await again.close()
        await stage.until(lambda: "connection_closed" in stage.notes)
        late = stage.connections.open()
        late_offer = await stage.newcomer().offer()
        with pytest.raises(ClientError):
            stage.connections.offer(anna.number, late_offer)
        stage.connections.offer(late, late_offer)


async def test_the_65th_connection_is_refused_by_default() -> None:
    async with staging(Plain) as stage:
        ids = {stage.connections.open() for _ in range(64)}
        assert len(ids) == 64
        assert all(1002 <= number <= 9999 for number in ids)
        with pytest.raises(ClientError):
            stage.connections.open()


async def test_without_a_free_port_the_negotiation_fails_and_both_sides_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ice = replace(LOOPBACK, ports=(47311, 47311))
    async with staging(Plain, settings=PeerSettings(ice)) as stage:
        anna = await stage.client("main_video")
        assert "47311" in anna.answer
        late = stage.newcomer()
        with pytest.raises(ClientError, match="UDP port") as failed:
            await late.signal(await late.offer())
        assert failed.value.code == "negotiation_failed"
        assert f"connection {late.number}: negotiation failed" in caplog.text
        assert "no free UDP port" in caplog.text
        await anna.shows("main_video", 100)


async def test_the_end_closes_the_peers_and_nothing_of_it_is_in_the_next_session() -> None:
    async with staging(Still) as stage:
        anna, half = await stage.client("main_video"), stage.newcomer()
        anna.command("paint", level=200)
        await anna.shows("main_video", 200)
        offer = await half.offer()
        answer = await half.signal(offer)
        stage.local.transport.stop()
        assert await stage.local.transport.wound_down(SECONDS)
        await anna.until(lambda: anna.pc.connectionState == "closed")
        stage.local.transport.start("second")
        await half.accept(answer)
        with pytest.raises(LookupError):
            stage.connections.candidates(half.number, candidates_of(offer.sdp))
        ben = await stage.client("main_video")
        await ben.shows("main_video", 0)
        assert all(p.mean() < 4 for p in ben.pictures["main_video"])
        assert stage.local.transport.state is State.STREAMING
        joined = [n.facts["client"] for n in stage.local.notes if n.kind == "connection_opened"]
        assert joined == [str(anna.number), str(ben.number)]


async def test_the_last_that_leaves_orphans_the_session_and_one_that_returns_resumes_it() -> None:
    async with staging(Plain) as stage:
        anna = await stage.client("main_video")
        await anna.close()
        await stage.until(lambda: stage.local.transport.state is State.ORPHANED)
        ben = await stage.client("main_video")
        await ben.shows("main_video", 100)
        assert stage.local.transport.state is State.STREAMING


async def test_an_offer_without_a_data_channel_is_answered_and_connects() -> None:
    async with staging(Plain) as stage:
        anna = stage.newcomer()
        await anna.accept(await anna.signal(await anna.offer(labels=())))
        await anna.until(lambda: anna.pc.connectionState == "connected")
        await stage.until(lambda: stage.model.joined)


async def test_an_offer_of_channels_alone_is_answered_for_a_model_with_tracks() -> None:
    async with staging(Plain) as stage:
        anna = stage.newcomer()
        await anna.accept(await anna.signal(await anna.offer(tracks=())))
        await anna.up()
        anna.command("whisper", text="hi")
        await anna.until(lambda: anna.told("told"))


async def test_tracks_with_unknown_names_or_of_the_wrong_kind_stay_empty() -> None:
    async with staging(Everything) as stage:
        anna = stage.newcomer()
        offer = await anna.offer()
        names = list(offer.tracks.values())
        shifted = dict(zip(offer.tracks, [*names[1:], "nobody"], strict=True))
        await anna.accept(await anna.signal(replace(offer, tracks=shifted)))
        await anna.up()
        for name in (*names, "nobody"):
            anna.resume(name)
            await anna.publish(name)
        ben = await stage.client("main_video", "voice")
        await ben.shows("main_video", 60)
        await ben.more("voice")
