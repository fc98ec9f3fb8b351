"""How the playground comes to a session, loses it and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import numpy as np
import pytest
from aiohttp import web

from reactor_actors.core import events as ev
from reactor_actors.core.admission import Mode
from tests.clients.chromium import Chromium
from tests.clients.playroom import Playroom
from tests.clients.sight import until
from tests.clients.theatre import opened, visiting
from tests.clients.walks import Walker


async def test_while_the_model_loads_the_page_says_so_and_then_plays(chromium: Chromium) -> None:
    async with (
        opened(Walker, load=False) as hosted,
        visiting(chromium, f"{hosted.server.url}/") as visit,
    ):
        await visit.reads("#veil-title", "The model is loading")
        await hosted.attach(Walker, hosted.venue, None)
        await visit.plays()


async def test_a_server_that_is_lost_and_back_is_found_again(chromium: Chromium) -> None:
    async with opened(Playroom) as hosted:
        url = hosted.server.url
        async with visiting(chromium, f"{url}/") as visit:
            await visit.plays()
            await visit.set("[data-name=level] input[type=range]", 0.9)
            await visit.publish("webcam", "pattern")
            await visit.sees_itself()
            await hosted.server.close()
            await visit.reads("#state", "Reconnecting", 20)
            async with opened(Playroom, port=int(url.rpartition(":")[2])):
                await visit.plays(20)
                await visit.sees((64, 64, 64))  # a session of its own begins with the defaults
                value = "document.querySelector('[data-name=level] input').value"
                assert await visit.page.run(value) == "0.25"
                await visit.sees_itself()


async def test_an_input_that_is_still_taken_on_the_return_is_asked_for_again(
    chromium: Chromium,
) -> None:
    async with opened(Playroom) as hosted:
        url = hosted.server.url
        async with visiting(chromium, f"{url}/") as visit:
            await visit.plays()
            await visit.publish("webcam", "pattern")
            await visit.sees_itself()
            await hosted.server.close()
            await visit.reads("#state", "Reconnecting", 20)
            async with opened(Playroom, port=int(url.rpartition(":")[2])) as back:
                other = await back.connect()
                await other.feed("webcam", np.zeros((90, 160, 3), np.uint8))
                await visit.reads(".input[data-name=webcam] .error", "It was not taken:", 20)
                await visit.reads(".input[data-name=webcam] .act button", "Stop")
                await other.release("webcam")
                await visit.sees_itself()
                assert await visit.text(".input[data-name=webcam] .error") == ""
                await other.close()


async def test_the_end_of_a_session_is_told_and_another_can_be_started(chromium: Chromium) -> None:
    async with (
        opened(Walker) as hosted,
        visiting(chromium, f"{hosted.server.url}/") as visit,
    ):
        await visit.plays()
        await visit.page.run(
            "fetch('stop_session', { method: 'POST',"
            " body: JSON.stringify({ reason: 'closing time' }) })"
        )
        await visit.reads("#veil-title", "The session has ended")
        await visit.reads("#veil-text", "closing time")
        await visit.page.click("#again")
        await visit.plays()


async def test_a_model_that_crashes_is_announced_and_its_return_brings_the_defaults(
    chromium: Chromium,
) -> None:
    async with (
        opened(Playroom) as hosted,
        visiting(chromium, f"{hosted.server.url}/") as visit,
    ):
        await visit.plays()
        await visit.set("[data-name=level] input[type=range]", 0.9)
        await visit.sees((230, 230, 230))
        hosted.venue.lose(ev.ModelLost(attempt=1, max_attempts=3, retry_in_ms=1000))
        await visit.reads("#state", "Restarting")
        await visit.reads("#notice", "restarted, 1 of 3")
        await hosted.attach(Playroom, hosted.venue, None)
        await visit.reads("#notice", "The model is back")
        await visit.plays()
        await visit.sees((64, 64, 64))
        assert await visit.page.run("document.querySelector('[data-name=level] input').value") == (
            "0.25"
        )
        await visit.heard("modelRestarted")


async def test_who_waits_sees_the_place_in_line_and_is_let_in(chromium: Chromium) -> None:
    async with opened(Walker, mode=Mode.EXCLUSIVE) as hosted:
        url = f"{hosted.server.url}/"
        async with visiting(chromium, url) as first, visiting(chromium, url) as second:
            await first.plays()
            await second.reads("#veil-title", "You are in line")
            await second.reads("#veil-text", "You are next.")
            async with visiting(chromium, url) as third:
                await third.reads("#veil-text", "Number 2 of 2.")
            await first.page.go("about:blank")  # its session ends with it
            await second.plays()
            assert second.strangers(hosted.server.url) == []


TOKEN = "open sesame/ä"
QUOTED = "open%20sesame%2F%C3%A4"


async def test_without_the_token_the_page_asks_for_it_and_keeps_it(chromium: Chromium) -> None:
    async with (
        opened(Walker, token="sesame") as hosted,
        visiting(chromium, f"{hosted.server.url}/") as visit,
    ):
        await visit.reads("#veil-title", "This model wants a token")
        for word, answer in (("wrong", "That one was not right."), ("sesame", "")):
            await visit.page.run("document.getElementById('token').focus()")
            await visit.page.type(word)
            await visit.page.click("#key button")
            await visit.reads("#veil-text" if answer else "#state", answer or "Live")
        await visit.plays()
        await visit.page.reload()
        await visit.plays()
        assert "sesame" not in await visit.page.run("location.href")


async def test_a_server_that_is_back_with_another_token_asks_for_it(chromium: Chromium) -> None:
    async with opened(Walker, token="old", mode=Mode.EXCLUSIVE) as hosted:
        url = hosted.server.url
        async with visiting(chromium, f"{url}/?token=old") as visit:
            await visit.plays()
            await hosted.server.close()
            port = int(url.rpartition(":")[2])
            async with opened(Walker, token="new", mode=Mode.EXCLUSIVE, port=port):
                await visit.reads("#veil-title", "This model wants a token", 20)
                await visit.page.type("new")
                await visit.page.click("#key button")
                await visit.plays()


@pytest.mark.parametrize(
    ("lacking", "shown"),
    [
        (
            "for (const name of ['localStorage', 'sessionStorage'])"
            " Object.defineProperty(globalThis, name,"
            " { get() { throw new DOMException('no', 'SecurityError'); } });",
            "",
        ),
        ("delete AbortSignal.any;", ""),
        ("delete globalThis.RTCPeerConnection;", "RTCPeerConnection is not defined"),
    ],
    ids=["storage", "AbortSignal.any", "WebRTC"],
)
async def test_what_a_browser_lacks_is_done_without_or_named(
    chromium: Chromium, lacking: str, shown: str
) -> None:
    async with (
        opened(Walker) as hosted,
        visiting(chromium, "about:blank") as visit,
    ):
        await visit.page.call("Page.addScriptToEvaluateOnNewDocument", source=lacking)
        await visit.page.go(f"{hosted.server.url}/")
        if shown:
            await visit.reads("#veil-text", shown)
            assert any(shown in line for line in visit.page.console)
        else:
            await visit.plays()


@pytest.mark.parametrize("where", [f"/t/{QUOTED}/", f"/t/{QUOTED}", f"/?token={QUOTED}"])
async def test_a_token_in_the_address_opens_the_page(chromium: Chromium, where: str) -> None:
    async with (
        opened(Walker, token=TOKEN) as hosted,
        visiting(chromium, f"{hosted.server.url}{where}") as visit,
    ):
        await visit.plays()
        assert visit.strangers(hosted.server.url) == []


async def test_keys_and_mouse_drive_the_model_and_are_let_go_at_the_end(
    chromium: Chromium,
) -> None:
    async with (
        opened(Walker) as hosted,
        visiting(chromium, f"{hosted.server.url}/") as visit,
    ):
        await visit.plays()
        await visit.reads("#play", "Click to play: WASD + mouse")
        await visit.page.click("#play")

        async def key(kind: str, code: str) -> None:
            await visit.page.call("Input.dispatchKeyEvent", type=kind, code=code, key=code[-1])

        await key("keyDown", "KeyW")
        await visit.heard('"held": "w"')
        await key("keyDown", "ShiftLeft")
        await visit.heard('"held": "w shift"')
        await key("keyUp", "KeyW")
        await visit.heard('"held": "shift"')
        await until(
            lambda: visit.page.run("document.pointerLockElement !== null"), "the mouse is caught"
        )
        await visit.page.run(
            "(() => { for (const [movementX, movementY] of [[30, 0], [90, -5]])"
            " dispatchEvent(new MouseEvent('mousemove', { movementX, movementY })); })()"
        )
        # More than one command may carry: the rest follows.
        await visit.heard('"dx": 120, "dy": -5')
        await key("keyDown", "Escape")
        await visit.heard('"held": ""')
        before = len(await visit.log())
        await key("keyDown", "KeyA")
        await asyncio.wait_for(visit.page.run("new Promise(requestAnimationFrame)"), 5)
        assert len(await visit.log()) == before


async def test_it_works_below_the_path_of_a_proxy(chromium: Chromium) -> None:
    async with (
        opened(Walker) as hosted,
        proxied(hosted.server.url, "/models/walker") as there,
        visiting(chromium, f"{there}/") as visit,
    ):
        await visit.plays()
        assert visit.strangers(there) == []


@asynccontextmanager
async def proxied(server: str, path: str) -> AsyncIterator[str]:
    """Serve what is behind another server's root below a path, and nothing else."""

    async def forward(request: web.Request) -> web.Response:
        rest = request.match_info["rest"]
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(
                request.method, f"{server}/{rest}", data=await request.read()
            ) as answer,
        ):
            kept = ("Content-Type", "Content-Security-Policy", "Retry-After")
            headers = {name: answer.headers[name] for name in kept if name in answer.headers}
            body = await answer.read()
            return web.Response(status=answer.status, body=body, headers=headers)

    app = web.Application()
    app.router.add_route("*", f"{path}/{{rest:.*}}", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
    finally:
        await runner.cleanup()
