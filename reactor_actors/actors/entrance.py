"""`Entrance`: a deployment as any process of its cluster may use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import ray
from ray.actor import ActorHandle
from ray.exceptions import GetTimeoutError, RayActorError, RayError

from reactor_actors.actors.subscription import Subscription
from reactor_actors.client.blocking import Connection
from reactor_actors.client.connection import PATIENCE, AsyncConnection
from reactor_actors.core.batches import FrameBatch, Shown
from reactor_actors.core.errors import PeerGone, ReactorError, SetupError
from reactor_actors.core.guests import News, Watched, Welcome
from reactor_actors.core.ports import Feed
from reactor_actors.core.wire.inbound import Inbound
from reactor_actors.core.wire.uploads import UploadRef
from reactor_actors.transports.status import Status

T = TypeVar("T")

ANSWER_SECONDS = 60.0
"""How much later than it should an answer may come."""

ON_FRAMES = "on_frames"


class Entrance:
    """Where sessions are joined and streams are subscribed to. It can be sent to other actors.

    `connect` and `subscribe` block; their twins with an `a` in front are coroutines.

    One that was sent to another process knows the transport's actor of that moment. When that has
    died and was started again, each of its calls still raises `PeerGone`: send a new one.
    """

    def __init__(self, transport: Any) -> None:
        self._given = transport

    @property
    def transport(self) -> Any:
        """The handle of the transport's actor. Belongs to the runtime."""
        return self._given

    def __reduce__(self) -> tuple[Any, ...]:
        return Entrance, (self.transport,)

    def connect(
        self, *, ticket: str = "", timeout: float = 30.0, patience: float | None = PATIENCE
    ) -> Connection:
        """Start a session or join the running one, as a client without a network.

        Args:
            ticket: A place in the queue, from an earlier `BusyError`.
            timeout: Seconds to wait for a turn: for a model that loads, a session that is being
                closed, or a place in the queue.
            patience: Seconds that each `ask` waits for its answer; None is for ever.

        Raises:
            BusyError: There is no session to be had in that time; it says why, and the place.
            ClientError: The session takes no more clients.
            PeerGone: The transport is gone.
        """
        made = Connection(lambda: self.aconnect(ticket=ticket, timeout=timeout, patience=patience))
        return self._kept(made)

    async def aconnect(
        self,
        *,
        ticket: str = "",
        timeout: float = 30.0,  # noqa: ASYNC109 - it is told to the transport
        patience: float | None = PATIENCE,
    ) -> AsyncConnection:
        """Do what `connect` does, for a program with an event loop."""
        door = RayDoor(self.transport)
        return await AsyncConnection.open(door, ticket=ticket, timeout=timeout, patience=patience)

    def subscribe(
        self,
        target: ActorHandle[Any] | Callable[[FrameBatch], object],
        *,
        tracks: Sequence[str] | None = None,
        bound: int = 8,
        replica: str | None = None,
        method: str = ON_FRAMES,
    ) -> Subscription:
        """Deliver what is shown in batches, without ever slowing the stream.

        Args:
            target: An actor, whose `method` gets each batch through Ray's object store; or a
                callable, which gets it on a thread of its own in this process.
            tracks: The output tracks wanted; None means all.
            bound: How many ticks may wait while the target is busy; then the oldest is dropped.
            replica: The name of one replica; None means all.
            method: The name of the actor's method, which takes a `FrameBatch`.

        Raises:
            SetupError: The target, a track or the replica does not exist.
            PeerGone: The transport is gone.
        """
        number = self._answer(self._subscribing(target, tracks, bound, replica, method))
        return self._kept(Subscription(self.transport, number, _callback(target)))

    async def asubscribe(
        self,
        target: ActorHandle[Any] | Callable[[FrameBatch], object],
        *,
        tracks: Sequence[str] | None = None,
        bound: int = 8,
        replica: str | None = None,
        method: str = ON_FRAMES,
    ) -> Subscription:
        """Do what `subscribe` does, for a program with an event loop."""
        asked = self._subscribing(target, tracks, bound, replica, method)
        return Subscription(self.transport, await awaited(asked), _callback(target))

    def status(self) -> Status:
        """Say how everything stands."""
        status: Status = self._answer(self.transport.status.remote())
        return status

    async def astatus(self) -> Status:
        """Do what `status` does, for a program with an event loop."""
        status: Status = await awaited(self.transport.status.remote())
        return status

    def drain(self, seconds: float) -> bool:
        """Take no more sessions and clients; wait until none runs. False: one still does."""
        return bool(self._answer(self.transport.drain.remote(seconds), seconds))

    async def adrain(self, seconds: float) -> bool:
        """Do what `drain` does, for a program with an event loop."""
        return bool(await awaited(self.transport.drain.remote(seconds), seconds))

    def _subscribing(
        self,
        target: Any,
        tracks: Sequence[str] | None,
        bound: int,
        replica: str | None,
        method: str,
    ) -> Any:
        if not isinstance(target, ActorHandle):
            if not callable(target):
                raise SetupError(f"target: expected an actor or a callable; got {target!r}")
            return self.transport.subscribe.remote(tracks, bound, replica)
        if not hasattr(target, method):
            raise SetupError(f"method: the actor has no method {method!r}")
        return self.transport.subscribe.remote(tracks, bound, replica, target, method)

    def _kept(self, opened: T) -> T:
        """Return what was opened; an owner remembers it, to close it."""
        return opened

    def _answer(self, answer: Any, seconds: float = 0.0) -> Any:
        try:
            return ray.get(answer, timeout=seconds + ANSWER_SECONDS)
        except GetTimeoutError:
            raise _silent(seconds) from None
        except RayError as error:
            raise meant(error) from None


class RayDoor:
    """A `Door` that is a Ray actor. Ray's errors become those they stand for.

    An answer that is a minute late is `PeerGone`, too.
    """

    def __init__(self, transport: Any) -> None:
        self._actor = transport

    async def join(self, ticket: str, seconds: float) -> Welcome:
        """Start a session or join the running one."""
        welcome: Welcome = await awaited(self._actor.guest_join.remote(ticket, seconds), seconds)
        return welcome

    async def news(self, guest: str, seconds: float) -> News:
        """Return what the guest has been told."""
        news: News = await awaited(self._actor.guest_news.remote(guest, seconds), seconds)
        return news

    async def say(self, guest: str, said: Sequence[Inbound]) -> None:
        """Take in what the guest says."""
        await awaited(self._actor.guest_say.remote(guest, said))

    async def feed(self, guest: str, frames: Sequence[Feed]) -> bool:
        """Take in input frames."""
        return bool(await awaited(self._actor.guest_feed.remote(guest, frames)))

    async def newest(self, guest: str, track: str, after: int, seconds: float) -> Shown | None:
        """Return the newest picture of a track."""
        asked = self._actor.guest_newest.remote(guest, track, after, seconds)
        shown: Shown | None = await awaited(asked, seconds)
        return shown

    async def watch(self, guest: str, tracks: Sequence[str], bound: int) -> int:
        """Keep what is shown from now on."""
        return int(await awaited(self._actor.guest_watch.remote(guest, tracks, bound)))

    async def watched(self, guest: str, watch: int, seconds: float) -> Watched:
        """Return what has been kept."""
        asked = self._actor.guest_watched.remote(guest, watch, seconds)
        watched: Watched = await awaited(asked, seconds)
        return watched

    async def unwatch(self, guest: str, watch: int) -> None:
        """Keep nothing more."""
        await awaited(self._actor.guest_unwatch.remote(guest, watch))

    async def upload(self, guest: str, name: str, mime_type: str, data: bytes) -> UploadRef:
        """Store a file for the session."""
        asked = self._actor.guest_upload.remote(guest, name, mime_type, data)
        ref: UploadRef = await awaited(asked)
        return ref

    async def leave(self, guest: str) -> None:
        """Leave in order."""
        await awaited(self._actor.guest_leave.remote(guest))


async def awaited(answer: Any, seconds: float = 0.0) -> Any:
    """Wait for an answer of the transport; raise what one of Ray's errors stands for.

    `seconds` is how long the transport itself may take; an answer that is much later is `PeerGone`.
    """
    deadline = asyncio.timeout(seconds + ANSWER_SECONDS)
    try:
        async with deadline:
            return await answer
    except RayError as error:
        raise meant(error) from None
    except TimeoutError:
        if not deadline.expired():
            raise
        raise _silent(seconds) from None


def meant(error: RayError) -> Exception:
    """Return the error that one of Ray's stands for, when the transport was asked."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ReactorError):
        return cause
    if isinstance(error, RayActorError):
        return PeerGone("the transport's process is gone")
    return error


def _silent(seconds: float) -> PeerGone:
    return PeerGone(f"the transport did not answer within {seconds + ANSWER_SECONDS:g} s")


def _callback(target: Any) -> Callable[[FrameBatch], object] | None:
    return None if isinstance(target, ActorHandle) else target
