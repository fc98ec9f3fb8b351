"""A server in the test's own process, without Ray, and the playground it shows in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reactor_actors.core.admission import Mode
from reactor_actors.core.session import Limits
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.server import ServerSettings
from reactor_actors.transports.venue import VenueSettings
from reactor_actors.transports.webrtc.ice import IceSettings
from reactor_actors.transports.webrtc.peer import PeerSettings
from tests.hosted import Hosted, hosting


@asynccontextmanager
async def opened(
    model: type,
    *,
    port: int = 0,
    token: str | None = None,
    replicas: int = 1,
    mode: Mode = Mode.SHARED,
    load: bool = True,
) -> AsyncIterator[Hosted]:
    """Serve a model over HTTP and WebRTC on the loopback."""
    settings = ServerSettings(
        http=HttpSettings(host="127.0.0.1", port=port, token=token),
        venue=VenueSettings(
            peers=PeerSettings(ice=IceSettings(bind=("127.0.0.1",))),
            session=Limits(orphan=3.0),
        ),
    )
    serving = hosting(model, replicas=replicas, mode=mode, settings=settings, load=load)
    async with serving as hosted:
        await hosted.server.start()
        yield hosted
