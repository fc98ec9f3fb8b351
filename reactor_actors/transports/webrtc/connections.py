"""`Connections`: every connection of the running session, from a reserved id to its end."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from reactor_actors.core.current import working_for
from reactor_actors.core.errors import ClientError
from reactor_actors.core.ports import FLAT, Candidate, Feed, Offer
from reactor_actors.core.wire.inbound import Inbound, Publish, Unpublish, Violation
from reactor_actors.transports.host import TransportHost
from reactor_actors.transports.inputs import Inputs
from reactor_actors.transports.seats import Seats
from reactor_actors.transports.webrtc import sdp
from reactor_actors.transports.webrtc.peer import WebRtcPeer
from reactor_actors.transports.webrtc.settings import ConnectionLimits, PeerSettings
from reactor_actors.transports.webrtc.streams import Streams

log = logging.getLogger("reactor_actors.peer")

IDS = range(1002, 10_000)


@dataclass(slots=True)
class _Slot:
    """One connection id. It outlives its peers: a client that returns finds it."""

    number: int
    kept: deque[Candidate]
    peer: WebRtcPeer | None = None
    joined: bool = False
    since: float = 0.0
    released: bool = False
    answer: asyncio.Future[str | ClientError] | None = field(default=None)


class Connections:
    """The `Signalling` of WebRTC, and the owner of all its peers. Lives on one event loop.

    `inputs` and `seats` are shared with clients of other kinds, where there are any.
    """

    def __init__(
        self,
        room: TransportHost,
        streams: Streams,
        settings: PeerSettings | None = None,
        limits: ConnectionLimits | None = None,
        *,
        inputs: Inputs | None = None,
        seats: Seats | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._room = room
        self._streams = streams
        self._settings = settings or PeerSettings()
        self._limits = limits or ConnectionLimits()
        self._slots: dict[int, _Slot] = {}
        self._inputs = inputs or Inputs(room)
        self._seats = seats or Seats(self._limits.connections)
        self._seats.count(lambda: sum(not slot.released for slot in self._slots.values()))
        self._tasks: set[asyncio.Task[Any]] = set()
        room.when_over(self.clear)
        self._watch = self._loop.create_task(self._watch_all())

    def open(self, connection: int | None = None) -> int:
        """Reserve a connection and return its id."""
        if connection in self._slots:
            return self._slots[connection].number
        self._seats.check()
        number = connection if connection is not None else self._free_id()
        kept: deque[Candidate] = deque(maxlen=self._limits.candidates)
        self._slots[number] = _Slot(number, kept, since=time.monotonic())
        return number

    def offer(self, connection: int, offer: Offer) -> None:
        """Take an offer; whatever peer the connection had is replaced."""
        slot = self._slots[connection]
        contract = self._room.contract
        if contract is None:
            raise LookupError(connection)
        sdp.check(offer.sdp)
        if slot.released:
            self._seats.check()
        self._streams.declare(contract.tracks, contract.fps)
        flat = connection == FLAT
        peer = WebRtcPeer(
            str(connection), offer, contract, self._streams, self, self._settings, flat=flat
        )
        self._drop_peer(slot)
        self._inputs.release(str(connection))
        slot.since, slot.released, slot.peer = time.monotonic(), False, peer
        waiting, slot.answer = slot.answer, self._loop.create_future()
        if waiting is not None and not waiting.done():
            waiting.cancel()  # whoever waits for it goes on to wait for the new one
        with working_for(self._room.session, self._room.replica):
            self._run(self._negotiate(slot, peer, slot.answer))

    async def answer(self, connection: int, seconds: float) -> str | None:
        """Return the answer of the latest offer, waiting for it."""
        slot = self._slots[connection]
        deadline = self._loop.time() + seconds
        while (future := slot.answer) is not None:
            done, _ = await asyncio.wait([future], timeout=max(0.0, deadline - self._loop.time()))
            if slot.answer is not future and slot.answer is not None:
                continue  # a newer offer has taken the place of the one waited for
            if not done:
                return None
            if future.cancelled():
                break
            result = future.result()
            if isinstance(result, ClientError):
                raise result
            return result
        raise LookupError(connection)

    def candidates(self, connection: int, candidates: Sequence[Candidate]) -> None:
        """Take candidates, for the live peer or for the next offer."""
        slot = self._slots[connection]
        for candidate in candidates:
            if candidate.sdp_mline_index not in (None, 0) or not sdp.usable(candidate.candidate):
                log.debug("connection %d: candidate skipped: %s", connection, candidate.candidate)
            elif slot.peer and slot.peer.negotiated and self._is_for(slot.peer, candidate):
                self._run(slot.peer.add_candidate(candidate))
            else:
                slot.kept.append(candidate)

    def clear(self) -> None:
        """Forget every connection: the session they belong to is over."""
        for slot in self._slots.values():
            self._drop_peer(slot)
            if slot.answer is not None and not slot.answer.done():
                slot.answer.cancel()
        self._slots.clear()
        self._inputs.clear()

    async def close(self) -> None:
        """Close every peer and wait until all is closed."""
        self._watch.cancel()
        self.clear()
        with suppress(asyncio.CancelledError):
            await self._watch
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def peer_connected(self, peer: WebRtcPeer) -> None:
        """Bring a peer into the session; one that replaces another is no new client."""
        slot = self._slot_of(peer)
        if slot is None:
            peer.drop()
        elif slot.joined:
            self._room.replace(peer)
        else:
            slot.joined = True
            self._room.join(peer, time.monotonic() - slot.since)

    def peer_lost(self, peer: WebRtcPeer, reason: str) -> None:
        """Take a peer out of the session; its id stays for a client that returns."""
        slot = self._slot_of(peer)
        if slot is None:
            return
        if not peer.connected:
            log.warning(
                "connection %s never came up (%s): is UDP blocked between client and server?",
                peer.client, reason,
            )  # fmt: skip
        self._release(slot, reason)

    def peer_said(self, peer: WebRtcPeer, said: Inbound) -> None:
        """Answer what concerns input tracks, and pass the rest on to the session."""
        match said:
            case Publish():
                peer.tell(self._inputs.publish(peer.client, said))
            case Unpublish(name):
                self._inputs.unpublish(peer.client, name)
            case Violation(reason):
                self.peer_lost(peer, reason)
            case _:
                self._room.hear(peer.client, said)

    def peer_may_feed(self, peer: WebRtcPeer, track: str) -> bool:
        """Whether a peer holds an input track."""
        if self._slot_of(peer) is None:
            return False
        implicit = peer.client == str(FLAT)
        return self._inputs.accepts(peer.client, track, implicit=implicit)

    def peer_fed(self, frame: Feed) -> None:
        """Pass an input frame on to the model."""
        self._inputs.feed(frame)

    async def _negotiate(
        self, slot: _Slot, peer: WebRtcPeer, answer: asyncio.Future[str | ClientError]
    ) -> None:
        result: str | ClientError
        try:
            async with asyncio.timeout(self._limits.negotiation):
                result = await peer.negotiate()
            for candidate in self._take_kept(slot, peer):
                await peer.add_candidate(candidate)
        except ClientError as error:
            if slot.peer is peer:  # else it was closed on purpose
                log.warning("connection %d: negotiation failed: %s", slot.number, error.message)
            result = error
        except Exception as error:
            # Foreign SDP may fail anywhere inside aiortc; the client is told, the log has more.
            log.info("connection %d: negotiation failed", slot.number, exc_info=True)
            result = ClientError(
                "negotiation_failed", f"the offer cannot be answered: {_told(error)}"
            )
        if not answer.done():
            answer.set_result(result)
        if isinstance(result, ClientError) and slot.peer is peer:
            self._release(slot, "failed")

    async def _watch_all(self) -> None:
        while True:
            await asyncio.sleep(self._limits.poll)
            for slot in list(self._slots.values()):
                try:
                    self._watch_one(slot)
                except Exception:
                    # Whatever is wrong with one connection, the others are watched on.
                    log.exception("connection %d cannot be released", slot.number)

    def _watch_one(self, slot: _Slot) -> None:
        """Release what never connected, what fell silent, and what does not read."""
        peer = slot.peer
        if peer is not None and peer.connected:
            if 0 < self._limits.silence < peer.silence:
                self.peer_lost(peer, f"silent for {self._limits.silence:g} s")
            elif peer.stalled:
                self.peer_lost(peer, "it does not read its data channels")
        elif not slot.released and time.monotonic() - slot.since > self._limits.negotiation:
            slot.released = True
            if peer is not None:
                self.peer_lost(peer, f"no connection in {self._limits.negotiation:g} s")

    def _release(self, slot: _Slot, reason: str) -> None:
        """Let go of what a connection holds; its client has left."""
        self._drop_peer(slot)
        self._inputs.release(str(slot.number))
        slot.released = True
        if slot.joined:
            slot.joined = False
            slot.answer = None  # long fetched, and of no use to anybody but this client
            self._room.leave(str(slot.number), reason)

    def _drop_peer(self, slot: _Slot) -> None:
        peer, slot.peer = slot.peer, None
        if peer is not None:
            peer.drop()
            self._run(peer.closed())

    def _slot_of(self, peer: WebRtcPeer) -> _Slot | None:
        slot = self._slots.get(int(peer.client))
        return slot if slot is not None and slot.peer is peer else None

    def _take_kept(self, slot: _Slot, peer: WebRtcPeer) -> list[Candidate]:
        """Take what is kept for this peer; the rest may be for the next."""
        if slot.peer is not peer:
            return []
        taken = [c for c in slot.kept if self._is_for(peer, c)]
        for candidate in taken:
            slot.kept.remove(candidate)
        return taken

    def _is_for(self, peer: WebRtcPeer, candidate: Candidate) -> bool:
        ufrag = sdp.ufrag_in(candidate)
        return ufrag is None or ufrag == peer.ufrag

    def _free_id(self) -> int:
        free = [number for number in IDS if number not in self._slots]
        if not free:
            oldest = min((s for s in self._slots.values() if s.released), key=lambda s: s.since)
            del self._slots[oldest.number]
            return oldest.number
        return random.choice(free)

    def _run(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _told(error: Exception) -> str:
    return "it took too long" if isinstance(error, TimeoutError) else type(error).__name__
