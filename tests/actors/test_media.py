"""The process that carries media, with everything but Ray and models."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from reactor_actors.actors.logs import LogSettings
from reactor_actors.actors.media import MediaActor, Post, elsewhere
from reactor_actors.actors.ports import Loaded
from reactor_actors.actors.reports import Report
from reactor_actors.actors.requests import Open, Start
from reactor_actors.actors.scale import Scale
from reactor_actors.core.errors import PeerGone, SetupError
from reactor_actors.core.session import Limits
from reactor_actors.transports.settings import ServerSettings, VenueSettings
from reactor_actors.transports.webrtc.settings import IceSettings, PeerSettings
from tests.local import eventually


class Ingress:
    """The ingress's actor, as far as it is reported to."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.report = self
        self.seconds = seconds
        self.got: list[tuple[int, int, Report]] = []
        self.gone = False

    async def remote(self, number: int, life: int, reports: list[Report]) -> None:
        if self.gone:
            raise PeerGone("the ingress is dead")
        await asyncio.sleep(self.seconds)
        self.got += [(number, life, report) for report in reports]


class Loading:
    """A replica that loads until it is stopped."""

    failure: Exception | None = None
    id = "loading"

    def __init__(self) -> None:
        self.killed = False

    async def load(self) -> Loaded:
        if self.failure is not None:
            raise self.failure
        await asyncio.Event().wait()
        raise AssertionError("never loaded")

    async def run(self, address: Any) -> None:
        raise AssertionError("never loaded")

    async def take(self, items: list[bytes], *arrays: Any) -> None:
        raise AssertionError("never loaded")

    async def breathe(self) -> None:
        raise AssertionError("never loaded")

    async def stack(self) -> str:
        raise AssertionError("never loaded")

    async def stop(self) -> None:
        pass

    def kill(self) -> None:
        self.killed = True


async def started(ingress: Ingress, model: Loading, **post: Any) -> MediaActor:
    scale = Scale(replicas=2, transports=2)
    media = MediaActor(
        replace(Post(("1",), 0, 1, ingress, "", scale), **post),
        ServerSettings(),
        LogSettings(logging.WARNING),
        lambda label: model,
    )
    await media.start()
    return media


async def test_it_reports_under_its_number_and_life_from_the_start() -> None:
    ingress = Ingress()
    media = await started(ingress, Loading(), number=3, life=7)
    await eventually(lambda: ingress.got)
    number, life, report = ingress.got[0]
    assert (number, life, report.replica) == (3, 7, "1")
    await media.stop()


async def test_without_an_ingress_it_does_not_live_on() -> None:
    ingress, model = Ingress(), Loading()
    media = await started(ingress, model)
    keeping = asyncio.ensure_future(media.keep())
    await asyncio.sleep(0)
    ingress.gone = True
    with pytest.raises(PeerGone):
        await asyncio.wait_for(keeping, 10.0)
    assert model.killed
    await media.stop()


async def test_what_no_restart_can_mend_ends_it() -> None:
    model = Loading()
    model.failure = SetupError("no such module")
    media = await started(Ingress(), model)
    with pytest.raises(SetupError, match="no such module"):
        await media.keep()
    await media.stop()


async def test_requests_reach_the_room_they_name() -> None:
    media = await started(Ingress(), Loading(), names=("1", "3"))
    with pytest.raises(LookupError):
        await media.ask("1", Open("s", None))
    with pytest.raises(LookupError):
        await media.ask("0", Start("s"))
    await media.stop()


async def test_all_that_has_happened_is_reported_before_it_ends() -> None:
    ingress = Ingress(seconds=0.05)
    media = await started(ingress, Loading(), names=("1", "3"))
    # A start while the model loads is ignored, which is noted.
    told = [(await media.ask(name, Start("s"))).told for name in ("3", "1")]
    assert told[1] == told[0] + 1
    await media.stop()
    notes = [(report.replica, report.note.kind) for _, _, report in ingress.got if report.note]
    assert notes == [("3", "ignored"), ("1", "ignored")]
    assert ingress.got[-1][2].vitals is not None


def test_on_another_machine_media_comes_from_its_own_address() -> None:
    ice = IceSettings(bind=("127.0.0.1",), public_address="203.0.113.7")
    settings = VenueSettings(peers=PeerSettings(ice=ice), session=Limits(orphan=7.0))
    moved = elsewhere(settings, "192.0.2.9")
    assert moved.peers.ice == IceSettings(bind=("192.0.2.9",))
    assert moved.session == settings.session
