"""Pictures on their way to several viewers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from reactor_actors.core.media import Tick
from reactor_actors.core.pixels import to_i420
from reactor_actors.transports.webrtc.settings import PeerSettings
from tests.webrtc.models.everything import Everything
from tests.webrtc.models.pictures import Eager, Plain, Still
from tests.webrtc.rig import LOOPBACK, Client, Stage, staging
from tests.webrtc.sources import grey

pytestmark = pytest.mark.webrtc


async def painted(stage: Stage, level: int, *viewers: Client, by: Client) -> None:
    by.command("paint", level=level)
    for viewer in viewers:
        await viewer.shows("main_video", level)


async def test_nothing_is_sent_before_resume_and_nothing_while_paused() -> None:
    async with staging(Plain) as stage:
        anna, ben = await stage.client(), await stage.client("main_video")
        anna.wire.tap()
        await ben.more("main_video", 15)
        assert not anna.wire.packets
        anna.resume("main_video")
        await anna.shows("main_video", 100)
        anna.pause("main_video")
        anna.command("whisper", text="after the pause")
        await anna.until(lambda: anna.told("told"))
        sent = len(anna.wire.packets)
        await ben.more("main_video", 15)
        assert len(anna.wire.packets) == sent


async def test_a_flat_client_plays_at_once() -> None:
    async with staging(Plain) as stage:
        flat = await stage.client(flat=True)
        await flat.shows("main_video", 100)


async def test_pausing_and_resuming_many_times_ends_in_pictures_and_one_encoder() -> None:
    async with staging(Plain) as stage:
        anna = await stage.client("main_video")
        for _ in range(200):
            anna.pause("main_video")
            anna.resume("main_video")
            anna.resume("main_video")
        anna.command("set_level", level=220)
        await anna.shows("main_video", 220)
        assert stage.streams.video["main_video"].encoders == 1


async def test_a_paused_and_resumed_viewer_sees_what_is_shown_now_and_nothing_older() -> None:
    async with staging(Still) as stage:
        anna, ben = await stage.client("main_video"), await stage.client("main_video")
        await painted(stage, 40, anna, ben, by=anna)
        anna.pause("main_video")
        await painted(stage, 120, ben, by=anna)
        before = len(anna.pictures["main_video"])
        anna.resume("main_video")
        await anna.shows("main_video", 120)
        later = [p.mean() for p in anna.pictures["main_video"][before:]]
        assert all(abs(level - 120) < 4 for level in later[1:])


async def test_flush_shows_black_to_everybody_and_nothing_older_afterwards() -> None:
    async with staging(Still) as stage:
        anna, ben = await stage.client("main_video"), await stage.client("main_video")
        await painted(stage, 150, anna, ben, by=anna)
        anna.command("flush")
        for viewer in (anna, ben):
            await viewer.shows("main_video", 0)
        assert anna.pictures["main_video"][-1].shape == (120, 160, 3)
        black = [len(v.pictures["main_video"]) for v in (anna, ben)]
        late = await stage.client("main_video")
        await late.shows("main_video", 0)
        for viewer, seen in zip((anna, ben, late), (*black, 0), strict=True):
            await viewer.more("main_video", 1)
            assert all(p.mean() < 4 for p in viewer.pictures["main_video"][seen:])


async def test_before_any_picture_black_is_of_the_default_size() -> None:
    async with staging(Still) as stage:
        anna = await stage.client("main_video")
        await anna.shows("main_video", 0)
        assert anna.pictures["main_video"][-1].shape == (720, 1280, 3)


async def test_what_was_shown_before_anybody_came_is_what_the_first_client_sees() -> None:
    async with staging(Eager) as stage:
        anna = await stage.client("main_video")
        await anna.shows("main_video", 180)
        assert all(abs(p.mean() - 180) < 6 for p in anna.pictures["main_video"])


async def test_who_joins_an_idle_stream_sees_its_picture_and_no_other() -> None:
    async with staging(Still) as stage:
        anna = await stage.client("main_video")
        await painted(stage, 90, anna, by=anna)
        for _ in range(3):
            late = await stage.client("main_video")
            await late.shows("main_video", 90)
            assert all(abs(p.mean() - 90) < 6 for p in late.pictures["main_video"])


async def test_a_lost_picture_of_an_idle_stream_is_sent_again_as_a_key_frame() -> None:
    async with staging(Still) as stage:
        anna = await stage.client("main_video")
        await painted(stage, 90, anna, by=anna)
        seen = stage.streams.video["main_video"].figures().fates["shown"]
        for _ in range(3):
            before = len(anna.pictures["main_video"])
            await anna.wire.lose_picture(anna.named["main_video"])
            await anna.until(lambda n=before: len(anna.pictures["main_video"]) > n)
        assert stage.streams.video["main_video"].figures().fates["shown"] == seen


async def test_an_odd_picture_is_shown_unsheared() -> None:
    async with staging(Still) as stage:
        anna = await stage.client("main_video")
        picture = grey(30, 481, 641)
        picture[:, 300:340] = 220
        tick = Tick(pictures={"main_video": to_i420(picture)}, sound={}, epoch=0)
        stage.streams.show(tick)
        await anna.until(lambda: shaped(anna, (481, 641)))
        shown = anna.pictures["main_video"][-1].mean(axis=2)
    for row in (5, 240, 475):
        assert shown[row, 320] > 180
        assert max(shown[row, 280], shown[row, 360]) < 80


def shaped(client: Client, size: tuple[int, int]) -> bool:
    if not client.pictures["main_video"]:
        return False
    height, width = client.pictures["main_video"][-1].shape[:2]
    return abs(height - size[0]) < 2 and abs(width - size[1]) < 2


async def test_another_resolution_in_the_middle_of_a_stream_arrives() -> None:
    async with staging(Still) as stage:
        anna = await stage.client("main_video")
        for size, level in (((120, 160), 50), ((240, 320), 120), ((64, 96), 200)):
            anna.command("paint", level=level, height=size[0], width=size[1])
            await anna.shows("main_video", level)
            assert anna.pictures["main_video"][-1].shape[:2] == size


async def test_two_viewers_share_one_encoder_until_a_moment_after_the_last() -> None:
    async with staging(Plain) as stage:
        anna, ben = await stage.client("main_video"), await stage.client("main_video")
        for viewer in (anna, ben):
            await viewer.shows("main_video", 100)
        assert stage.streams.video["main_video"].encoders == 1
        await ben.close()
        await anna.more("main_video")
        await anna.close()
        await stage.until(lambda: stage.streams.video["main_video"].encoders == 0)


async def test_a_viewer_left_behind_skips_and_the_others_keep_the_rate() -> None:
    async with staging(Plain) as stage:
        anna, ben, weak = [await stage.client("main_video") for _ in range(3)]
        for viewer in (anna, ben, weak):
            await viewer.more("main_video", 3)

        async def reported(rounds: int) -> None:
            for _ in range(rounds):
                for viewer in (anna, ben):
                    await viewer.wire.estimate(viewer.named["main_video"], 8_000_000)
                await weak.wire.lose(weak.named["main_video"], 0.9)
                await weak.wire.lose_picture(weak.named["main_video"])
                await anna.more("main_video", 8)

        await reported(12)  # losses count once a second
        before = [len(viewer.stamps["main_video"]) for viewer in (anna, ben, weak)]
        await reported(6)
        after = [len(viewer.stamps["main_video"]) for viewer in (anna, ben, weak)]
        shown = [b - a for a, b in zip(before, after, strict=True)]
        assert min(shown[:2]) >= 36
        assert shown[2] <= shown[0] / 4
        steps = np.diff(anna.stamps["main_video"][-45:])
        assert np.median(steps) == pytest.approx(3000, rel=0.25)


async def test_the_packets_of_a_picture_share_its_time_and_the_last_of_them_is_marked() -> None:
    async with staging(Still) as stage:
        anna = await stage.client("main_video")
        anna.wire.tap()
        noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
        for shade in (0, 9):
            tick = Tick(pictures={"main_video": to_i420(noise + shade)}, sound={}, epoch=0)
            stage.streams.show(tick)
            seen = sum(p.marker for p in anna.wire.packets)
            await anna.until(lambda seen=seen: sum(p.marker for p in anna.wire.packets) > seen + 1)
    packets = anna.wire.packets
    last = max(i for i, p in enumerate(packets) if p.marker)
    for before, after in pairwise(packets[: last + 1]):
        assert (after.sequence - before.sequence) % 2**16 == 1
        assert before.marker is (before.timestamp != after.timestamp)
    assert {p.mid for p in packets} == {anna.named["main_video"].mid}
    assert sum(not p.marker for p in packets) > 10


async def test_no_rtp_payload_is_larger_than_1200_bytes_repeated_ones_included() -> None:
    async with staging(Still) as stage:
        anna = await stage.client("main_video")
        anna.wire.tap()
        noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
        tick = Tick(pictures={"main_video": to_i420(noise)}, sound={}, epoch=0)
        stage.streams.show(tick)
        await anna.until(lambda: len(anna.wire.packets) > 10 and shaped(anna, (480, 640)))
        plain = anna.wire.packets[0].payload_type
        await anna.wire.ask_again(
            anna.named["main_video"], [p.sequence for p in anna.wire.packets[-5:]]
        )
        await anna.until(lambda: any(p.payload_type != plain for p in anna.wire.packets))
    sizes = [p.size for p in anna.wire.packets]
    assert 1000 < max(sizes) <= 1200


@pytest.mark.parametrize("codecs", [("VP8",), ("H264",), ("H264", "VP8"), ("VP8", "H264")])
async def test_the_configured_codec_is_answered_alone_and_plays(codecs: tuple[str, ...]) -> None:
    async with staging(Plain, settings=PeerSettings(LOOPBACK, codecs)) as stage:
        anna = await stage.client("main_video")
        await anna.shows("main_video", 100)
    maps = [line for line in anna.answer.split("\r\n") if line.startswith("a=rtpmap")]
    names = {line.split()[1].split("/")[0] for line in maps}
    assert names == {codecs[0], "rtx"}
    assert sum(codecs[0] in line for line in maps) == 1


async def test_with_h264_configured_a_client_without_it_still_gets_vp8() -> None:
    async with staging(Plain, settings=PeerSettings(LOOPBACK, ("H264",))) as stage:
        modern, old = await stage.client("main_video"), stage.newcomer()
        offer = await old.offer()
        await old.accept(await old.signal(without_codec(offer, "H264")))
        await old.up()
        old.resume("main_video")
        for viewer in (modern, old):
            await viewer.shows("main_video", 100)
        assert stage.streams.video["main_video"].encoders == 2
    assert "VP8/90000" in old.answer
    assert "H264/90000" in modern.answer


def without_codec(offer, codec: str):
    """The offer of a client that lacks a codec, its retransmissions included."""
    lines = offer.sdp.split("\r\n")
    gone = {x.split(":")[1].split()[0] for x in lines if x.startswith("a=rtpmap") and codec in x}
    gone |= {x.split(":")[1].split()[0] for x in lines for g in gone if x.endswith(f"apt={g}")}
    kept = []
    for line in lines:
        name, _, rest = line.partition(":")
        if name in ("a=rtpmap", "a=fmtp", "a=rtcp-fb") and rest.split()[0] in gone:
            continue
        if line.startswith("m=video"):
            line = " ".join(part for part in line.split() if part not in gone)
        kept.append(line)
    return type(offer)("\r\n".join(kept), offer.tracks)


async def test_all_tracks_of_an_answer_have_one_stream_id() -> None:
    async with staging(Everything) as stage:
        anna = await stage.client()
    ids = {x.split()[0] for x in anna.answer.split("\r\n") if x.startswith("a=msid:")}
    assert len(ids) == 1


async def test_the_clock_of_pictures_is_the_clock_of_their_showing() -> None:
    async with staging(Plain) as stage:
        anna = await stage.client("main_video")
        await anna.more("main_video", 40)
    steps = [b - a for a, b in pairwise(anna.stamps["main_video"])]
    assert all(step > 0 for step in steps)
    assert np.median(steps) == pytest.approx(3000, rel=0.25)
