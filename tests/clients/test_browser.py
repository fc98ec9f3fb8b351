"""What only a page does: `@reactor-team/js-sdk` 2.9.0 in a real Chromium."""

from __future__ import annotations

import json

import pytest

from tests.clients import chromium as chromiums
from tests.clients.browser import BrowserViewer
from tests.clients.chromium import Chromium
from tests.clients.conftest import BROWSER, PYTHON, PYTHON_08, Join
from tests.clients.servers import Server
from tests.clients.sight import distance, until


@pytest.fixture
async def viewer(server: Server, join: Join) -> BrowserViewer:
    made = await join(BROWSER, server)
    await made.connect()
    return made


async def test_nothing_goes_wrong_from_connecting_to_leaving(
    viewer: BrowserViewer, server: Server
) -> None:
    await viewer.sees_moving()
    await viewer.film((40, 160, 220))
    await viewer.sees_webcam((40, 160, 220))
    await viewer.ask("describe")
    await viewer.leave()
    assert viewer.errors == []
    assert viewer.statuses == ["connecting", "waiting", "ready", "disconnected"]
    grave = ("error:", "warning:", "uncaught:")
    assert [line for line in viewer.page.console if line.startswith(grave)] == []


async def test_the_browsers_own_webcam_and_mic_reach_the_model(viewer: BrowserViewer) -> None:
    await viewer.page.allow("videoCapture", "audioCapture")
    await viewer.page.run("viewer.capture()")

    async def alike() -> bool:
        own, seen = await viewer.screen("own"), await viewer.seen()
        if own is None or seen is None:
            return False
        mean = tuple(own.reshape(-1, 3).mean(axis=0))
        return distance(mean, seen.webcam) < 30

    await until(alike, "the page's webcam in the picture")
    await viewer.sees(lambda s: s.loudness > 0.05, "the page's mic in the picture")


async def test_statistics_show_a_live_connection(viewer: BrowserViewer) -> None:
    await viewer.sees_moving()

    async def counted() -> bool:
        stats = await viewer.page.run("viewer.stats()")
        return bool(stats and stats.get("framesPerSecond", 0) > 10)

    await until(counted, "pictures per second")
    stats = await viewer.page.run("viewer.stats()")
    assert stats["candidateType"] in ("host", "prflx")
    assert stats["packetLossRatio"] < 0.05


async def test_a_reloaded_page_plays_again_at_once(viewer: BrowserViewer) -> None:
    await viewer.send("set_colour", colour="green")
    await viewer.sees(lambda s: s.block == "green", "a green block")
    await viewer.page.reload()
    await viewer.connect()
    await viewer.sees(lambda s: s.block == "green", "the same session", 5)
    await viewer.sees_moving()


async def test_a_refusal_goes_to_its_sender_only(
    viewer: BrowserViewer, server: Server, join: Join
) -> None:
    others = [await join(kind, server) for kind in (PYTHON_08, PYTHON)]
    for other in others:
        await other.connect()
    assert (await viewer.refused("refuse")).code == "out_of_paint"
    await viewer.send("announce", text="after it")
    for each in (viewer, *others):
        await each.heard_of("announced")
    assert [notice["type"] for notice in viewer.notices] == ["commandError"]
    assert [(other.notices, other.errors) for other in others] == [([], []), ([], [])]


async def test_a_message_of_200_kb_passes_both_ways(viewer: BrowserViewer) -> None:
    text = "0123456789" * 20_000
    assert (await viewer.ask("echo", text=text))["text"] == text


async def test_a_reply_too_large_for_the_page_is_refused(viewer: BrowserViewer) -> None:
    text = "0123456789" * 20_000
    assert (await viewer.refused("repeat", text=text, times=2)).code == "message_too_large"
    assert (await viewer.ask("echo", text="small"))["text"] == "small"


async def test_the_end_of_a_session_is_told_with_its_reason(
    viewer: BrowserViewer, server: Server
) -> None:
    await viewer.sees_moving()
    server.post("/stop_session", {"reason": "closing time"})
    assert await viewer.told("sessionEnded") == {"reason": "closing time"}

    async def gone() -> bool:
        await viewer.listen()
        return viewer.statuses[-1] == "disconnected"

    await until(gone, "disconnected", 20)


async def test_clips_are_refused_at_once(viewer: BrowserViewer) -> None:
    await viewer.page.ask("viewer.send", "requestClip", {"duration_seconds": 5}, "runtime")
    assert await viewer.told("clipFailed") == {"reason": "recorder disabled"}


async def test_the_schema_comes_when_asked_for(viewer: BrowserViewer, server: Server) -> None:
    await viewer.page.ask("viewer.send", "requestSchema", {}, "runtime")
    assert await viewer.told("modelSchema") == server.get("/schema")


async def test_an_offer_that_hides_its_addresses_connects_quickly(viewer: BrowserViewer) -> None:
    await viewer.sees_moving()
    offers = [
        json.loads(request["postData"])["sdp_offer"]
        for request in viewer.page.requests
        if request["method"] == "POST" and request["url"].endswith("/sdp_params")
    ]
    assert len(offers) == 1
    candidates = [line for line in offers[0].splitlines() if line.startswith("a=candidate")]
    assert candidates
    assert all(line.split()[4].endswith(".local") for line in candidates), candidates


async def test_the_controller_widget_draws_and_sends_every_command(
    server: Server, chromium: Chromium, pages: str
) -> None:
    async with chromiums.page(chromium, pages) as page:
        viewer = BrowserViewer(page, server.url)
        await page.ask("viewer.widget", server.url)
        await viewer.ready()
        names = "[...document.querySelectorAll('#widget h4')].map((head) => head.textContent)"
        drawn = await until(lambda: page.run(names), "the widget's commands")
        assert {"set_pitch", "set_title", "set_muted", "set_colour", "describe"} <= set(drawn)

        async def unfold(command: str) -> str:
            """Open a command's form and return the selector of its frame."""
            place = drawn.index(command) + 1
            await page.run(
                "(() => { const head = [...document.querySelectorAll('#widget h4')]"
                f"[{place - 1}]; head.closest('div[style*=cursor]').parentElement"
                f".setAttribute('data-command', '{command}'); }})()"
            )
            frame = f"[data-command={command}]"
            await page.click(f"{frame} h4")
            return frame

        async def described(**wanted: object) -> None:
            async def attempt() -> bool:
                told = await viewer.ask("describe")
                return {key: told[key] for key in wanted} == wanted

            await until(attempt, f"a model with {wanted}")

        frame = await unfold("set_title")
        await page.click(f"{frame} input[type=text]")
        await page.type("painted by hand")
        await page.click(f"{frame} button")
        await described(title="painted by hand")

        frame = await unfold("set_muted")
        await page.click(f"{frame} input[type=checkbox]")
        await page.click(f"{frame} button")
        await described(muted=True)

        frame = await unfold("set_pitch")
        await page.click(f"{frame} input[type=range]")
        middle = float(await page.run(f"document.querySelector('{frame} input').value"))
        assert 1000 < middle < 3000
        await page.press("ArrowRight")  # the widget sends the value before the newest one
        await described(pitch=middle)

        frame = await unfold("announce")
        await page.click(f"{frame} input[type=text]")
        await page.type("by hand")
        await page.click(f"{frame} button")
        assert await viewer.heard_of("announced") == {"text": "by hand"}

        shown = "document.querySelector('#widget video').videoWidth"
        await until(lambda: page.run(f"{shown} > 0"), "the widget's picture")
