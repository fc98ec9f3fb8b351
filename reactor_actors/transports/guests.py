"""`Guests`: clients without a network. They take part in sessions exactly as WebRTC peers do.

A guest lives in another process and asks: for news, which it is told once, and for what is shown,
of which the oldest gives way. Every question is a sign of life. Whoever asks nothing for as long as
a peer may be silent has left.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Mapping, Sequence

from reactor_actors.core.admission import Why
from reactor_actors.core.batches import Shown
from reactor_actors.core.current import working_for
from reactor_actors.core.errors import BusyError, ClientError, PeerGone
from reactor_actors.core.guests import JOIN_SECONDS, News, Watched, Welcome
from reactor_actors.core.mode import Mode
from reactor_actors.core.ports import Feed
from reactor_actors.core.wire.inbound import FileUploaded, Inbound, Ping, Publish, Unpublish
from reactor_actors.core.wire.outbound import Outbound
from reactor_actors.core.wire.uploads import UploadRef
from reactor_actors.flow.bell import Bell
from reactor_actors.transports.lobby import CLEAN, Lobby, TurnedAwayError
from reactor_actors.transports.relay import Tap
from reactor_actors.transports.venue import Venue
from reactor_actors.transports.webrtc.settings import ConnectionLimits

log = logging.getLogger("reactor_actors.peer")

UNREAD = 4096
"""How many messages may wait for a guest; one that reads none of them has left."""

WATCHES = 16
"""How many things a guest may watch at a time."""

GONE = "the session has ended, or this client was silent for too long"

ONE_TRANSPORT = "clients without a network are only for deployments of one transport"

BOUND = 256
"""How many ticks are kept for a watch, whatever was asked for."""


class Guest:
    """One guest, on the transport's side: a `Peer` that keeps what it is told until it is read."""

    def __init__(self, client: str, venue: Venue, session: str, now: float) -> None:
        self.client = client
        self.venue = venue
        self.session = session
        self.heard_at = now
        self.asking = 0
        self.closed = False
        self.taps: dict[int, Tap] = {}
        self._unread: deque[Outbound] = deque()
        self._bell = Bell()

    @property
    def stalled(self) -> bool:
        """Whether the guest does not read what it is told."""
        return len(self._unread) >= UNREAD

    def tell(self, message: Outbound) -> None:
        """Keep a message for the guest."""
        if not self.closed and not self.stalled:
            self._unread.append(message)
            self._bell.ring()

    def close(self) -> None:
        """Tell nothing more; what was told can still be read."""
        self.closed = True
        for tap in self.taps.values():
            self.venue.relay.leave(tap)
            tap.close()
        self._bell.ring()

    async def news(self, seconds: float) -> News:
        """Return what is unread, waiting for something."""
        try:
            return await self._bell.until(self._news, seconds)
        except TimeoutError:
            return News()

    def _news(self) -> News | None:
        if not self._unread and not self.closed:
            return None
        messages = tuple(self._unread)
        self._unread.clear()
        return News(messages, over=self.closed)


class Guests:
    """All guests of a server, as a `Door`. Lives on one event loop.

    A guest counts like a connection; one that is silent for `limits.silence` seconds has left.
    """

    def __init__(self, lobby: Lobby, venues: Mapping[str, Venue], limits: ConnectionLimits) -> None:
        self._loop = asyncio.get_running_loop()
        self._lobby = lobby
        self._venues = venues
        self._limits = limits
        self._guests: dict[str, Guest] = {}
        self._names = (f"guest-{number}" for number in itertools.count(1))
        self._watches = itertools.count(1)
        self._timer: asyncio.TimerHandle | None = None
        for venue in venues.values():
            venue.seats.count(lambda venue=venue: self._held(venue))  # type: ignore[misc]

    async def join(self, ticket: str, seconds: float) -> Welcome:
        """Start a session or join the running one, waiting up to `seconds` for a turn.

        Raises `BusyError`, and `ClientError` where some rooms are in other processes.
        """
        if self._lobby.rooms.keys() - self._venues.keys():
            raise ClientError("unsupported", ONE_TRANSPORT)
        name, seconds = next(self._names), min(seconds, JOIN_SECONDS)
        try:
            room = await self._lobby.start(name, ticket, seconds, patient=True)
        except TurnedAwayError as error:
            raise _busy(error) from None
        venue, facts = self._venues[room.name], room.facts
        if facts.session is None or facts.contract is None:
            raise PeerGone("the session ended while it was joined")
        venue.seats.check()
        guest = self._guests[name] = Guest(name, venue, facts.session, self._loop.time())
        venue.host.join(guest, 0.0)
        if guest.closed:
            del self._guests[name]
            raise PeerGone("the session ended while it was joined")
        self._look_later()
        return Welcome(name, facts.session, room.name, facts.contract)

    async def news(self, guest: str, seconds: float) -> News:
        """Return what the guest has been told, waiting for something."""
        known = self._asking(guest)
        try:
            told = await known.news(seconds)
        finally:
            self._asked(known)
        if told.over:
            self._forget(known)
        return told

    async def say(self, guest: str, said: Sequence[Inbound]) -> None:
        """Take in what the guest says, in order."""
        known = self._present(guest)
        for one in said:
            match one:
                case Ping():
                    continue
                case Publish():
                    known.tell(known.venue.inputs.publish(guest, one))
                case Unpublish(name):
                    known.venue.inputs.unpublish(guest, name)
                case _:
                    known.venue.host.hear(guest, one)

    async def feed(self, guest: str, frames: Sequence[Feed]) -> bool:
        """Take in input frames, in order. False: another client holds the track by now."""
        inputs = self._present(guest).venue.inputs
        for frame in frames:
            if not inputs.accepts(guest, frame.track):
                return False
            inputs.feed(frame)
        return True

    async def newest(self, guest: str, track: str, after: int, seconds: float) -> Shown | None:
        """Return the picture that stands on a track, if its number is above `after`; or wait."""
        known = self._asking(guest)
        try:
            shown = await known.venue.relay.newest(track, after, seconds, lambda: known.closed)
        finally:
            self._asked(known)
        if shown is None and known.closed:
            raise PeerGone(GONE)
        return shown

    async def watch(self, guest: str, tracks: Sequence[str], bound: int) -> int:
        """Keep the ticks of some tracks from now on; return how to ask for them."""
        known = self._present(guest)
        if len(known.taps) >= WATCHES:
            raise ClientError("overloaded", f"a client may watch {WATCHES} things at a time")
        tap, number = Tap(frozenset(tracks), min(bound, BOUND)), next(self._watches)
        known.taps[number] = tap
        known.venue.relay.join(tap)
        return number

    async def watched(self, guest: str, watch: int, seconds: float) -> Watched:
        """Return what has been kept, waiting for something."""
        known = self._asking(guest)
        tap = known.taps.get(watch)
        try:
            if tap is None:
                return Watched(over=True)
            shown = await tap.take(seconds)
        finally:
            self._asked(known)
        return Watched(tuple(shown), tap.dropped, over=tap.closed and not shown)

    async def unwatch(self, guest: str, watch: int) -> None:
        """Keep nothing more."""
        known = self._guests.get(guest)
        tap = known.taps.pop(watch, None) if known is not None else None
        if known is not None and tap is not None:
            known.venue.relay.leave(tap)
            tap.close()

    async def upload(self, guest: str, name: str, mime_type: str, data: bytes) -> UploadRef:
        """Store a file for the session."""
        known = self._present(guest)
        room = known.venue.room
        try:
            upload = await room.place(known.session, name, mime_type, len(data))
        except LookupError:
            raise PeerGone("the session has ended") from None
        with room.filling(upload, len(data)) as transfer:
            transfer.write(data)
            await transfer.finish()
        ref = UploadRef(upload, name, mime_type, len(data))
        known.venue.host.hear(guest, FileUploaded(ref))
        return ref

    async def leave(self, guest: str) -> None:
        """Leave in order; a session of its own ends with the guest."""
        known = self._guests.get(guest)
        if known is None:
            return
        self._part(known, CLEAN)
        if self._lobby.mode is Mode.EXCLUSIVE:
            await self._lobby.stop(guest, known.session, "stopped")

    def close(self) -> None:
        """Part with everybody."""
        for guest in list(self._guests.values()):
            self._let_go(guest, "closed by the server")
        if self._timer is not None:
            self._timer.cancel()

    def _part(self, guest: Guest, reason: str) -> None:
        guest.close()
        try:
            self._forget(guest)
        finally:
            guest.venue.host.leave(guest.client, reason)

    def _let_go(self, guest: Guest, reason: str) -> None:
        """Part with one of several; what goes wrong with it is not the others' fault."""
        try:
            self._part(guest, reason)
        except Exception:
            with working_for(guest.session, guest.venue.name):
                log.exception("%s could not be parted with in order", guest.client)

    def _forget(self, guest: Guest) -> None:
        self._guests.pop(guest.client, None)
        guest.venue.inputs.release(guest.client)

    def _heard(self, guest: str) -> Guest:
        known = self._guests.get(guest)
        if known is None:
            raise PeerGone(GONE)
        known.heard_at = self._loop.time()
        return known

    def _present(self, guest: str) -> Guest:
        """Return a guest whose session still runs: another one may have begun in its room."""
        known = self._heard(guest)
        if known.closed:
            raise PeerGone(GONE)
        return known

    def _asking(self, guest: str) -> Guest:
        known = self._heard(guest)
        known.asking += 1
        return known

    def _asked(self, guest: Guest) -> None:
        guest.asking -= 1
        guest.heard_at = self._loop.time()

    def _held(self, venue: Venue) -> int:
        return sum(g.venue is venue and not g.closed for g in self._guests.values())

    def _look_later(self) -> None:
        if self._timer is None and self._guests:
            self._timer = self._loop.call_later(self._limits.poll, self._look)

    def _look(self) -> None:
        """Part with those who left without a word."""
        self._timer = None
        silence = self._limits.silence
        latest = self._loop.time() - silence
        for guest in list(self._guests.values()):
            if silence > 0 and not guest.asking and guest.heard_at < latest:
                self._let_go(guest, f"silent for {silence:g} s")
            elif guest.stalled:
                self._let_go(guest, "it does not read its messages")
        self._look_later()


_TURNED_AWAY = {
    Why.CLOSING: "a session is still closing",
    Why.LOADING: "the model is loading",
    Why.FULL: "all replicas are busy",
    Why.GONE: "the server takes no more sessions",
}


def _busy(error: TurnedAwayError) -> BusyError:
    queued = error.queued
    if queued is None:
        return BusyError(error.why.value, _TURNED_AWAY[error.why])
    place = queued.place
    return BusyError(
        error.why.value, _TURNED_AWAY[error.why], queued.ticket, place.position, place.size
    )
