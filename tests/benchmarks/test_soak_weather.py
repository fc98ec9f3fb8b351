"""Loss, delay and order on a path, without a network and without waiting; then a real one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from benchmarks.soak.weather import Carrier, Path, Way, Weather
from reactor_actors.transports.webrtc.ice import gathering
from reactor_actors.transports.webrtc.settings import IceSettings
from tests.local import eventually


def test_as_much_is_lost_as_the_weather_says() -> None:
    way = Way(Weather(loss=0.1), seed=1)
    came = 0
    for number in range(10_000):
        way.send(number, number)
        came += len(way.arrived(number))
    assert came + way.lost == 10_000
    assert 900 < way.lost < 1100


def test_the_same_seed_makes_the_same_weather() -> None:
    def lost(seed: int) -> list[int]:
        way = Way(Weather(loss=0.5), seed)
        for number in range(50):
            way.send(0.0, number)
        return way.arrived(0.0)

    assert lost(1) == lost(1) != lost(2)


def test_every_packet_is_as_late_as_the_weather_says_and_none_overtakes() -> None:
    way = Way(Weather(delay=0.1, jitter=0.05), seed=1)
    for number in range(200):
        way.send(number / 100, number)
    arrived: list[int] = []
    late: list[float] = []
    while (due := way.due) is not None:
        assert way.arrived(due - 1e-9) == []
        for number in way.arrived(due):
            arrived.append(number)
            late.append(due - number / 100)
    assert arrived == list(range(200))
    assert min(late) >= 0.05
    assert max(late) <= 0.15 + 1e-9
    assert max(late) - min(late) > 0.05


def test_what_does_not_fit_on_the_way_is_lost() -> None:
    way = Way(Weather(delay=1.0), seed=1, most=3)
    for number in range(5):
        way.send(0.0, number)
    assert way.arrived(1.0) == [0, 1, 2]
    assert way.lost == 2


async def test_a_closed_carrier_delivers_nothing_that_was_under_way() -> None:
    delivered: list[Any] = []
    carrier = Carrier(Way(Weather(delay=0.01), seed=1), lambda *packet: delivered.append(packet))
    carrier.send(b"one")
    carrier.close()
    other: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    later = Carrier(Way(Weather(delay=0.02), seed=1), lambda: other.set_result(None))
    later.send()
    await other
    assert delivered == []


@pytest.mark.webrtc
async def test_peers_meet_in_the_rain_and_a_cut_path_carries_nothing() -> None:
    """What one says arrives despite the loss; after the cut it does not."""
    peers = [RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2)]
    channel = peers[0].createDataChannel("data")
    heard: asyncio.Queue[str] = asyncio.Queue()
    opened = asyncio.Event()
    channel.on("open", opened.set)
    peers[1].on("datachannel", lambda other: other.on("message", heard.put_nowait))
    settings = IceSettings(bind=("127.0.0.1",))
    with gathering(peers[0], settings):
        await peers[0].setLocalDescription(await peers[0].createOffer())
    path = Path(peers[0], Weather(loss=0.2, delay=0.005), seed=4)
    await peers[1].setRemoteDescription(
        RTCSessionDescription(peers[0].localDescription.sdp, "offer")
    )
    with gathering(peers[1], settings):
        await peers[1].setLocalDescription(await peers[1].createAnswer())
    await peers[0].setRemoteDescription(
        RTCSessionDescription(peers[1].localDescription.sdp, "answer")
    )
    await opened.wait()
    for number in range(50):
        channel.send(str(number))
    assert [await heard.get() for _ in range(50)] == [str(number) for number in range(50)]
    assert path.lost > 0
    path.cut()
    lost = path.lost
    channel.send("nobody hears this")
    await eventually(lambda: path.lost > lost)
    await asyncio.gather(*(peer.close() for peer in peers))
    assert heard.empty()
