"""How a loaded model and its clients' side come together: which link, and who waits where."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reactor_actors.actors.ports import End, Loaded, Meeting, Replica
from reactor_actors.actors.scale import LinkKind
from reactor_actors.core.errors import PeerGone, SetupError
from reactor_actors.core.ports import ClientSide
from reactor_actors.links import local, refs
from reactor_actors.links.meeting import Address, Listener

log = logging.getLogger("reactor_actors.links")


@dataclass(frozen=True, slots=True)
class CallAddress:
    """Where a model's calls go: the transport's actor, and the link they belong to."""

    actor: Any
    link: str


class RingMeeting:
    """Two processes of one machine."""

    kind = LinkKind.RING

    def __init__(self) -> None:
        self._listener = Listener()
        self.address: Address = self._listener.address

    async def accept(self, clients: ClientSide) -> End:
        """Return the clients' end, once the model has come."""
        return local.ClientsEnd(await self._listener.accept(), clients)

    def close(self) -> None:
        """Wait no more."""
        self._listener.close()


class RefsMeeting:
    """Two actors of one cluster. `switchboard` is where the model's calls come in, by link."""

    kind = LinkKind.REFS

    def __init__(
        self, call: refs.Call, address: CallAddress, switchboard: dict[str, refs.ClientsEnd]
    ) -> None:
        self._call = call
        self._switchboard = switchboard
        self.address = address

    async def accept(self, clients: ClientSide) -> End:
        """Return the clients' end, once the model has come."""
        link = self.address.link
        end = self._switchboard[link] = refs.ClientsEnd(self._call, clients)
        end.closed.add_done_callback(lambda reason: self._switchboard.pop(link, None))
        try:
            await end.met()
        except BaseException:
            end.close()
            raise
        return end

    def close(self) -> None:
        """Wait no more; a model that has come stays on the line."""


class Meetings:
    """Opens a meeting for each loaded model: on one node the ring, across nodes references.

    `node` is the one that this process lives on, `actor` returns the actor that it is.
    """

    def __init__(self, wanted: LinkKind, node: str, actor: Callable[[], Any]) -> None:
        self._wanted = wanted
        self._node = node
        self._actor = actor
        self._numbers = itertools.count()
        self._switchboard: dict[str, refs.ClientsEnd] = {}

    def open(self, replica: Replica, loaded: Loaded) -> Meeting:
        """Open the meeting of a model. Raises `SetupError` if the link asked for cannot be had."""
        why = self._apart(loaded)
        if why is None and self._wanted is not LinkKind.REFS:
            return RingMeeting()
        if self._wanted is LinkKind.RING:
            raise SetupError(f"--link ring: {why}; --link auto takes references where it must")
        if why is not None and self._wanted is LinkKind.AUTO:
            log.warning("%s: object references join them, which takes longer than the ring", why)
        address = CallAddress(self._actor(), str(next(self._numbers)))
        return RefsMeeting(replica.take, address, self._switchboard)

    async def take(self, link: str, items: list[bytes], *arrays: Any) -> Any:
        """Take what a model says over its link. Raises `PeerGone` for a link that has ended."""
        end = self._switchboard.get(link)
        if end is None:
            raise PeerGone("the clients' side is gone")
        return await end.take(items, *arrays)

    def _apart(self, loaded: Loaded) -> str | None:
        """Say why the ring cannot join a model to this process; None if it can."""
        if loaded.node != self._node:
            return f"the model lives on another node ({loaded.address}) than its viewers' side"
        return None if hasattr(os, "memfd_create") else "this system has no memfd_create"
