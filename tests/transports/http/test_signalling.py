from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.errors import ClientError
from reactor_actors.core.ports import Candidate, Offer
from reactor_actors.transports.http.replies import RefusedError
from reactor_actors.transports.http.settings import IceServer
from reactor_actors.transports.http.signalling import candidates_in, offer_in
from tests.transports.http.site import RTC, SDP, Site, serving

OFFER = {"sdp_offer": SDP, "client_info": {"sdk_type": "js"}}
ROUTES = [
    ("GET", "ice_servers"),
    ("POST", "connections"),
    ("POST", "sdp_params"),
    ("PUT", "sdp_params"),
    ("GET", "sdp_params"),
    ("POST", "ice_candidates"),
    ("POST", "connections/1002/sdp_params"),
    ("PUT", "connections/1002/sdp_params"),
    ("GET", "connections/1002/sdp_params"),
    ("POST", "connections/1002/ice_candidates"),
]

KEYS = st.sampled_from(
    ["sdp_offer", "track_mapping", "mid", "name", "candidates", "candidate", "sdp_mid"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def candidate(text: str, mid: str | None = "0") -> dict[str, Any]:
    return {"candidate": text, "sdp_mid": mid, "sdp_mline_index": 0}


async def paths(site: Site) -> list[tuple[str, int]]:
    """Both shapes: a fresh connection's path with its id, and the flat one."""
    fresh = await site.connection()
    return [(f"{RTC}/connections/{fresh}", fresh), (RTC, 1001)]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_without_a_session_every_transport_route_says_so(
    site: Site, method: str, path: str
) -> None:
    answer = await site.ask(method, f"{RTC}/{path}")

    assert (answer.status, answer.detail) == (400, "No session running")


async def test_a_session_that_closes_does_not_run(session: Site) -> None:
    await session.post("/stop_session")

    assert (await session.post(f"{RTC}/connections")).status == 400


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_another_session_is_404(session: Site, method: str, path: str) -> None:
    answer = await session.ask(method, f"/sessions/other/transport/webrtc/{path}")

    assert answer.status == 404


async def test_there_are_no_ice_servers_unless_configured(session: Site) -> None:
    answer = await session.get(f"{RTC}/ice_servers")

    assert (answer.status, answer.body) == (200, {"ice_servers": []})


async def test_ice_servers_have_credentials_only_if_they_need_some() -> None:
    servers = (
        IceServer(("stun:stun.example:3478",)),
        IceServer(("turn:turn.example:3478",), "u", "p"),
    )
    async with serving(ice_servers=servers) as site:
        await site.started()

        assert (await site.get(f"{RTC}/ice_servers")).body["ice_servers"] == [
            {"uris": ["stun:stun.example:3478"]},
            {"uris": ["turn:turn.example:3478"], "credentials": {"username": "u", "password": "p"}},
        ]


async def test_a_connection_is_201_with_an_id_nobody_has(session: Site) -> None:
    answers = [await session.post(f"{RTC}/connections") for _ in range(5)]
    ids = [answer.body["connection_id"] for answer in answers]

    assert {answer.status for answer in answers} == {201}
    assert all(type(number) is int and 1002 <= number <= 9999 for number in ids)
    assert len(set(ids)) == 5
    assert answers[0].body["track_map"] == {}


async def test_one_connection_too_many_is_503_but_a_new_offer_passes(session: Site) -> None:
    session.signalling.most = 2
    first, _ = [await session.connection() for _ in range(2)]
    refused = await session.post(f"{RTC}/connections")

    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    path = f"{RTC}/connections/{first}/sdp_params"
    assert (await session.post(path, json=OFFER)).status == 202
    assert (await session.put(path, json=OFFER)).status == 202
    assert (await session.post(f"{RTC}/sdp_params", json=OFFER)).status == 503


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_an_offer_is_202_at_once_on_both_shapes(session: Site, method: str) -> None:
    for path, number in await paths(session):
        answer = await session.ask(method, f"{path}/sdp_params", json=OFFER)

        assert (answer.status, answer.body) == (202, {"connection_id": number})
        assert session.signalling.answers == {}


async def test_an_offer_names_its_tracks_by_mid(session: Site) -> None:
    mapping = [
        {"mid": "0", "name": "webcam", "kind": "video", "direction": "sendonly"},
        {"mid": "1", "name": "main_video", "kind": "video", "direction": "recvonly"},
    ]
    await session.post(f"{RTC}/sdp_params", json={**OFFER, "track_mapping": mapping})

    assert session.signalling.offers[1001] == [Offer(SDP, {"0": "webcam", "1": "main_video"})]


async def test_a_new_flat_offer_takes_the_flat_slot_again(session: Site) -> None:
    for method in ("POST", "POST", "PUT"):
        assert (await session.ask(method, f"{RTC}/sdp_params", json=OFFER)).status == 202

    assert [len(offers) for offers in session.signalling.offers.values()] == [3]


BROKEN: list[Any] = [
    {},
    {"sdp_offer": None},
    {"sdp_offer": 7},
    {"sdp_offer": ""},
    {"sdp_offer": "not SDP"},
    {**OFFER, "track_mapping": "0"},
    {**OFFER, "track_mapping": ["0"]},
    {**OFFER, "track_mapping": [{"mid": "0"}]},
    {**OFFER, "track_mapping": [{"mid": 0, "name": "webcam"}]},
]


@pytest.mark.parametrize("body", BROKEN, ids=repr)
async def test_a_broken_offer_is_422_on_both_shapes(session: Site, body: Any) -> None:
    for path, _ in await paths(session):
        answer = await session.post(f"{path}/sdp_params", json=body)

        assert answer.status == 422
        assert answer.detail


@pytest.mark.parametrize(
    "number", ["4242", "0", "abc", "99999999999999999999", "-1", "%EF%BC%91%30%30%32"]
)
async def test_an_unknown_connection_is_404(session: Site, number: str) -> None:
    path = f"{RTC}/connections/{number}"

    assert (await session.post(f"{path}/sdp_params", json=OFFER)).status == 404
    assert (await session.put(f"{path}/sdp_params", json=OFFER)).status == 404
    assert (await session.get(f"{path}/sdp_params")).status == 404
    assert (await session.post(f"{path}/ice_candidates", json={})).status == 404


async def test_an_answer_to_no_offer_is_404_on_both_shapes(session: Site) -> None:
    for path, _ in await paths(session):
        assert (await session.get(f"{path}/sdp_params")).status == 404


async def test_the_question_for_an_answer_is_held_until_there_is_one(session: Site) -> None:
    for path, number in await paths(session):
        await session.post(f"{path}/sdp_params", json=OFFER)
        asked = asyncio.create_task(session.get(f"{path}/sdp_params"))
        assert (await session.get("/health")).status == 200
        assert not asked.done()

        session.signalling.settle(number, "v=0 answer")
        answer = await asked
        assert answer.status == 200
        assert answer.body == {"sdp_answer": "v=0 answer", "connection_id": number}


async def test_without_an_answer_the_question_ends_in_an_empty_202() -> None:
    async with serving(answer_seconds=0.02) as site:
        await site.started()
        for path, number in await paths(site):
            await site.post(f"{path}/sdp_params", json=OFFER)
            answer = await site.get(f"{path}/sdp_params")
            assert (answer.status, answer.text) == (202, "")

            site.signalling.settle(number, SDP)
            assert (await site.get(f"{path}/sdp_params")).status == 200


async def test_a_failed_negotiation_is_500_and_says_why(session: Site) -> None:
    for path, number in await paths(session):
        await session.post(f"{path}/sdp_params", json=OFFER)
        error = ClientError("negotiation_failed", "no codec in common")
        session.signalling.settle(number, error)
        answer = await session.get(f"{path}/sdp_params")

        assert (answer.status, answer.detail) == (500, "no codec in common")


async def test_candidates_are_202_before_and_after_the_offer_and_the_answer(session: Site) -> None:
    for path, number in await paths(session):
        for turn in range(3):
            if turn == 1:
                await session.post(f"{path}/sdp_params", json=OFFER)
            if turn == 2:
                session.signalling.settle(number, SDP)
            body = {"candidates": [candidate(f"candidate:{turn}")], "is_final": turn == 2}
            assert (await session.post(f"{path}/ice_candidates", json=body)).status == 202

        assert session.signalling.heard[number] == [
            Candidate(f"candidate:{turn}", "0", 0) for turn in range(3)
        ]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"is_final": True},
        {"candidates": []},
        {"candidates": None},
        {"candidates": [{"candidate": ""}, {"candidate": None}, {}]},
    ],
    ids=repr,
)
async def test_candidates_that_are_none_are_202(session: Site, body: Any) -> None:
    for path, number in await paths(session):
        assert (await session.post(f"{path}/ice_candidates", json=body or {})).status == 202
        assert session.signalling.heard[number] == []


async def test_what_goes_with_a_candidate_may_be_missing_or_wrong(session: Site) -> None:
    sent = [{"candidate": "a"}, {"candidate": "b", "sdp_mid": 0, "sdp_mline_index": True}]
    await session.post(f"{RTC}/ice_candidates", json={"candidates": sent})

    assert session.signalling.heard[1001] == [Candidate("a"), Candidate("b")]


@pytest.mark.parametrize("candidates", ["x", {"candidate": "x"}, ["x"], [None]], ids=repr)
async def test_candidates_that_are_no_list_of_objects_are_422(
    session: Site, candidates: Any
) -> None:
    body = {"candidates": candidates}

    assert (await session.post(f"{RTC}/ice_candidates", json=body)).status == 422


@given(st.dictionaries(KEYS, JSON))
def test_whatever_a_body_holds_it_is_read_or_refused(body: dict[str, Any]) -> None:
    for read in (offer_in, candidates_in):
        with suppress(RefusedError):
            read(body)


async def test_a_connection_ends_with_its_session(session: Site) -> None:
    number = await session.connection()
    await session.post("/stop_session")
    session.wound_down()
    await session.started()
    path = f"{RTC}/connections/{number}"

    assert (await session.put(f"{path}/sdp_params", json=OFFER)).status == 404
    assert (await session.post(f"{path}/ice_candidates", json={})).status == 404
