"""`EventStream`: server-sent events to a reader that may stop reading."""

from __future__ import annotations

import asyncio

from aiohttp import web

STALLED_SECONDS = 60.0


class EventStream:
    """One answer that goes on. A reader who stops reading is given up after a minute."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )

    async def open(self) -> None:
        """Send the headers."""
        await self.response.prepare(self._request)
        await self.write(": hello\n\n")  # the headers leave with the first bytes

    async def write(self, text: str) -> None:
        """Send events. Raises `ConnectionResetError` for a reader that is given up."""
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await self.response.write(text.encode())
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ConnectionResetError("a reader of events has stopped reading") from None
