"""`Subscription`: batches on their way to an actor, or to a callable of this process."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any, Self

import ray
from ray.exceptions import GetTimeoutError, RayError

from reactor_actors.core.batches import Delivery, FrameBatch
from reactor_actors.core.errors import PeerGone

log = logging.getLogger("reactor_actors.subscribers")

GONE = "the deployment has ended"
FETCH_SECONDS = 5.0
ANSWER_SECONDS = 30.0


class Subscription:
    """What `Deployment.subscribe` begins. It goes on until `close`, or until its target has died.

    For a callable, the batches are fetched by a thread of this process.
    """

    def __init__(
        self,
        transport: Any,
        number: int,
        callback: Callable[[FrameBatch], object] | None = None,
    ) -> None:
        self._transport = transport
        self._number = number
        self._last: Delivery | None = None
        self._thread: threading.Thread | None = None
        if callback is not None:
            self._thread = threading.Thread(
                target=_fetch, args=(transport, number, callback), name="subscription", daemon=True
            )
            self._thread.start()

    @property
    def delivered(self) -> int:
        """How many ticks have been delivered."""
        return self.delivery().delivered

    @property
    def dropped(self) -> int:
        """How many ticks were dropped because the target was busy."""
        return self.delivery().dropped

    def delivery(self) -> Delivery:
        """Say how it goes; after `close`, how it went.

        Raises `PeerGone` when the transport does not answer in time; a later answer may come.
        """
        if self._last is None:
            asked = self._transport.delivery.remote(self._number)
            try:
                known: Delivery = ray.get(asked, timeout=ANSWER_SECONDS)
            except GetTimeoutError:
                raise PeerGone(
                    f"the transport did not answer within {ANSWER_SECONDS:g} s"
                ) from None
            except RayError:
                self._last = Delivery(over=GONE)
            else:
                return known
        return self._last

    async def adelivery(self) -> Delivery:
        """Do what `delivery` does, for a program with an event loop."""
        return await asyncio.to_thread(self.delivery)

    def close(self) -> None:
        """Deliver nothing more; a batch on its way may still arrive. Repeatable.

        A transport that does not answer in time stops when it comes to it.
        """
        if self._last is None:
            try:
                asked = self._transport.unsubscribe.remote(self._number)
                self._last = ray.get(asked, timeout=ANSWER_SECONDS)
            except GetTimeoutError:
                log.warning("the transport has not yet confirmed the end of a subscription")
            except RayError:
                self._last = Delivery(over=GONE)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(ANSWER_SECONDS)

    async def aclose(self) -> None:
        """Do what `close` does, for a program with an event loop."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.aclose()


def _fetch(transport: Any, number: int, callback: Callable[[FrameBatch], object]) -> None:
    """Call back with every batch, until there are no more."""
    failed = False
    while True:
        try:
            batch = ray.get(transport.batch.remote(number, FETCH_SECONDS))
        except Exception:
            return  # the subscription has ended, the transport, or Ray itself
        if batch is None:
            continue
        try:
            callback(batch)
        except Exception:
            if not failed:
                log.exception("a subscriber failed, and goes on")
            failed = True
