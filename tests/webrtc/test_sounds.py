"""Sound on its way to the clients."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from reactor_actors.core.media import Tick
from tests.webrtc.models.everything import Everything
from tests.webrtc.models.speech import Stutter
from tests.webrtc.rig import Client, staging
from tests.webrtc.sources import pitch

pytestmark = pytest.mark.webrtc


async def heard(client: Client, track: str, seconds: float = 1.0) -> np.ndarray:
    """Return that much sound, after the first half second: (channels, samples)."""
    await client.more(track, 25 + round(seconds * 50))
    return np.concatenate(client.sounds[track][25:], axis=1)


async def test_a_tone_declared_at_16_khz_and_stereo_arrive_as_they_are_on_tracks_apart() -> None:
    async with staging(Everything) as stage:
        anna = await stage.client("voice", "music")
        voice, music = await heard(anna, "voice"), await heard(anna, "music")
    assert pitch(voice[0]) == pytest.approx(440, abs=3)
    assert pitch(voice[1]) == pytest.approx(440, abs=3)
    assert pitch(music[0]) == pytest.approx(1000, abs=3)
    assert pitch(music[1]) == pytest.approx(3000, abs=3)


async def test_two_pictures_two_sounds_and_two_inputs_all_flow_in_any_order() -> None:
    async with staging(Everything) as stage:
        anna = stage.newcomer()
        backwards = tuple(reversed(stage.local.contract.tracks))
        await anna.accept(await anna.signal(await anna.offer(tracks=backwards)))
        await anna.up()
        for track in ("voice", "side_video", "music", "main_video"):
            anna.resume(track)
        await anna.shows("main_video", 60)
        await anna.shows("side_video", 200)
        assert pitch((await heard(anna, "voice"))[0]) == pytest.approx(440, abs=3)
        assert pitch((await heard(anna, "music"))[1]) == pytest.approx(3000, abs=3)


async def test_the_clock_of_sound_runs_on_through_a_gap_and_silence_is_sent() -> None:
    async with staging(Stutter) as stage:
        anna = await stage.client("voice")
        anna.wire.tap()
        anna.command("speak")
        await anna.more("voice", 150)  # three seconds, of which one is spoken
        anna.command("speak")
        before = len(anna.sounds["voice"])
        await anna.until(lambda: any(np.abs(s).max() > 5000 for s in anna.sounds["voice"][before:]))
    stamps = [p.timestamp for p in anna.wire.packets]
    steps = [(b - a) % 2**32 for a, b in pairwise(stamps)]
    assert np.median(steps) == 960
    assert max(steps) < 48_000  # and not the two seconds in which nothing was said
    silent = [s for s in anna.sounds["voice"] if np.abs(s).max() < 50]
    assert len(silent) > 50


async def test_a_paused_track_sends_no_silence() -> None:
    async with staging(Stutter) as stage:
        anna, ben = await stage.client("voice"), await stage.client("voice")
        anna.command("speak")
        await anna.more("voice", 10)
        anna.wire.tap()
        anna.pause("voice")
        anna.data.send("{}")
        await ben.more("voice", 10)
        sent = len(anna.wire.packets)
        await ben.more("voice", 30)
        assert len(anna.wire.packets) == sent


async def test_flush_drops_the_sound_that_waits() -> None:
    async with staging(Stutter) as stage:
        anna = await stage.client("voice")
        anna.command("speak")
        await anna.more("voice", 60)
        tone = (20_000 * np.sin(2 * np.pi * 800 * np.arange(48_000) / 48_000)).astype(np.int16)
        stage.streams.show(Tick(pictures={}, sound={"voice": tone[None]}, epoch=0))
        await anna.until(lambda: np.abs(anna.sounds["voice"][-1]).max() > 15_000)
        stage.streams.blank()
        before = len(anna.sounds["voice"])
        await anna.more("voice", 60)
    loud = [np.abs(s).max() > 15_000 for s in anna.sounds["voice"][before:]]
    assert sum(loud) < 20


async def test_a_client_that_offers_another_audio_codec_first_still_gets_opus() -> None:
    async with staging(Stutter) as stage:
        anna = stage.newcomer()
        offer = await anna.offer()
        lines = [
            " ".join([*(p := x.split())[:3], *reversed(p[3:])]) if x.startswith("m=audio") else x
            for x in offer.sdp.split("\r\n")
        ]
        maps = [x for x in lines if x.startswith("a=rtpmap")]
        at = lines.index(maps[0])
        lines[at : at + len(maps)] = reversed(maps)
        await anna.accept(await anna.signal(type(offer)("\r\n".join(lines), offer.tracks)))
        await anna.up()
        anna.resume("voice")
        anna.command("speak")
        assert pitch((await heard(anna, "voice", 0.3))[0]) == pytest.approx(440, abs=5)
    assert "opus/48000/2" in anna.answer
    assert "PCM" not in anna.answer
