"""`MediaActor`: the Ray face of venues without an entrance, and the ingress's handle on one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import ray
from ray.exceptions import RayError, RayTaskError

from reactor_actors.actors.crew import Crew
from reactor_actors.actors.logs import LogSettings, configure
from reactor_actors.actors.meetings import Meetings
from reactor_actors.actors.memory import settle
from reactor_actors.actors.model import whereabouts
from reactor_actors.actors.ports import Replica
from reactor_actors.actors.remote import ANSWERS
from reactor_actors.actors.replica import actor, first_line
from reactor_actors.actors.reports import Report, Reporter
from reactor_actors.actors.requests import Answer, Fill, Request
from reactor_actors.actors.scale import Scale
from reactor_actors.core import events as ev
from reactor_actors.core.errors import PeerGone
from reactor_actors.transports.settings import ServerSettings, VenueSettings
from reactor_actors.transports.venue import Venue
from reactor_actors.transports.webrtc.codecs import codec_for

T = TypeVar("T")

REQUESTS = 64
"""Calls the actor takes at a time beside those that wait for SDP answers."""


@dataclass(frozen=True, slots=True)
class Post:
    """What one process has to do: serve the replicas of these names, and report to the ingress.

    Attributes:
        names: The replicas.
        number: The process's number among those of the deployment.
        life: How often there has been one in its place, counted from 1.
        ingress: The ingress's actor.
        node: The ingress's node.
        scale: How large the deployment is.
    """

    names: tuple[str, ...]
    number: int
    life: int
    ingress: Any
    node: str
    scale: Scale


class MediaActor:
    """Sessions and peers of some replicas. What clients ask over HTTP comes from the ingress.

    An async actor: every method runs on one event loop. `spawn` starts a model's process. It
    reports to the ingress from `start` on, and `keep` ends once the ingress is gone.
    """

    def __init__(
        self,
        post: Post,
        settings: ServerSettings,
        logs: LogSettings,
        spawn: Callable[[str], Replica],
    ) -> None:
        configure(logs)
        settle()
        self._post = post
        self._settings = settings
        self._spawn = spawn
        self._reporter = Reporter(self._send)

    async def start(self) -> None:
        """Make the venues, before any model loads."""
        post = self._post
        node, address, _ = whereabouts()
        settings = self._settings.venue
        if node != post.node:
            settings = elsewhere(settings, address)
        self._venues = {name: self._venue(name, settings) for name in post.names}
        own = ray.get_runtime_context
        meetings = Meetings(post.scale.link, node, lambda: own().current_actor)
        self._crew = Crew(self._venues.values(), self._spawn, meetings, post.scale)
        self._reporting = asyncio.ensure_future(self._reporter.run())
        # Loading a codec's library takes tens of milliseconds; no viewer should wait for it.
        await asyncio.to_thread(lambda: [codec_for(name) for name in settings.peers.codecs])

    async def keep(self) -> bool:
        """Keep the models alive until stopped; False if any had to be given up.

        Raises `SetupError` or `ModelError` for a declaration that no restart can mend, `PeerGone`
        when the ingress takes no reports any more.
        """
        kept = asyncio.ensure_future(self._crew.keep())
        try:
            await asyncio.wait([kept, self._reporting], return_when=asyncio.FIRST_COMPLETED)
            if not kept.done():
                raise PeerGone("the ingress takes no reports") from self._reporting.exception()
            return kept.result()
        finally:
            kept.cancel()
            await asyncio.gather(kept, return_exceptions=True)

    async def take(self, link: str, items: list[bytes], *arrays: Any) -> Any:
        """Take what a model says over a link of references."""
        return await self._crew.take(link, items, *arrays)

    async def ask(self, replica: str, request: Request[T]) -> Answer[T]:
        """Put a request to a room. Raises what the room raises."""
        value = await request.put_to(self._venues[replica].room)
        return Answer(value, self._reporter.told)

    async def stop(self) -> None:
        """End the sessions in order, then the models, then the peers; everything is reported."""
        await self._crew.stop()
        await asyncio.gather(*(venue.close() for venue in self._venues.values()))
        self._reporter.close()
        await asyncio.gather(self._reporting, return_exceptions=True)

    def _venue(self, name: str, settings: VenueSettings) -> Venue:
        def journal(note: ev.Note) -> None:
            self._reporter.note(name, note, self._venues[name].room.facts)

        venue = Venue(
            name,
            settings,
            uploads=self._settings.http.uploads(),
            journal=journal,
        )
        self._reporter.follow(venue)
        return venue

    async def _send(self, reports: list[Report]) -> None:
        post = self._post
        await post.ingress.report.remote(post.number, post.life, reports)


class RayMedia:
    """A `Media` that is a Ray actor. Ray's errors become those they stand for."""

    def __init__(
        self,
        options: dict[str, Any],
        settings: ServerSettings,
        logs: LogSettings,
        spawn: Callable[[str], Replica],
        post: Post,
    ) -> None:
        calls = REQUESTS + ANSWERS * len(post.names)
        options = {**options, "max_concurrency": calls}
        self.actor = actor(MediaActor, options, post, settings, logs, spawn)

    async def start(self) -> None:
        """Return once the process is there to be asked."""
        await self._asked(self.actor.start.remote())

    async def keep(self) -> bool:
        """Keep its models alive until stopped; False if any had to be given up."""
        return bool(await self._asked(self.actor.keep.remote()))

    async def ask(self, replica: str, request: Request[T]) -> Answer[T]:
        """Put a request to a room."""
        sent: Any = request
        if isinstance(sent, Fill):
            # Megabytes are copied in a thread: viewers of this process would see the pause.
            sent = await asyncio.to_thread(ray.put, sent)
        answer: Answer[T] = await self._asked(self.actor.ask.remote(replica, sent))
        return answer

    async def stop(self) -> None:
        """End its sessions, its models, and then its peers."""
        await self._asked(self.actor.stop.remote())

    def kill(self) -> None:
        """End the process."""
        ray.kill(self.actor)

    async def _asked(self, answer: Any) -> Any:
        try:
            return await answer
        except RayError as error:
            raise _raised(error) from None


def elsewhere(settings: VenueSettings, address: str) -> VenueSettings:
    """Return the settings of a venue on another machine, which is reached at `address`."""
    ice = settings.peers.ice.on_another_machine(address)
    return replace(settings, peers=replace(settings.peers, ice=ice))


def _raised(error: RayError) -> Exception:
    """Return what was raised over there, or what the death of the process comes to."""
    if isinstance(error, RayTaskError) and isinstance(error.cause, Exception):
        return error.cause
    return PeerGone(first_line(error))
