"""A whole server with a real viewer, read over HTTP as Prometheus would."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reactor_actors.core.admission import Mode
from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.core.session import State
from reactor_actors.interface import Audio, Input, Output, ReactorPipeline, Video, event
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.settings import ServerSettings, VenueSettings
from reactor_actors.transports.webrtc.settings import PeerSettings
from tests.hosted import Hosted, hosting
from tests.local import SECONDS, eventually
from tests.webrtc.rig import LOOPBACK, Client
from tests.webrtc.sources import Source

pytestmark = pytest.mark.webrtc

SETTINGS = ServerSettings(
    http=HttpSettings(host="127.0.0.1", port=0),
    venue=VenueSettings(peers=PeerSettings(ice=LOOPBACK)),
)


class Seen(Input):
    webcam: Video


class Shown(Output):
    main_video: Video
    voice: Audio


class Painter(ReactorPipeline):
    input: Seen
    fps = 25

    def inference(self) -> Any:
        rng = np.random.default_rng(1)
        while True:
            picture = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
            yield Shown(main_video=picture, voice=np.full((1, 1920), 900, np.int16))

    @event(name="nod")
    async def nod(self) -> None:
        """Do nothing."""


TRACKS = (
    Track("webcam", Kind.VIDEO, Direction.IN),
    Track("main_video", Kind.VIDEO, Direction.OUT),
    Track("voice", Kind.AUDIO, Direction.OUT, 48_000),
)


class Scraped:
    """What one look at `/metrics` has found: samples by name, and by the values of their labels."""

    def __init__(self, text: str) -> None:
        self.values: dict[str, dict[tuple[str, ...], float]] = {}
        self.growing: set[str] = set()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = tuple(sample.labels[name] for name in sorted(sample.labels))
                self.values.setdefault(sample.name, {})[labels] = sample.value
                if family.type in ("counter", "histogram"):
                    self.growing.add(sample.name)

    def __call__(self, name: str, *labels: str) -> float:
        return self.values.get(f"runtime_{name}", {}).get(labels, 0.0)

    def shrunk_since(self, before: Scraped) -> list[tuple[str, tuple[str, ...]]]:
        return [
            (name, labels)
            for name in before.growing
            for labels, value in before.values[name].items()
            if self.values.get(name, {}).get(labels, -1.0) < value
        ]


class Server:
    """The server under test, as those see it who have its address."""

    def __init__(self, hosted: Hosted, http: aiohttp.ClientSession) -> None:
        self.hosted, self._http = hosted, http
        self.clients: list[Client] = []

    async def scrape(self) -> Scraped:
        async with self._http.get(f"{self.hosted.server.url}/metrics") as answer:
            assert answer.status == 200
            return Scraped(await answer.text())

    async def scrape_until(self, right: Any) -> Scraped:
        async with asyncio.timeout(SECONDS):
            while not right(found := await self.scrape()):  # noqa: ASYNC110 - as a scraper does
                await asyncio.sleep(0.1)
        return found

    async def ask(self, path: str, **body: Any) -> Any:
        async with self._http.post(f"{self.hosted.server.url}{path}", json=body) as answer:
            assert answer.status in (200, 201, 202), await answer.text()
            return await answer.json()

    async def viewer(self) -> Client:
        """Start a session and watch it, through the routes that every client uses."""
        session = (await self.ask("/start_session"))["session_id"]
        base = f"/sessions/{session}/transport/webrtc/connections"
        number = (await self.ask(base))["connection_id"]
        client = Client(None)  # type: ignore[arg-type]
        self.clients.append(client)
        offer = await client.offer({"webcam": Source(80)}, TRACKS)
        mapping = [{"mid": mid, "name": name} for mid, name in offer.tracks.items()]
        path = f"{base}/{number}/sdp_params"
        await self.ask(path, sdp_offer=offer.sdp, track_mapping=mapping)
        async with self._http.get(f"{self.hosted.server.url}{path}") as answer:
            await client.accept((await answer.json())["sdp_answer"])
        await client.up()
        return client


async def test_every_family_has_a_plausible_value_and_no_counter_ever_goes_back() -> None:
    async with (
        hosting(Painter, replicas=2, mode=Mode.EXCLUSIVE, settings=SETTINGS, load=False) as hosted,
        aiohttp.ClientSession() as http,
    ):
        await hosted.server.start()
        server = Server(hosted, http)
        before = await server.scrape()
        for replica in "01":
            assert before("replica_state", replica, State.CREATED) == 1
            assert before("replica_viewers", replica) == 0
        assert "runtime_replica_lead_seconds" not in before.values

        for venue in hosted.server.venues.values():
            await hosted.attach(Painter, venue, None)
        anna = await server.viewer()
        try:
            for track in ("main_video", "voice"):
                anna.resume(track)
            await anna.publish("webcam")
            anna.command("nod")
            await anna.more("main_video", 20)
            found = await server.scrape_until(filled)
            check(found)

            venue = hosted.server.venues["0"]
            hosted.lose_the_model()
            await hosted.attach(Painter, venue, None)
            await anna.more("main_video", 20)
            again = await server.scrape()
            assert not again.shrunk_since(found)
            assert again("media_frames_total", "shown", "main_video") > found(
                "media_frames_total", "shown", "main_video"
            )
            assert again("media_bytes_total", "VP8", "main_video") > found(
                "media_bytes_total", "VP8", "main_video"
            )

            await server.ask("/stop_session")
            await anna.close()
            last = await server.scrape_until(lambda s: s("sessions_total", "stopped") == 1)
            assert not last.shrunk_since(again)
            assert last("session_duration_seconds_count") == 1
            assert last("connections_active") == 0
            await eventually(lambda: venue.host.state is State.READY)
        finally:
            for client in server.clients:
                await client.close()


def filled(found: Scraped) -> bool:
    """Whether everything has come that comes by itself."""
    return bool(
        found("media_frames_total", "received", "webcam")
        and found("media_bytes_total", "opus", "voice")
        and found("commands_total", "nod", "ok")
        and found("event_loop_lag_seconds_count", "0")
        and found("replica_fps", "0") > 10
    )


def mean(found: Scraped, name: str, *labels: str) -> float:
    return found(f"{name}_sum", *labels) / found(f"{name}_count", *labels)


def check(found: Scraped) -> None:
    assert found("replica_state", "0", State.STREAMING) == 1
    assert found("replica_state", "1", State.READY) == 1
    assert (found("replica_viewers", "0"), found("replica_viewers", "1")) == (1, 0)
    assert 10 < found("replica_fps", "0") <= 30
    assert found("replica_fps", "1") == 0
    assert 0 <= found("replica_ticks_waiting", "0") <= 4
    assert 0 < found("replica_lead_seconds", "0") <= 5 / 25 + 0.001
    assert found("connections_active") == found("connections_opened_total") == 1
    assert 0 < mean(found, "webrtc_connect_seconds") < 10
    assert found("model_load_seconds_count", "ok") == 2
    assert found("queue_size") == 0

    shown = found("media_frames_total", "shown", "main_video")
    assert shown >= 20
    assert found("media_frames_total", "shown", "voice") >= 20
    assert found("playout_latency_seconds_count") >= shown
    assert 0 <= mean(found, "playout_latency_seconds") < 1
    assert found("hand_off_seconds_count") >= shown
    assert 0 < mean(found, "hand_off_seconds") < 1
    assert found("hold_seconds_count") == found("hand_off_seconds_count")
    assert 0 <= mean(found, "hold_seconds") < 1
    assert 10 <= found("emit_interval_seconds_count") <= found("turn_seconds_count")
    assert 0 < mean(found, "turn_seconds") < 1
    assert 0 < mean(found, "emit_interval_seconds") < 1
    encoded = found("encode_seconds_count", "VP8", "main_video")
    assert 10 <= encoded <= shown + found("media_frames_total", "made_up", "main_video")
    assert 0 < mean(found, "encode_seconds", "VP8", "main_video") < 1
    assert found("encoder_wait_seconds_count", "VP8", "main_video") == encoded
    assert 0 <= mean(found, "encoder_wait_seconds", "VP8", "main_video") < 1
    assert 10 <= found("way_out_seconds_count", "main_video") <= encoded
    assert 0 < mean(found, "way_out_seconds", "main_video") < 1
    assert found("media_bytes_total", "VP8", "main_video") / encoded > 100
    assert found("media_target_bits_per_second", "VP8", "0", "main_video") >= 500_000
    assert 0 <= mean(found, "event_loop_lag_seconds", "0") < 1
    assert found("info", "hosted", "0") == 1
