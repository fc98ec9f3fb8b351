"""`Inputs`: who feeds the input tracks of the running session. The shell around `Claims`."""

from __future__ import annotations

import time

from reactor_actors.core.claims import Claims
from reactor_actors.core.errors import ClientError
from reactor_actors.core.media import Direction
from reactor_actors.core.ports import Feed
from reactor_actors.core.wire.inbound import Publish
from reactor_actors.core.wire.outbound import Published, PublishRefused
from reactor_actors.transports.host import TransportHost


class Inputs:
    """The input tracks of one replica, shared by all its clients. Lives on one event loop."""

    def __init__(self, host: TransportHost) -> None:
        self._host = host
        self._claims = Claims(frozenset())

    def publish(self, client: str, asked: Publish) -> Published | PublishRefused:
        """Claim a track for a client; return what to answer."""
        try:
            self._current().publish(client, asked.name, time.monotonic())
        except ClientError as error:
            return PublishRefused(asked.request, error.message)
        return Published(asked.request, asked.name)

    def unpublish(self, client: str, track: str) -> None:
        """Give a track back."""
        self._claims.unpublish(client, track)

    def accepts(self, client: str, track: str, *, implicit: bool = False) -> bool:
        """Whether media of a client on a track goes to the model; `implicit` lets it claim."""
        return self._current().accepts(client, track, time.monotonic(), implicit=implicit)

    def feed(self, frame: Feed) -> None:
        """Pass a frame on to the model."""
        self._host.feed(frame)

    def release(self, client: str) -> None:
        """Give back everything a client holds."""
        self._claims.release(client)

    def clear(self) -> None:
        """Forget every claim: the session is over."""
        self._claims = Claims(frozenset())

    def _current(self) -> Claims:
        contract = self._host.contract
        inputs = frozenset(contract.tracks_towards(Direction.IN)) if contract else frozenset()
        if not self._claims.serve(inputs):
            self._claims = Claims(inputs)
        return self._claims
