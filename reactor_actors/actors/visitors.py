"""`Visitors`: what a transport's actor does for clients and subscribers without a network.

One line per call, no decisions: `transports/guests.py` and `transports/subscribers.py` make them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import ActorDiedError

from reactor_actors.core.batches import Delivery, FrameBatch, Shown
from reactor_actors.core.errors import PeerGone
from reactor_actors.core.guests import News, Watched, Welcome
from reactor_actors.core.ports import Feed
from reactor_actors.core.wire.inbound import Inbound
from reactor_actors.core.wire.uploads import UploadRef
from reactor_actors.transports.server import TransportServer
from reactor_actors.transports.subscribers import Deliver


class Visitors:
    """The part of an async actor that guests and subscribers call."""

    def _started(self) -> TransportServer:
        raise NotImplementedError

    async def guest_join(self, ticket: str, seconds: float) -> Welcome:
        """Start a session or join the running one."""
        return await self._started().guests.join(ticket, seconds)

    async def guest_news(self, guest: str, seconds: float) -> News:
        """Return what a guest has been told."""
        return await self._started().guests.news(guest, seconds)

    async def guest_say(self, guest: str, said: Sequence[Inbound]) -> None:
        """Take in what a guest says."""
        await self._started().guests.say(guest, said)

    async def guest_feed(self, guest: str, frames: Sequence[Feed]) -> bool:
        """Take in a guest's input frames."""
        return await self._started().guests.feed(guest, frames)

    async def guest_newest(
        self, guest: str, track: str, after: int, seconds: float
    ) -> Shown | None:
        """Return the newest picture of a track."""
        return await self._started().guests.newest(guest, track, after, seconds)

    async def guest_watch(self, guest: str, tracks: Sequence[str], bound: int) -> int:
        """Keep what is shown for a guest."""
        return await self._started().guests.watch(guest, tracks, bound)

    async def guest_watched(self, guest: str, watch: int, seconds: float) -> Watched:
        """Return what has been kept for a guest."""
        return await self._started().guests.watched(guest, watch, seconds)

    async def guest_unwatch(self, guest: str, watch: int) -> None:
        """Keep nothing more for a guest."""
        await self._started().guests.unwatch(guest, watch)

    async def guest_upload(self, guest: str, name: str, mime_type: str, data: bytes) -> UploadRef:
        """Store a guest's file."""
        return await self._started().guests.upload(guest, name, mime_type, data)

    async def guest_leave(self, guest: str) -> None:
        """Part with a guest."""
        await self._started().guests.leave(guest)

    async def subscribe(
        self,
        tracks: Sequence[str] | None,
        bound: int,
        replica: str | None,
        target: Any = None,
        method: str = "",
    ) -> int:
        """Begin to deliver batches to a method of an actor; without one they wait for `batch`."""
        deliver = None if target is None else delivering(target, method)
        return self._started().subscribers.open(tracks, bound, replica, deliver)

    async def batch(self, number: int, seconds: float) -> FrameBatch | None:
        """Return a subscription's next batch."""
        return await self._started().subscribers.take(number, seconds)

    async def delivery(self, number: int) -> Delivery:
        """Say how a subscription goes."""
        return self._started().subscribers.delivery(number)

    async def unsubscribe(self, number: int) -> Delivery:
        """End a subscription; return how it went."""
        return await self._started().subscribers.stop(number)


def delivering(target: Any, method: str) -> Deliver:
    """Return what hands batches to a method of an actor, which reads them without a copy."""
    call = getattr(target, method)

    async def deliver(batch: FrameBatch) -> None:
        # As an argument of its own, a reference is an array in shared memory by the time of the
        # call. Putting it there copies megabytes: not on this loop.
        reference = await asyncio.to_thread(ray.put, batch)
        try:
            await call.remote(reference)
        except ActorDiedError:
            raise PeerGone("its process has died") from None

    return deliver
