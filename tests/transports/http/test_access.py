from __future__ import annotations

import logging

import pytest

from tests.transports.http.site import RTC, SDP, Site, serving

TOKEN = "s3cret/token with ä"
QUOTED = "s3cret%2Ftoken%20with%20%C3%A4"
SHOWN = {"Authorization": "Bearer s3cret"}
GUARDED = [
    ("GET", "/session"),
    ("POST", "/start_session"),
    ("POST", "/stop_session"),
    ("GET", f"{RTC}/ice_servers"),
    ("POST", f"{RTC}/connections"),
    ("POST", f"{RTC}/sdp_params"),
    ("GET", f"{RTC}/sdp_params"),
    ("POST", f"{RTC}/ice_candidates"),
    ("POST", "/sessions/local/uploads"),
    ("GET", "/schema"),
    ("GET", "/metrics"),
    ("GET", "/events"),
    ("GET", "/"),
    ("GET", "/nowhere"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_without_the_token_every_route_is_401(method: str, path: str) -> None:
    async with serving(token="s3cret") as site:
        site.host.start("local")
        for headers in ({}, {"Authorization": "Bearer local"}, {"Authorization": "s3cret"}):
            answer = await site.ask(method, path, headers=headers)
            assert answer.status == 401
            assert answer.detail
        wrong = f"/t/wrong{path}"
        assert (await site.ask(method, wrong)).status == 401


async def test_the_header_is_one_way_to_show_it() -> None:
    async with serving(token="s3cret") as site:
        for scheme in ("Bearer s3cret", "bearer  s3cret"):
            answer = await site.post("/start_session", headers={"Authorization": scheme})
            assert answer.status == 200


async def test_the_address_is_another_way_but_for_get_only() -> None:
    async with serving(token="s3cret") as site:
        assert (await site.get("/metrics?token=s3cret")).status == 200
        assert (await site.get("/metrics?token=wrong&token=s3cret")).status == 200
        assert (await site.get("/metrics?token=")).status == 401
        assert (await site.post("/start_session?token=s3cret")).status == 401


async def test_under_the_prefix_every_route_works_whatever_the_header_says() -> None:
    async with serving(token="s3cret") as site:
        stray = {"Authorization": "Bearer local"}
        assert (await site.post("/t/s3cret//start_session", headers=stray)).status == 200
        assert (await site.get("/t/s3cret/session", headers=stray)).status == 200
        opened = await site.post(f"/t/s3cret{RTC}/connections", headers=stray)
        assert opened.status == 201
        path = f"/t/s3cret{RTC}/connections/{opened.body['connection_id']}/sdp_params"
        assert (await site.put(path, json={"sdp_offer": SDP}, headers=stray)).status == 202
        assert (await site.get("/t/s3cret/health")).status == 200
        assert (await site.get("/t/s3cret/nowhere")).status == 404


async def test_a_token_of_any_characters_can_be_shown_in_every_way() -> None:
    async with serving(token=TOKEN) as site:
        assert (await site.get(f"/t/{QUOTED}/metrics")).status == 200
        assert (await site.get(f"/metrics?token={QUOTED}")).status == 200
        header = {"Authorization": f"Bearer {TOKEN}"}
        assert (await site.get("/metrics", headers=header)).status == 200


async def test_preflight_health_and_the_address_of_an_upload_are_free() -> None:
    async with serving(token="s3cret") as site:
        site.host.start("local")
        body = {"name": "a.txt", "size": 3, "mime_type": "text/plain"}
        opened = await site.post("/t/s3cret/sessions/local/uploads", json=body)
        address = f"/uploads/{opened.body['presigned_id']}"

        assert opened.body["presigned_url"].endswith(address)
        assert "s3cret" not in opened.text
        assert (await site.put(address, data=b"abc")).status == 200
        assert (await site.ask("OPTIONS", "/start_session")).status == 204
        assert (await site.get("/health")).status == 200


async def test_without_a_token_what_is_shown_does_not_matter(site: Site) -> None:
    stray = {"Authorization": "Bearer local"}

    assert (await site.post("/start_session", headers=stray)).status == 200
    assert (await site.get("/t/s3cret/health")).status == 404


async def test_the_token_is_never_told_to_log_journal_metrics_or_errors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(token="s3cret") as site:
        answers = [
            await site.get("/t/s3cret/nowhere"),
            await site.get("/nowhere?token=s3cret"),
            await site.get("/t/s3cret/events?since=x"),
            await site.post("/t/s3cret/start_session", data=b"["),
            await site.get("/metrics", headers=SHOWN),
        ]
        site.host.start("local")
        told = "".join(a.text for a in answers)
        told += "".join(entry.event() for entry in site.record.journal.after(0))

    assert "s3cret" not in told
    assert "s3cret" not in caplog.text


async def test_odd_bytes_are_no_token_and_no_mistake() -> None:
    async with serving(token="s3cret") as site:
        for path in (b"/metrics", b"/t/%ff%fe/metrics", b"/t//metrics", b"/metrics?token=%ff"):
            for shown in (b"Bearer \xff\xfe", b"Bearer", b"", b"Bearer " + b"x" * 5000):
                request = b"GET %b HTTP/1.1\r\nHost: x\r\nAuthorization: %b\r\n\r\n"
                assert (await site.raw(request % (path, shown))).startswith("HTTP/1.1 401")
