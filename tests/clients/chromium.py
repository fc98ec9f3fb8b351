"""A real Chromium, spoken to in the protocol of its developer tools."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--remote-debugging-port=0",
)
SECONDS = 30.0


def find() -> str | None:
    """Return where a Chromium lies, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One running browser. Its pages share nothing: each has a profile of its own."""

    def __init__(self, executable: str) -> None:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = Path(self._profile.name)
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [executable, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, "TMPDIR": str(folder)},  # it leaves folders behind
        )
        address = folder / "profile" / "DevToolsActivePort"
        deadline = time.monotonic() + SECONDS
        while not (address.exists() and len(lines := address.read_text().splitlines()) == 2):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise RuntimeError(f"{executable} did not start")
            time.sleep(0.05)
        self.address = f"ws://127.0.0.1:{lines[0]}{lines[1]}"

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._profile.cleanup()


class Page:
    """One page. Its requests and what it wrote to its console are kept."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self._tab: str | None = None
        self._profile: str | None = None
        self.requests: list[dict[str, Any]] = []
        self.console: list[str] = []

    async def read(self) -> None:
        """Take in what the browser says, until it stops."""
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                future = self._pending.pop(told["id"], None)
                if future is not None and not future.done():
                    future.set_result(told)
                continue
            match told:
                case {"method": "Page.loadEventFired"}:
                    self._loaded.set()
                case {"method": "Network.requestWillBeSent", "params": {"request": request}}:
                    self.requests.append(request)
                case {"method": "Runtime.consoleAPICalled", "params": {"type": kind, "args": args}}:
                    words = (str(arg.get("value", arg.get("description", ""))) for arg in args)
                    self.console.append(f"{kind}: {' '.join(words)}")
                case {"method": "Runtime.exceptionThrown", "params": params}:
                    self.console.append(f"uncaught: {params['exceptionDetails']}")

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call one method of the protocol and return its result."""
        return await self._call(self._tab, method, params)

    async def _call(self, tab: str | None, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        self._pending[number] = future = asyncio.get_running_loop().create_future()
        line = {"id": number, "method": method, "params": params}
        if tab is not None:
            line["sessionId"] = tab
        await self._socket.send_json(line)
        async with asyncio.timeout(SECONDS):
            told = await future
        assert "error" not in told, f"{method}: {told['error']}"
        return dict(told["result"])

    async def open(self, url: str) -> None:
        """Open the page in a fresh profile."""
        profile = (await self.call("Target.createBrowserContext"))["browserContextId"]
        target = await self.call("Target.createTarget", url="about:blank", browserContextId=profile)
        attached = await self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._tab, self._profile = attached["sessionId"], profile
        for domain in ("Page", "Runtime", "Network"):
            await self.call(f"{domain}.enable")
        await self.go(url)

    async def shut(self) -> None:
        """Close the page, and forget its profile."""
        await self._call(None, "Target.disposeBrowserContext", {"browserContextId": self._profile})

    async def allow(self, *permissions: str) -> None:
        """Answer yes when the page asks."""
        granted = {"permissions": permissions, "browserContextId": self._profile}
        await self._call(None, "Browser.grantPermissions", granted)

    async def go(self, url: str) -> None:
        """Load a page and wait until it is there."""
        self._loaded.clear()
        await self.call("Page.navigate", url=url)
        async with asyncio.timeout(SECONDS):
            await self._loaded.wait()

    async def reload(self) -> None:
        """Load the page anew and wait until it is there."""
        self._loaded.clear()
        await self.call("Page.reload")
        async with asyncio.timeout(SECONDS):
            await self._loaded.wait()

    async def run(self, script: str) -> Any:
        """Evaluate an expression, wait for its promise, and return the value."""
        done = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in done:
            details = done["exceptionDetails"]
            text = details.get("exception", {}).get("description", details["text"])
            raise AssertionError(f"{script[:80]}: {text}\n" + "\n".join(self.console[-20:]))
        return done["result"].get("value")

    async def ask(self, function: str, *arguments: Any) -> Any:
        """Call a function of the page with some values."""
        return await self.run(f"{function}({', '.join(json.dumps(a) for a in arguments)})")

    async def click(self, selector: str) -> None:
        """Click the middle of an element with the mouse."""
        middle = await self.ask(
            "((selector) => { const element = document.querySelector(selector);"
            " element.scrollIntoView({ block: 'center' });"
            " const { x, y, width, height } = element.getBoundingClientRect();"
            " return { x: x + width / 2, y: y + height / 2 }; })",
            selector,
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **middle
            )

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        """Press and release a key that is no letter."""
        code = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowDown": 40, "Tab": 9}[key]
        for kind in ("keyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code
            )

    async def screenshot(self) -> bytes:
        """Return what the page looks like, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])


@asynccontextmanager
async def page(chromium: Chromium, url: str) -> AsyncIterator[Page]:
    """Open a page in a profile of its own, and close both."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(chromium.address, max_msg_size=0) as socket,
    ):
        made = Page(socket)
        reading = asyncio.create_task(made.read())
        try:
            await made.open(url)
            try:
                yield made
            finally:
                await made.shut()
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
