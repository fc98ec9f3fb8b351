"""A server in the test's own process, without Ray, and what a browser shows of its playground."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from reactor_actors.core.admission import Mode
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.settings import ServerSettings, VenueSettings
from reactor_actors.transports.webrtc.settings import IceSettings, PeerSettings
from tests.clients import chromium as chromiums
from tests.clients.chromium import Chromium, Page
from tests.clients.sight import Colour, distance, until
from tests.hosted import Hosted, hosting

MEAN = """((selector, left, right, top) => {
  const video = document.querySelector(selector);
  if (!video || video.readyState < 2 || !video.videoWidth) return null;
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const pen = canvas.getContext('2d');
  pen.drawImage(video, 0, 0);
  const x = Math.round(left * canvas.width);
  const width = Math.round((right - left) * canvas.width);
  const y = Math.round(top * canvas.height);
  const { data } = pen.getImageData(x, y, width, canvas.height - y);
  const sums = [0, 0, 0];
  for (let i = 0; i < data.length; i++) if (i % 4 < 3) sums[i % 4] += data[i];
  return sums.map((sum) => Math.round((4 * sum) / data.length));
})"""


@asynccontextmanager
async def opened(
    model: type,
    *,
    port: int = 0,
    token: str | None = None,
    mode: Mode = Mode.SHARED,
    load: bool = True,
) -> AsyncIterator[Hosted]:
    """Serve a model over HTTP and WebRTC on the loopback."""
    settings = ServerSettings(
        http=HttpSettings(host="127.0.0.1", port=port, token=token),
        venue=VenueSettings(
            peers=PeerSettings(ice=IceSettings(bind=("127.0.0.1",))),
        ),
    )
    async with hosting(model, mode=mode, settings=settings, load=load) as hosted:
        await hosted.server.start()
        yield hosted


class Visit:
    """One person at the playground: what they see, and what they do."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def text(self, selector: str) -> str:
        """Return what an element says; nothing if it is not shown."""
        return str(
            await self.page.ask(
                "((selector) => { const found = document.querySelector(selector);"
                " return found?.checkVisibility() ? found.textContent.trim() : ''; })",
                selector,
            )
        )

    async def reads(self, selector: str, text: str, seconds: float = 15.0) -> None:
        """Wait until an element says something."""

        async def attempt() -> bool:
            return text in await self.text(selector)

        try:
            await until(attempt, f"{text!r} at {selector}", seconds)
        except AssertionError as error:
            told = await self.page.run("document.body.innerText")
            raise AssertionError("\n".join([str(error), told, *self.page.console])) from None

    async def plays(self, seconds: float = 15.0) -> None:
        """Wait until pictures are there and nothing hides them."""
        await self.reads("#state", "Live", seconds)
        await until(
            lambda: self.page.run("!document.querySelector('#veil').checkVisibility()"), "no veil"
        )

    async def colour(self, track: str = "main_video", left: float = 0, right: float = 1) -> Any:
        """Return the mean colour of a strip of a picture, below its upper third."""
        return await self.page.ask(MEAN, f"video[data-track={track}]", left, right, 1 / 3)

    async def sees(self, colour: Colour, track: str = "main_video", left: float = 0.0) -> None:
        """Wait for a colour, in the half that begins at `left`."""
        seen: Any = None

        async def attempt() -> bool:
            nonlocal seen
            seen = await self.colour(track, left + 0.1, left + 0.4)
            return seen is not None and distance(tuple(seen), colour) < 30

        try:
            await until(attempt)
        except AssertionError:
            raise AssertionError(f"{colour} is not seen but {seen}") from None

    async def set(self, selector: str, value: object) -> None:
        """Give a control a value, as dragging or typing does."""
        await self.page.ask(
            "((selector, value) => { const control = document.querySelector(selector);"
            " if (control.type === 'checkbox') control.checked = value; else control.value = value;"
            " for (const kind of ['input', 'change'])"
            " control.dispatchEvent(new Event(kind, { bubbles: true })); })",
            selector,
            value,
        )

    async def publish(self, track: str, source: str) -> None:
        """Choose what to send into an input, and start."""
        option = f".input[data-name={track}] option[value^='{source}']"
        value = await until(
            lambda: self.page.run(f"document.querySelector(\"{option}\")?.value ?? ''"), source
        )
        await self.set(f".input[data-name={track}] select", value)
        await self.page.click(f".input[data-name={track}] .act button")

    async def sees_itself(self) -> None:
        """Wait until the right half shows what is sent into `webcam`, in opposite colours."""

        async def attempt() -> bool:
            own = await self.page.ask(MEAN, ".input[data-name=webcam] video", 0, 1, 0)
            seen = await self.colour(left=0.6, right=0.9)
            if own is None or seen is None or max(own) < 20:
                return False
            opposite = tuple(255 - value for value in own)
            return distance(opposite, tuple(seen)) < 40

        await until(attempt, "what is sent, in opposite colours")

    async def log(self) -> list[str]:
        """Return the messages, the newest first."""
        script = "[...document.querySelectorAll('#messages li')].map((entry) => entry.textContent)"
        return list(await self.page.run(script))

    async def heard(self, text: str) -> None:
        """Wait for a message that says something."""
        await self.reads("#messages ol", text)

    def strangers(self, home: str) -> list[str]:
        """Return the addresses that were asked of any other origin than `home`."""
        urls = [str(request["url"]) for request in self.page.requests]
        return [url for url in urls if not url.startswith((f"{home}/", "blob:", "data:"))]


@asynccontextmanager
async def visiting(chromium: Chromium, url: str) -> AsyncIterator[Visit]:
    """Open the playground in a fresh profile."""
    async with chromiums.page(chromium, "about:blank") as page:
        await page.allow("videoCapture", "audioCapture")
        page.requests.clear()
        await page.go(url)
        yield Visit(page)
