"""`Claims`: which client feeds which input track. First come, first served. Pure.

A client claims a track by asking for it. One that has no way of asking (the flat legacy route)
claims a free track by sending media on it, and loses it after five seconds without any.
"""

from __future__ import annotations

from dataclasses import dataclass

from reactor_actors.core.errors import ClientError

SILENCE = 5.0


@dataclass(slots=True)
class _Claim:
    client: str
    implicit: bool
    last: float


class Claims:
    """The claims of one session. `now` is an argument, in seconds of one clock."""

    def __init__(self, inputs: frozenset[str]) -> None:
        self._inputs = inputs
        self._claims: dict[str, _Claim] = {}

    def serve(self, inputs: frozenset[str]) -> bool:
        """Whether these are the claims of a model with exactly these input tracks."""
        return inputs == self._inputs

    def publish(self, client: str, track: str, now: float) -> None:
        """Claim a track. Raises `ClientError` with code `publish_refused`."""
        if track not in self._inputs:
            known = ", ".join(sorted(self._inputs)) or "none"
            raise ClientError("publish_refused", f"no input track {track!r}; known are: {known}")
        holder = self._holder(track, now)
        if holder not in (None, client):
            raise ClientError("publish_refused", f"another client publishes {track!r} already")
        self._claims[track] = _Claim(client, implicit=False, last=now)

    def accepts(self, client: str, track: str, now: float, *, implicit: bool) -> bool:
        """Whether media of a client on a track goes to the model; `implicit` lets it claim."""
        holder = self._holder(track, now)
        if holder is None and implicit and track in self._inputs:
            self._claims[track] = _Claim(client, implicit=True, last=now)
            return True
        if holder != client:
            return False
        self._claims[track].last = now
        return True

    def unpublish(self, client: str, track: str) -> None:
        """Give a track back; somebody else's stays theirs."""
        claim = self._claims.get(track)
        if claim is not None and claim.client == client:
            del self._claims[track]

    def release(self, client: str) -> None:
        """Give back everything a client holds."""
        for track in [t for t, claim in self._claims.items() if claim.client == client]:
            del self._claims[track]

    def _holder(self, track: str, now: float) -> str | None:
        claim = self._claims.get(track)
        if claim is None or (claim.implicit and now - claim.last > SILENCE):
            return None
        return claim.client
