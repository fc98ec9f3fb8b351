"""One replica here, one in another process: over HTTP they are alike, also when that one dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from reactor_actors.core.messages import SessionClosed
from reactor_actors.core.mode import Mode
from reactor_actors.core.session import State
from reactor_actors.transports.host import TransportHost
from tests.fakes import FakePeer
from tests.local import eventually
from tests.transports.http.site import SDP, Site, serving


@pytest.fixture
async def apart() -> AsyncIterator[Site]:
    """Replica 0 here, replica 1 elsewhere, a session each."""
    async with serving(mode=Mode.EXCLUSIVE, elsewhere=("1",), answer_seconds=5.0) as site:
        yield site


async def both(site: Site) -> tuple[str, str]:
    """Start a session here, then one elsewhere."""
    answers = [await site.post("/start_session") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    here, there = (answer.body["session_id"] for answer in answers)
    assert (site.host.session, far_host(site).session) == (here, there)
    return here, there


def far_host(site: Site) -> TransportHost:
    return site.far.process.hosts["1"]


async def test_a_client_is_connected_wherever_its_session_is(apart: Site) -> None:
    for session in await both(apart):
        signalling = apart.signalling
        if session == far_host(apart).session:
            signalling = apart.far.process.signalling["1"]
        base = f"/sessions/{session}/transport/webrtc"
        number = (await apart.post(f"{base}/connections")).body["connection_id"]
        offer = {"sdp_offer": SDP}
        path = f"{base}/connections/{number}"
        assert (await apart.get(f"{path}/sdp_params")).status == 404  # nothing was offered yet
        assert (await apart.post(f"{path}/sdp_params", json=offer)).status == 202
        candidates = {"candidates": [{"candidate": "c", "sdp_mid": "0"}]}
        assert (await apart.post(f"{path}/ice_candidates", json=candidates)).status == 202
        signalling.settle(number, "v=0 answer")
        assert (await apart.get(f"{path}/sdp_params")).body["sdp_answer"] == "v=0 answer"
        bad = await apart.post(f"{path}/sdp_params", json={"sdp_offer": "nonsense"})
        assert bad.status == 422
        flat = await apart.post(f"{base}/sdp_params", json=offer)
        assert (flat.status, flat.body) == (202, {"connection_id": 1001})


async def test_a_file_goes_where_its_session_is(apart: Site) -> None:
    for session, host in zip(await both(apart), (apart.host, far_host(apart)), strict=True):
        body = {"name": "a", "mime_type": "b", "size": 3}
        path = f"/sessions/{session}/uploads"
        assert (await apart.post(path, json={**body, "size": 2**40})).status == 413
        upload = (await apart.post(path, json=body)).body["presigned_id"]
        assert upload in host.uploads
        assert (await apart.put(f"/uploads/{upload}", data=b"wxyz")).status == 400
        assert (await apart.put(f"/uploads/{upload}", data=b"xyz")).status == 200
        assert (await apart.put(f"/uploads/{upload}", data=b"xyz")).status == 409
        assert (await host.uploads.find([upload]))[upload].data == b"xyz"


async def test_a_stop_ends_a_session_elsewhere(apart: Site) -> None:
    here, there = await both(apart)
    assert (await apart.post("/stop_session", json={"session_id": there})).status == 200
    assert [room.facts.session for room in apart.lobby.running] == [here]
    far_host(apart).receive(SessionClosed(there))
    await eventually(lambda: apart.lobby.rooms["1"].facts.state is State.READY)
    assert (await apart.get("/health")).body["replicas"] == {"total": 2, "free": 1}
    assert (await apart.post("/start_session")).status == 200


async def test_a_clean_close_elsewhere_ends_the_session_that_a_stop_meant(apart: Site) -> None:
    here, there = await both(apart)
    for host in (apart.host, far_host(apart)):
        host.join(FakePeer("1002"))
    assert (await apart.post("/stop_session")).status == 200
    far_host(apart).leave("1002")
    await eventually(lambda: apart.lobby.find(there) is None)
    assert apart.lobby.find(here) is not None


async def test_a_process_that_hangs_is_503_and_takes_neither_the_other_nor_its_own_replica_away(
    apart: Site,
) -> None:
    here = (await apart.post("/start_session")).body["session_id"]
    apart.far.process.hung = True
    asking = asyncio.ensure_future(apart.post("/start_session"))
    served = await apart.post(f"/sessions/{here}/transport/webrtc/connections")
    assert (served.status, asking.done()) == (201, False)
    answer = await asking
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.detail == "The transport of this session does not answer."
    apart.far.process.hung = False
    assert (await apart.post("/start_session")).status == 200
    assert far_host(apart).state is State.WAITING


async def test_a_process_that_dies_takes_its_session_along_and_nothing_else(apart: Site) -> None:
    here, there = await both(apart)
    for host in (apart.host, far_host(apart)):
        host.join(FakePeer("1002"))
    await eventually(lambda: apart.lobby.rooms["1"].facts.clients == 1)
    apart.far.process.die()
    await eventually(lambda: apart.lobby.find(there) is None)
    path = f"/sessions/{there}/transport/webrtc/connections"
    assert (await apart.post(path)).status == 404
    health = (await apart.get("/health")).body
    assert (health["state"], health["detail"]) == ("serving", "restart 1 of 3")
    assert apart.host.session == here
    text = (await apart.get("/metrics")).text
    for line in (
        "runtime_connections_active 1.0",
        "runtime_connections_opened_total 2.0",
        'runtime_sessions_total{reason="error"} 1.0',
        "runtime_model_restarts_total 1.0",
    ):
        assert line in text
    kinds = [(e.kind, e.session) for e in apart.record.journal.after(0) if e.session == there]
    assert kinds[-3:] == [
        ("connection_closed", there),
        ("session_ended", there),
        ("transition", there),
    ]
    await eventually(lambda: len(apart.far.lives) == 2)
    await apart.far.loaded()
    assert (await apart.post("/start_session")).status == 200
    assert far_host(apart).session not in (None, there)
