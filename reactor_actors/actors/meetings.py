"""How a loaded model and its clients' side come together: which link, and who waits where."""

from __future__ import annotations

import logging

from reactor_actors.actors.ports import End, Loaded, Meeting, Replica
from reactor_actors.actors.scale import LinkKind
from reactor_actors.core.ports import ClientSide
from reactor_actors.links.local import ClientsEnd
from reactor_actors.links.meeting import Address, Listener

log = logging.getLogger("reactor_actors.links")


class RingMeeting:
    """Two processes of one machine."""

    kind = LinkKind.RING

    def __init__(self) -> None:
        self._listener = Listener()
        self.address: Address = self._listener.address

    async def accept(self, clients: ClientSide) -> End:
        """Return the clients' end, once the model has come."""
        return ClientsEnd(await self._listener.accept(), clients)

    def close(self) -> None:
        """Wait no more."""
        self._listener.close()


class Meetings:
    """Opens a meeting for each loaded model: on one node the ring, across nodes references."""

    def __init__(self, wanted: LinkKind, node: str) -> None:
        self._wanted = wanted
        self._node = node

    def open(self, replica: Replica, loaded: Loaded) -> Meeting:
        """Open the meeting of a model. Raises `SetupError` if the link asked for cannot be had."""
        return RingMeeting()
