"""`@reactor-team/js-sdk` 2.9.0 in a real browser: JSON framing, flat routes."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.clients.chromium import Page
from tests.clients.sight import Colour, Heard, hear, until
from tests.clients.viewer import Message, Viewer


class BrowserViewer(Viewer):
    """The client on the test page."""

    speaks = "v0"
    resumes = False

    def __init__(self, page: Page, url: str) -> None:
        super().__init__()
        self.page = page
        self.url = url

    async def _do(self, verb: str, *arguments: Any) -> Any:
        return await self.page.ask(f"viewer.{verb}", *arguments)

    async def listen(self) -> None:
        """Take in what the client was told."""
        told = await self._do("events")
        self.statuses += told["statuses"]
        self.messages += told["messages"]
        self.notices += told["notices"]
        self.errors += told["errors"]

    async def ready(self) -> None:
        """Wait until the client is."""
        try:
            await until(self._ready, "ready")
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *self.page.console[-30:]])) from None

    async def _ready(self) -> bool:
        return bool(await self._do("status") == "ready")

    async def connect(self) -> None:
        await self._do("connect", self.url)
        await self.ready()

    async def reconnect(self) -> None:
        await self._do("drop")
        await self._do("reconnect")
        await self.ready()

    async def leave(self) -> None:
        await self._do("leave")
        await self.listen()

    async def close(self) -> None:
        with suppress(AssertionError, TimeoutError):
            await self._do("leave")

    async def picture(self) -> NDArray[np.uint8] | None:
        return await self.screen("main_video")

    async def screen(self, name: str) -> NDArray[np.uint8] | None:
        """Return what one video element of the page shows, as RGB."""
        await self.listen()
        if (shown := await self._do("picture", name)) is None:
            return None
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(shown), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        return np.ascontiguousarray(picture[..., ::-1])

    async def codec(self) -> str | None:
        """Return the codec of the picture."""
        return await self._do("codec")

    async def sound(self) -> Heard:
        return await self.ear("main_audio")

    async def ear(self, name: str) -> Heard:
        """Measure the last moments of one audio element of the page."""
        if (heard := await self._do("sound", name)) is None:
            return Heard(0.0, 0.0)
        samples = np.frombuffer(base64.b64decode(heard["samples"]), np.float32)
        return hear(samples, heard["rate"])

    async def send(self, command: str, **data: Any) -> Message | None:
        await self._do("send", command, data)
        return None

    async def capabilities(self) -> dict[str, Any]:
        return dict(await self._do("capabilities"))

    async def film(self, colour: Colour, track: str = "webcam") -> None:
        await self._do("film", list(colour), track)

    async def sing(self, hertz: float) -> None:
        await self._do("sing", hertz)

    async def unpublish(self, track: str) -> None:
        await self._do("unpublish", track)

    async def upload(self, name: str, data: bytes, mime_type: str) -> Any:
        content = base64.b64encode(data).decode()
        return {"file": await self._do("upload", name, content, mime_type)}
