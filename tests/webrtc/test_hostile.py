"""Clients that send nonsense, too much, or nothing: the others must not notice."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
from pathlib import Path

import pytest

from reactor_actors.core.errors import ClientError
from reactor_actors.core.messages import Said
from reactor_actors.core.ports import Candidate, Offer
from reactor_actors.transports.webrtc.settings import ConnectionLimits
from tests.webrtc.models.everything import Everything
from tests.webrtc.models.pictures import Plain
from tests.webrtc.rig import SECONDS, Stage, staging
from tests.webrtc.sources import Source

pytestmark = pytest.mark.webrtc


def sockets() -> int:
    """How many UDP sockets this process has open."""
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    udp = {line.split()[9] for line in Path("/proc/net/udp").read_text().splitlines()[1:]}
    return sum(link[8:-1] in udp for link in links if link.startswith("socket:["))


def memory() -> int:
    """Bytes this process holds in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def outcome(stage: Stage, offer: Offer) -> str:
    """What becomes of an offer: `answered`, or the code of its error."""
    number = stage.connections.open()
    try:
        stage.connections.offer(number, offer)
        return "answered" if await stage.connections.answer(number, SECONDS) else "no answer"
    except ClientError as error:
        return error.code


async def test_broken_offers_get_an_error_of_their_own_and_leave_no_socket_behind() -> None:
    limits = ConnectionLimits(connections=9000, negotiation=2, poll=0.1)
    async with staging(Everything, limits=limits) as stage:
        anna = await stage.client("main_video")
        model = stage.newcomer()
        whole = await model.offer()
        await model.close()
        before, chance = sockets(), random.Random(1)
        seen = set()
        for broken in breakages(whole.sdp, chance):
            seen.add(await outcome(stage, Offer(broken, whole.tracks)))
        assert seen <= {"malformed", "negotiation_failed", "answered"}
        assert "malformed" in seen
        await stage.until(lambda: sockets() <= before)
        await anna.more("main_video")


def breakages(sdp: str, chance: random.Random) -> list[str]:
    lines = sdp.split("\r\n")
    cut = [sdp[: len(sdp) * n // 25] for n in range(25)]
    thinned = [
        "\r\n".join(x for x in lines if chance.random() > share)
        for share in (0.02, 0.05, 0.1, 0.3)
        for _ in range(6)
    ]
    swapped = []
    for _ in range(20):
        damaged = list(lines)
        at = chance.randrange(len(damaged))
        damaged[at] = damaged[at][: chance.randrange(1 + len(damaged[at]))] + "\x00é9999999999"
        swapped.append("\r\n".join(damaged))
    gone = [
        "\r\n".join(x for x in lines if not x.startswith(f"a={name}"))
        for name in ("mid", "ice-ufrag", "fingerprint", "setup", "group", "rtcp-mux", "rtpmap")
    ]
    section = "\r\nm=" + sdp.split("\r\nm=")[1]
    many = [sdp + section * 100, sdp + section * 20]
    return [*cut, *thinned, *swapped, *gone, *many, "", "v=0", sdp.replace("video", "text")]


async def test_garbage_for_candidates_is_skipped() -> None:
    async with staging(Plain) as stage:
        anna = await stage.client("main_video")
        host = "candidate:1 1 udp 2130706431 {} {} typ host"
        texts = [
            "", "candidate:", "x" * 9999, host.format("127.0.0.1", 99999999), "a b c d e f g h",
            host.format("name.local", 9), host.format("10.0.0.1", "²"), host.format("::1", 0),
            host.format("127.0.0.1", 9).replace(" 1 udp", " one udp"),
            host.format("127.0.0.1", 9) + " raddr x rport y",
            host.format("127.0.0.1", 9).replace("2130706431", "9" * 5000),
        ]  # fmt: skip
        for mid, index in (("0", 0), (None, None), ("nowhere", None), ("0", 77)):
            stage.connections.candidates(
                anna.number, [Candidate(text, mid, index) for text in texts]
            )
        many = [host.format("127.0.0.1", 20_000 + n) for n in range(1000)]
        stage.connections.candidates(anna.number, [Candidate(text) for text in many])
        await anna.more("main_video")


async def test_datagrams_that_are_nothing_do_no_harm() -> None:
    async with staging(Plain) as stage:
        anna = await stage.client("main_video")
        chance = random.Random(2)
        for _ in range(300):
            await anna.wire.send_raw(chance.randbytes(chance.randrange(1, 300)))
        await anna.more("main_video")


async def test_a_flood_of_messages_is_survived_and_the_others_keep_their_pictures() -> None:
    # aiortc sends one message per acknowledgement, so the flood of 10,000 is in test_channels.
    async with staging(Plain) as stage:
        anna, ben = await stage.client(), await stage.client("main_video")
        await ben.more("main_video", 3)
        before = len(ben.stamps["main_video"])
        for number in range(2_000):
            anna.data.send(f"[{number}]")
        anna.command("whisper", text="done")
        await anna.until(lambda: anna.told("told") or "connection_closed" in stage.notes)
        await ben.more("main_video")
        assert len(ben.stamps["main_video"]) > before


async def test_a_client_that_does_not_read_costs_its_own_broadcasts_and_no_memory() -> None:
    async with staging(Plain, limits=ConnectionLimits(poll=0.05)) as stage:
        anna, ben = await stage.client(), await stage.client("main_video")
        deaf = await stage.client()
        deaf.runtime("ping")
        anna.runtime("ping")
        deaf.wire.vanish()
        held = memory()
        for _ in range(200):
            stage.local.transport.receive(Said("told", {"text": "b" * 200_000}))
        await ben.more("main_video", 5)
        assert memory() - held < 100 * 2**20
        await anna.until(lambda: len(anna.told("told")) > 10)


async def test_a_client_that_vanishes_is_lost_alone() -> None:
    limits = ConnectionLimits(silence=0.8, poll=0.05)
    async with staging(Plain, limits=limits) as stage:
        anna, ben = await stage.client("main_video"), await stage.client("main_video")
        anna.wire.vanish()
        await stage.meanwhile(
            lambda: "connection_closed" in stage.notes, lambda: ben.data.send("{}")
        )
        await stage.until(lambda: stage.model.left == [str(anna.number)])
        await ben.more("main_video")


async def test_offers_never_taken_up_are_released_with_their_sockets() -> None:
    limits = ConnectionLimits(negotiation=0.5, poll=0.05)
    async with staging(Everything, limits=limits) as stage:
        anna = await stage.client("main_video")
        drafts = [stage.newcomer() for _ in range(4)]
        offers = [await draft.offer() for draft in drafts]
        tasks, before = len(asyncio.all_tasks()), sockets()
        for offer in offers:
            assert await outcome(stage, offer) == "answered"
        assert sockets() > before
        await stage.until(lambda: sockets() <= before)
        await stage.until(lambda: len(asyncio.all_tasks()) <= tasks)
        await anna.more("main_video")


async def test_fifty_clients_that_come_and_go_leave_nothing_behind() -> None:
    async with staging(Plain) as stage:
        anna = await stage.client("main_video")

        async def visit() -> None:
            guest = await stage.client("main_video")
            await guest.close()

        await visit()
        await stage.until(lambda: tidy(stage))
        threads, tasks, open_sockets = threading.active_count(), tasks_now(), sockets()
        for _ in range(10):
            await asyncio.gather(*(visit() for _ in range(5)))
        await stage.until(lambda: tidy(stage))
        gc.collect()
        await stage.until(lambda: sockets() <= open_sockets)
        await stage.until(lambda: tasks_now() <= tasks)
        await stage.until(lambda: threading.active_count() <= threads + 4)
        assert len(stage.model.joined) == 52
        await anna.more("main_video")


def tasks_now() -> int:
    return len(asyncio.all_tasks())


def tidy(stage: Stage) -> bool:
    """Whether every client but the first has been seen to leave."""
    return stage.notes.count("connection_closed") == stage.notes.count("connection_opened") - 1


async def test_three_hundred_joins_and_leaves_during_emission_disturb_nobody() -> None:
    async with staging(Plain) as stage:
        anna, ben = await stage.client("main_video"), await stage.client()
        threads = threading.active_count()
        for number in range(300):
            ben.resume("main_video")
            ben.pause("main_video")
            if number % 25 == 0:
                await anna.more("main_video", 1)
        ben.command("whisper", text="done")
        await ben.until(lambda: ben.told("told"))
        await anna.more("main_video")
        assert threading.active_count() <= threads + 2
        assert stage.streams.video["main_video"].encoders == 1


async def test_a_publisher_that_leaves_at_once_leaves_no_decoder() -> None:
    def decoders() -> int:
        return sum("-decoder" in thread.name for thread in threading.enumerate())

    async with staging(Everything) as stage:
        for _ in range(5):
            guest = await stage.client(publish={"webcam": Source(50)})
            await guest.publish("webcam")
            await guest.close()
        await stage.until(lambda: decoders() == 0)
