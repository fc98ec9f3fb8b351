"""The doors between the wings. Read this first.

The model's side (`engine`) and the clients' side (`transports`) never import each other. Each sees
the other through one of these protocols, and a link (`links`) stands behind both:

    author's class                                                        browser
        │                                                                    │
    Program ─ ModelHost ──▶ ClientPort ══ link ══▶ TransportHost ──▶ Peer ───┤
                  ▲                                       │                  │
                  └──────── ModelPort ◀══ link ═══════════┘                  │

Media never meets the session, commands never meet the frame queue: `push`, `cut`, `set_rate` and
`feed` are the media plane, with `grant` as the credit; `post` and `deliver` are the control plane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from reactor_actors.core.media import Batch, Tick
from reactor_actors.core.messages import FromModel, Grant, ToModel
from reactor_actors.core.wire.outbound import Outbound


@dataclass(frozen=True, slots=True)
class Feed:
    """One input frame on its way to the model: I420 video, or (1, M) int16 sound.

    `height` and `width` are the picture's own size when the I420 array had to be made even.
    """

    track: str
    data: NDArray[Any]
    pts: float | None = None
    height: int | None = None
    width: int | None = None


class ClientPort(Protocol):
    """What the model's side may ask of the clients' side.

    Any thread of the model's process may call, but for `push`, which belongs to the model's loop.
    """

    async def push(self, batch: Batch, *, drop: bool) -> int:
        """Hand over a batch and return how many of its ticks were admitted.

        Waits until the last tick is admitted and the next one is to be worked on, or until the
        batch's epoch is cut; with `drop` it never waits, and each tick that does not fit is gone.
        Pictures are converted as they are admitted: after the return nothing refers to the
        author's memory.
        """

    def cut(self, epoch: int, *, black: bool) -> None:
        """Drop everything queued from before `epoch`; show black instead, if asked to."""

    def waiting(self) -> int:
        """Return how many admitted ticks have not been played yet, as far as is known here.

        What is known is the newest `Grant` and its schedule; a link that has ended has none.
        """

    def set_rate(self, fps: float) -> None:
        """Change the playout rate at once."""

    def post(self, message: FromModel) -> None:
        """Say something; the order of posts is kept."""


class ModelPort(Protocol):
    """What the clients' side may ask of the model's side. Any thread may call."""

    def deliver(self, message: ToModel) -> None:
        """Hand over control events; their order is kept. Never waits."""

    def feed(self, frame: Feed) -> None:
        """Hand over an input frame; the oldest of 128 unread ones gives way."""

    def grant(self, grant: Grant) -> None:
        """Say how far the model may go with its ticks."""


class ModelSide(Protocol):
    """The model's host, as a link sees it. Any thread may call."""

    def deliver(self, message: ToModel) -> None:
        """Queue a message."""

    def feed(self, frame: Feed) -> None:
        """Put an input frame into its buffer, which keeps the array until it is read."""


class ClientSide(Protocol):
    """The transport's host, as a link sees it. Every call is made on its event loop."""

    def push(self, tick: Tick) -> None:
        """Queue a granted tick for playout."""

    def cut(self, epoch: int, black: bool) -> None:
        """Drop what is queued from before `epoch`; show black if asked to."""

    def set_rate(self, fps: float) -> None:
        """Change the playout rate."""

    def receive(self, message: FromModel) -> None:
        """Take in what the model says."""


class Screen(Protocol):
    """Where due ticks are shown: encoders and peers, or a test's record."""

    def show(self, tick: Tick) -> None:
        """Show a tick to every client."""

    def blank(self) -> None:
        """Show one black picture per video track, of the last picture's size."""

    def forget(self) -> None:
        """Forget the last pictures: the session they belong to is over."""


class Peer(Protocol):
    """One connected client, on the control plane."""

    @property
    def client(self) -> str:
        """The client's id."""

    def tell(self, message: Outbound) -> None:
        """Send one message; a peer that has gone drops it. Never waits."""

    def close(self) -> None:
        """Flush what was told, then close the connection. Never waits."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A client's offer. `tracks` maps the mid of every m-line to the name of its track."""

    sdp: str
    tracks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ICE candidate that came after the offer, or before it."""

    candidate: str
    sdp_mid: str | None = None
    sdp_mline_index: int | None = None


FLAT = 1001
"""The connection of clients that name none in their paths: the flat slot."""


class Signalling(Protocol):
    """How connections are made, as the HTTP routes see it. Lives on the transport's loop.

    Connections belong to the running session; all are gone when it ends. `LookupError` is raised
    for a connection id that does not exist, or that was not offered on.
    """

    def open(self, connection: int | None = None) -> int:
        """Reserve a connection and return its id: a fresh one, or the one given (`FLAT`).

        Raises `ClientError` with code `overloaded` when there are too many.
        """

    def offer(self, connection: int, offer: Offer) -> None:
        """Take an offer: it replaces whatever peer the connection had. Never waits.

        Raises `ClientError` with code `malformed` for SDP that cannot be read.
        """

    async def answer(self, connection: int, seconds: float) -> str | None:
        """Return the SDP answer, waiting for it; None when it is not there after `seconds`.

        Raises `ClientError` with code `negotiation_failed` and what went wrong.
        """

    def candidates(self, connection: int, candidates: Sequence[Candidate]) -> None:
        """Take candidates, for the live peer or for the next offer. Unusable ones are skipped."""
