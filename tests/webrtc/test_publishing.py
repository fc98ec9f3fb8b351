"""What clients publish, on its way to the model."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy as np
import pytest

from tests.webrtc.models.everything import Everything
from tests.webrtc.models.watcher import Watcher
from tests.webrtc.rig import Client, Stage, staging
from tests.webrtc.sources import Mic, Source, pitch

pytestmark = pytest.mark.webrtc


async def camera_shows(stage: Stage, level: float) -> None:
    def newest() -> bool:
        frames = stage.model.input.webcam.try_read(1)
        return frames is not None and abs(float(frames[-1].data.mean()) - level) < 6

    await stage.until(newest)


def sources(level: int = 150) -> dict[str, Any]:
    return {"webcam": Source(level), "mic": Mic(600)}


async def test_a_webcam_and_a_microphone_reach_the_model() -> None:
    async with staging(Watcher) as stage:
        anna = await stage.client(publish=sources(150))
        assert "data" in await anna.publish("webcam")
        await anna.publish("mic")
        await camera_shows(stage, 150)
        mic = stage.model.input.mic
        await stage.until(lambda: mic.available >= 60)
        frames = mic.try_read(50)
        sound = np.concatenate([np.asarray(f.data) for f in frames], axis=1)[0]
        assert pitch(sound.astype(float)) == pytest.approx(600, abs=5)


async def test_the_first_publisher_wins_and_the_track_is_free_again_after_unpublish() -> None:
    async with staging(Watcher) as stage:
        anna = await stage.client(publish=sources(40))
        ben = await stage.client(publish=sources(200))
        assert "error" not in await anna.publish("webcam")
        assert (await ben.publish("webcam"))["error"]["code"] == "publish_refused"
        assert (await ben.publish("main_video"))["error"]["code"] == "publish_refused"
        await camera_shows(stage, 40)
        anna.notify("unpublish_track", "webcam")
        await anna.publish("mic")
        assert "error" not in await ben.publish("webcam")
        await camera_shows(stage, 200)


async def test_a_client_that_leaves_frees_its_track() -> None:
    async with staging(Watcher) as stage:
        anna = await stage.client(publish=sources(40))
        ben = await stage.client(publish=sources(200))
        await anna.publish("webcam")
        await anna.close()
        await stage.until(lambda: "connection_closed" in stage.notes)
        assert "error" not in await ben.publish("webcam")
        await camera_shows(stage, 200)


async def test_a_new_offer_on_the_same_id_gives_its_claims_back() -> None:
    async with staging(Watcher) as stage:
        anna, ben = await stage.client(), await stage.client(publish=sources(200))
        await anna.publish("webcam")
        again = await stage.client(number=anna.number)
        assert "error" not in await ben.publish("webcam")
        assert (await again.publish("webcam"))["error"]["code"] == "publish_refused"


async def test_flat_media_claims_a_free_track_by_itself_and_yields_to_who_has_asked() -> None:
    async with staging(Watcher) as stage:
        ben = await stage.client(publish=sources(200))
        await ben.publish("webcam")
        await stage.client(flat=True, publish=sources(40))
        await camera_shows(stage, 200)
        ben.notify("unpublish_track", "webcam")
        await camera_shows(stage, 40)
        assert (await ben.publish("webcam"))["error"]["code"] == "publish_refused"


async def test_both_clients_may_speak_at_once_on_tracks_of_their_own() -> None:
    async with staging(Watcher) as stage:
        anna = await stage.client(publish=sources(70))
        ben = await stage.client(publish=sources(210))
        await anna.publish("webcam")
        await ben.publish("mic")
        await camera_shows(stage, 70)
        await stage.until(lambda: stage.model.input.mic.available > 20)


async def test_media_nobody_claimed_is_not_kept() -> None:
    async with staging(Watcher) as stage:
        anna = await stage.client(publish=sources(40))
        await anna.until(lambda: packets_of(anna) > 20)
        assert stage.model.input.webcam.total_received == 0
        await anna.publish("webcam")
        await camera_shows(stage, 40)


def packets_of(client: Client) -> int:
    stamps = client.named["webcam"].sender.track
    return int(stamps.sent) if stamps else 0


async def test_media_for_a_track_the_model_lacks_is_not_even_decoded() -> None:
    async with staging(Watcher) as stage:
        anna = stage.newcomer()
        offer = await anna.offer(sources(40))
        strange = type(offer)(offer.sdp, dict.fromkeys(offer.tracks, "no_such"))
        await anna.accept(await anna.signal(strange))
        await anna.up()
        await anna.until(lambda: packets_of(anna) > 20)
        assert stage.model.input.webcam.total_received == 0


async def test_a_goodbye_of_a_resting_track_does_not_end_it() -> None:
    async with staging(Watcher) as stage:
        anna = await stage.client(publish=sources(40))
        await anna.publish("webcam")
        await camera_shows(stage, 40)
        await anna.wire.say_goodbye(anna.named["webcam"])
        seen = stage.model.input.webcam.total_received
        await stage.until(lambda: stage.model.input.webcam.total_received > seen + 10)


async def test_who_sends_from_hundreds_of_sources_is_cut_off_and_leaves_nothing_behind() -> None:
    threads = threading.active_count()
    async with staging(Watcher) as stage:
        ben = await stage.client(publish=sources(200))
        await ben.publish("webcam")
        anna = await stage.client(publish=sources(40))
        await anna.wire.babble(anna.named["webcam"], 300)
        await stage.until(lambda: "connection_closed" in stage.notes)
        await anna.until(lambda: anna.pc.connectionState == "closed")
        await camera_shows(stage, 200)
    assert threading.active_count() <= threads + 8  # idle workers of the loop's own pool


async def test_inputs_and_outputs_live_side_by_side() -> None:
    async with staging(Everything) as stage:
        anna = await stage.client("main_video", "music", publish=sources(90))
        await asyncio.gather(anna.publish("webcam"), anna.publish("mic"))
        await anna.shows("main_video", 60)
        await anna.more("music", 10)
        await camera_shows(stage, 90)
