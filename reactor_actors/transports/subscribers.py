"""`Subscribers`: who gets what is shown in batches, each at a pace of its own.

A subscriber has one delivery in flight; what is shown meanwhile waits for the next one, and the
oldest gives way. So none of them slows the stream, whatever it does.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from reactor_actors.core.batches import Delivery, FrameBatch, batch_of
from reactor_actors.core.errors import PeerGone, SetupError
from reactor_actors.core.media import Direction
from reactor_actors.transports.relay import Relay, Tap
from reactor_actors.transports.venue import Venue

log = logging.getLogger("reactor_actors.subscribers")

BOUND = 1024
"""The most ticks that may wait for a subscriber."""

IDLE_SECONDS = 600.0
"""After so long, a subscriber that fetches its batches and does not is taken for gone."""

REMEMBERED = 256
"""Of how many subscribers that are no more it is known how it went."""

Deliver: TypeAlias = Callable[[FrameBatch], Awaitable[None]]
"""Hands a batch over; returns when the next one may come. Raises `PeerGone` for a dead target."""


class Subscriber:
    """One subscriber. With `deliver` batches are sent, else they are fetched by `take`.

    `ended` is called once it is over.
    """

    def __init__(
        self,
        name: str,
        relays: Sequence[Relay],
        tracks: frozenset[str] | None,
        bound: int,
        deliver: Deliver | None,
        ended: Callable[[], None],
    ) -> None:
        self._name = name
        self._ended = ended
        self._relays = relays
        self._tap = Tap(tracks, bound)
        self._told = 0
        self._delivered = 0
        self._failed = 0
        self._over = ""
        self._task: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        for relay in relays:
            relay.join(self._tap)
        if deliver is not None:
            self._task = asyncio.get_running_loop().create_task(self._run(deliver))
        else:
            self._wait_for_the_next()

    @property
    def delivery(self) -> Delivery:
        """How it goes."""
        return Delivery(self._delivered, self._tap.dropped, self._failed, self._over)

    async def take(self, seconds: float) -> FrameBatch | None:
        """Return the next batch; None after `seconds` without. Raises `PeerGone` once it is over.

        A batch counts as delivered when it is taken.
        """
        if self._idle is not None:
            self._idle.cancel()
        batch = await self._next(seconds)
        if batch is None and self._tap.closed:
            raise PeerGone(self._over)
        self._delivered += 0 if batch is None else len(batch)
        self._wait_for_the_next()
        return batch

    async def close(self, reason: str = "closed") -> None:
        """Deliver nothing more."""
        self._end(reason)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self, deliver: Deliver) -> None:
        while (batch := await self._next()) is not None:
            try:
                await deliver(batch)
                self._delivered += len(batch)
            except PeerGone as error:
                self._end(str(error))
                log.warning("subscriber %s is dropped: %s", self._name, error)
                return
            except Exception as error:
                if not self._failed:
                    log.warning(
                        "subscriber %s has failed, and gets the next: %s", self._name, error
                    )
                self._failed += 1

    async def _next(self, seconds: float | None = None) -> FrameBatch | None:
        shown = await self._tap.take(seconds)
        if not shown:
            return None
        dropped, self._told = self._tap.dropped - self._told, self._tap.dropped
        return await asyncio.to_thread(batch_of, shown, dropped)

    def _wait_for_the_next(self) -> None:
        if not self._tap.closed:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(IDLE_SECONDS, self._end, "it fetches nothing")

    def _end(self, reason: str) -> None:
        self._over = self._over or reason
        if self._idle is not None:
            self._idle.cancel()
        for relay in self._relays:
            relay.leave(self._tap)
        self._tap.close()
        self._tap.discard()
        self._ended()


class Subscribers:
    """All subscribers of a server. Lives on one event loop."""

    def __init__(self, venues: Mapping[str, Venue]) -> None:
        self._venues = venues
        self._subscribers: dict[int, Subscriber] = {}
        self._past: dict[int, Delivery] = {}
        self._numbers = itertools.count(1)

    def open(
        self,
        tracks: Sequence[str] | None,
        bound: int,
        replica: str | None,
        deliver: Deliver | None = None,
    ) -> int:
        """Begin to deliver what all replicas show, or one of them. Raises `SetupError`."""
        if replica is not None and replica not in self._venues:
            raise SetupError(f"replica: expected one of {', '.join(self._venues)}; got {replica!r}")
        if not 1 <= bound <= BOUND:
            raise SetupError(f"bound: expected a number from 1 to {BOUND}; got {bound}")
        venues = [v for name, v in self._venues.items() if replica in (None, name)]
        self._check(tracks, venues)
        number = next(self._numbers)
        self._subscribers[number] = Subscriber(
            str(number),
            [venue.relay for venue in venues],
            None if tracks is None else frozenset(tracks),
            bound,
            deliver,
            lambda: self._let_go(number),
        )
        return number

    def delivery(self, number: int) -> Delivery:
        """Say how a subscription goes, or how it went until it ended by itself."""
        past = self._past.get(number)
        return self._subscriber(number).delivery if past is None else past

    async def take(self, number: int, seconds: float) -> FrameBatch | None:
        """Return the next batch; None after `seconds` without."""
        return await self._subscriber(number).take(seconds)

    async def stop(self, number: int) -> Delivery:
        """Deliver nothing more; return how it went."""
        if (past := self._past.pop(number, None)) is not None:
            return past
        subscriber = self._subscriber(number)
        del self._subscribers[number]
        await subscriber.close()
        return subscriber.delivery

    async def close(self) -> None:
        """End with everybody."""
        for subscriber in list(self._subscribers.values()):
            await subscriber.close("the server has ended")

    def _check(self, tracks: Sequence[str] | None, venues: Sequence[Venue]) -> None:
        for contract in (venue.host.contract for venue in venues):
            if contract is None or tracks is None:
                continue
            known = contract.tracks_towards(Direction.OUT)
            for unknown in set(tracks) - set(known):
                raise SetupError(f"tracks: expected some of {', '.join(known)}; got {unknown!r}")

    def _let_go(self, number: int) -> None:
        """Keep of one that is over only how it went."""
        subscriber = self._subscribers.pop(number, None)
        if subscriber is None:
            return
        self._past[number] = subscriber.delivery
        if len(self._past) > REMEMBERED:
            del self._past[next(iter(self._past))]

    def _subscriber(self, number: int) -> Subscriber:
        found = self._subscribers.get(number)
        if found is None:
            past = self._past.get(number)
            raise PeerGone("the subscription has ended" if past is None else past.over)
        return found
