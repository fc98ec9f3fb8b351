"""What a client without a network and the transport it is a guest of say to each other.

All of it crosses processes. `Door` is the transport as such a client sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reactor_actors.core.batches import Shown
from reactor_actors.core.contract import Contract
from reactor_actors.core.ports import Feed
from reactor_actors.core.wire.inbound import Inbound
from reactor_actors.core.wire.outbound import Outbound
from reactor_actors.core.wire.uploads import UploadRef

JOIN_SECONDS = 5.0
"""How long one question for a turn waits at most.

An actor call cannot be taken back: for so long a session may still begin for somebody who has gone.
"""


@dataclass(frozen=True, slots=True)
class Welcome:
    """A guest has been let in: its id, the session and replica, and what the model declares."""

    guest: str
    session: str
    replica: str
    contract: Contract


@dataclass(frozen=True, slots=True)
class News:
    """What a guest has been told since it last asked. `over`: there will be no more."""

    messages: tuple[Outbound, ...] = ()
    over: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """What has been shown since it was last asked for, and how many ticks were dropped so far.

    `over`: there will be no more.
    """

    shown: tuple[Shown, ...] = ()
    dropped: int = 0
    over: bool = False


class Door(Protocol):
    """The transport, as a guest sees it. Raises `PeerGone` for a guest that is there no more.

    Calls may overtake each other: a guest keeps one of `say` and one of `feed` in flight.
    """

    async def join(self, ticket: str, seconds: float) -> Welcome:
        """Start a session or join the running one, waiting up to `seconds` for a turn.

        Never longer than `JOIN_SECONDS`: who has more patience asks again, with the ticket of the
        `BusyError`. Raises `BusyError`, or `ClientError` when the session takes no more clients.
        """

    async def news(self, guest: str, seconds: float) -> News:
        """Return what the guest has been told, waiting for something. A sign of life, too."""

    async def say(self, guest: str, said: Sequence[Inbound]) -> None:
        """Take in what the guest says, in order."""

    async def feed(self, guest: str, frames: Sequence[Feed]) -> bool:
        """Take in input frames, in order. False: another client holds the track by now."""

    async def newest(self, guest: str, track: str, after: int, seconds: float) -> Shown | None:
        """Return the picture that stands on a track, if its number is above `after`; or wait."""

    async def watch(self, guest: str, tracks: Sequence[str], bound: int) -> int:
        """Keep at most `bound` ticks of some tracks from now on; return how to ask for them."""

    async def watched(self, guest: str, watch: int, seconds: float) -> Watched:
        """Return what has been kept, waiting for something."""

    async def unwatch(self, guest: str, watch: int) -> None:
        """Keep nothing more."""

    async def upload(self, guest: str, name: str, mime_type: str, data: bytes) -> UploadRef:
        """Store a file for the session. Raises `ClientError`."""

    async def leave(self, guest: str) -> None:
        """Leave in order; repeatable."""
