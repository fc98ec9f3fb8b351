"""`WebRtcPeer`: one client's peer connection, from its offer to its end."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from aiortc import (
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import candidate_from_sdp

from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ClientError
from reactor_actors.core.media import Direction, Track
from reactor_actors.core.ports import Candidate, Feed, Offer
from reactor_actors.core.wire.chunking import MESSAGE_LIMIT
from reactor_actors.core.wire.codec import Codec
from reactor_actors.core.wire.inbound import ClockRequest, Inbound, Pause, Resume
from reactor_actors.core.wire.outbound import Clock, Outbound
from reactor_actors.transports.webrtc import sdp
from reactor_actors.transports.webrtc.channels import Channels
from reactor_actors.transports.webrtc.datagrams import Datagrams
from reactor_actors.transports.webrtc.ending import report_to_the_end, shut
from reactor_actors.transports.webrtc.feedback import Feedback
from reactor_actors.transports.webrtc.ice import configuration, gathering
from reactor_actors.transports.webrtc.inbound import pump
from reactor_actors.transports.webrtc.outbound import PacketTrack
from reactor_actors.transports.webrtc.receiver import guard
from reactor_actors.transports.webrtc.settings import VIDEO, PeerSettings
from reactor_actors.transports.webrtc.streams import SoundStream, Streams
from reactor_actors.transports.webrtc.timing import mark_of
from reactor_actors.transports.webrtc.video import VideoStream

SOUND = ("opus",)
FLUSH_SECONDS = 0.25
CLOSE_SECONDS = 5.0


class PeerEvents(Protocol):
    """Who owns a peer. Every call is made on the event loop."""

    def peer_connected(self, peer: WebRtcPeer) -> None:
        """The peer is up; called once."""

    def peer_lost(self, peer: WebRtcPeer, reason: str) -> None:
        """The peer is gone, or has to go; called once, and never after `close`."""

    def peer_said(self, peer: WebRtcPeer, said: Inbound) -> None:
        """The client said something that is not this peer's own business."""

    def peer_may_feed(self, peer: WebRtcPeer, track: str) -> bool:
        """Whether media of this peer on an input track goes to the model."""

    def peer_fed(self, frame: Feed) -> None:
        """The client sent a frame."""


@dataclass(frozen=True, slots=True)
class _Output:
    """What is sent to the client on one m-line."""

    sender: RTCRtpSender
    track: PacketTrack
    codec: str
    feedback: Feedback
    stream: VideoStream | SoundStream


class WebRtcPeer:
    """One client. `flat` peers speak first-generation signalling and play from the start."""

    def __init__(
        self,
        client: str,
        offer: Offer,
        contract: Contract,
        streams: Streams,
        events: PeerEvents,
        settings: PeerSettings,
        *,
        flat: bool,
    ) -> None:
        self.client = client
        self._offer = offer
        self._contract = contract
        self._streams = streams
        self._events = events
        self._settings = settings
        self._flat = flat
        self._facts = sdp.facts_of(offer.sdp)
        self._chunk_limit = None if self._facts.chunk_limit is None else MESSAGE_LIMIT
        limit = min(self._facts.chunk_limit or self._facts.frame_limit, MESSAGE_LIMIT)
        codec = Codec(flat=flat, chunked=self._chunk_limit is not None, send_limit=limit)
        self._channels = Channels(codec, client)
        self._connection = RTCPeerConnection(configuration(settings.ice))
        self._outputs: dict[str, _Output] = {}
        self._inputs: set[asyncio.Task[None]] = set()
        self._negotiation: asyncio.Task[str] | None = None
        self._end_task: asyncio.Task[None] | None = None
        self._candidates = 0
        self._closed = False
        self.connected = False
        self.negotiated = False

    @property
    def ufrag(self) -> str:
        """The ICE user fragment of the client's end."""
        return self._facts.ufrag

    @property
    def stalled(self) -> bool:
        """Whether the client has not read its data channels for too long."""
        return self._channels.stalled

    @property
    def silence(self) -> float:
        """Seconds since the client's last sign of life on a data channel."""
        return time.monotonic() - self._channels.heard_at

    async def negotiate(self) -> str:
        """Return the answer to the client's offer, all candidates included.

        Raises `ClientError` with code `negotiation_failed`, and whatever aiortc makes of foreign
        SDP. A peer that is closed meanwhile has no answer.
        """
        if not self._closed:
            self._negotiation = asyncio.get_running_loop().create_task(self._negotiate())
            # The end of this peer cancels it and waits for it: a socket opened after the
            # connection is closed would stay open.
            await asyncio.wait([self._negotiation])
        if self._closed or self._negotiation is None or self._negotiation.cancelled():
            raise ClientError("negotiation_failed", "the connection was closed meanwhile")
        answer = self._negotiation.result()
        self.negotiated = True
        return answer

    async def add_candidate(self, candidate: Candidate) -> None:
        """Take a candidate that came after the offer. Beyond 64, and bad ones, are left out."""
        self._candidates += 1
        if self._closed or self._candidates > sdp.CANDIDATES:
            return
        with suppress(ValueError):  # unreadable, or for an m-line this offer does not have
            parsed = candidate_from_sdp(candidate.candidate.removeprefix("candidate:"))
            parsed.sdpMid, parsed.sdpMLineIndex = candidate.sdp_mid, candidate.sdp_mline_index
            if parsed.sdpMid is None and parsed.sdpMLineIndex is None:
                parsed.sdpMLineIndex = 0
            await self._connection.addIceCandidate(parsed)

    def tell(self, message: Outbound) -> None:
        """Queue a message for the client."""
        if not self._closed:
            self._channels.tell(message)

    def close(self) -> None:
        """Flush what was told, then close the connection. Never waits."""
        self._end(FLUSH_SECONDS)

    def drop(self) -> None:
        """Close the connection now: nobody reads at the other end, or another peer takes over."""
        self._end(0.0)

    async def closed(self) -> None:
        """Wait until everything this peer owns is closed."""
        self.drop()
        assert self._end_task is not None
        await asyncio.wait([self._end_task])

    async def _negotiate(self) -> str:
        connection = self._connection
        connection.on("datachannel", self._channel_opened)
        connection.on("connectionstatechange", self._state_changed)
        connection.on("track", self._track_published)
        offer = sdp.without_unusable_candidates(self._offer.sdp)
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        for transceiver in connection.getTransceivers():
            report_to_the_end(transceiver.sender)
            report_to_the_end(transceiver.receiver)
            self._prepare(transceiver)
        with gathering(connection, self._settings.ice):
            await connection.setLocalDescription(await connection.createAnswer())
        answer = connection.localDescription.sdp
        if "\na=candidate:" not in answer:
            raise ClientError("negotiation_failed", "the server has no free UDP port")
        return sdp.finished_answer(
            answer,
            chunk_limit=self._chunk_limit,
            public_address=self._settings.ice.public_address,
        )

    def _prepare(self, transceiver: RTCRtpTransceiver) -> None:
        """Answer one m-line: what the client wants to receive is sent, the rest received."""
        name = self._offer.tracks.get(str(transceiver.mid), "")
        if transceiver._offerDirection not in ("sendonly", "sendrecv"):
            transceiver.direction = "recvonly"
            return
        transceiver.direction = "sendonly"
        video = transceiver.kind == "video"
        codec = prefer_codec(transceiver, (*self._settings.codecs, *VIDEO) if video else SOUND)
        streams: Any = self._streams.video if video else self._streams.sound
        if codec is None or name not in streams or name in self._outputs:
            # On a track we do not have, or cannot encode for this client, nothing ever comes.
            return
        stream: VideoStream | SoundStream = streams[name]
        if isinstance(stream, VideoStream):
            track = PacketTrack("video", lambda: stream.request_key(track), stream.ways_out)
        else:
            track = PacketTrack("audio")
        transceiver.sender.replaceTrack(track)
        Datagrams(transceiver.sender)
        self._outputs[name] = _Output(
            transceiver.sender, track, codec, Feedback(transceiver.sender), stream
        )

    def _channel_opened(self, channel: RTCDataChannel) -> None:
        kind = self._channels.add(channel)

        @channel.on("message")
        def received(payload: str | bytes) -> None:
            for said in () if self._closed else self._channels.receive(kind, payload):
                self._hear(said)

    def _hear(self, said: Inbound) -> None:
        match said:
            case Resume(name):
                self._resume(name)
            case Pause(name):
                self._pause(name)
            case ClockRequest():
                self.tell(self._clock())
            case _:
                self._events.peer_said(self, said)

    def _clock(self) -> Clock:
        marks = {
            name: mark
            for name, output in self._outputs.items()
            if output.track.kind == "video" and (mark := mark_of(output.sender, output.track))
        }
        return Clock(time.time(), marks)

    def _resume(self, name: str) -> None:
        output = self._outputs.get(name)
        if output is None or not output.track.paused or self._closed:
            return
        if isinstance(output.stream, VideoStream):
            output.feedback.listener = output.stream.join(output.track, output.codec)
        else:
            output.stream.join(output.track)

    def _pause(self, name: str) -> None:
        if output := self._outputs.get(name):
            output.feedback.listener = None
            output.stream.leave(output.track)

    def _track_published(self, source: MediaStreamTrack) -> None:
        for transceiver in self._connection.getTransceivers():
            if transceiver.receiver.track is source:
                name = self._offer.tracks.get(str(transceiver.mid), "")
                track = self._contract.tracks_towards(Direction.IN).get(name)
                if track is not None and track.kind.value == source.kind:
                    guard(transceiver.receiver, self._overrun)
                    self._receive(source, track)
                else:
                    transceiver.receiver._enabled = False  # or it would be decoded, and kept

    def _receive(self, source: MediaStreamTrack, track: Track) -> None:
        work = pump(
            source,
            track,
            lambda: self._events.peer_may_feed(self, track.name),
            self._events.peer_fed,
        )
        task = asyncio.get_running_loop().create_task(work)
        self._inputs.add(task)
        task.add_done_callback(self._inputs.discard)

    def _overrun(self) -> None:
        if not self._closed:
            self._events.peer_lost(self, "it sends more streams than it has")

    async def _state_changed(self) -> None:
        state = self._connection.connectionState
        if state == "connected" and not self.connected and not self._closed:
            self.connected = True
            self._channels.heard_at = time.monotonic()
            self._events.peer_connected(self)
            if self._flat:
                for name in self._outputs:
                    self._resume(name)
        elif state in ("failed", "closed") and not self._closed:
            self._events.peer_lost(self, state)

    def _end(self, flush: float) -> None:
        if self._closed:
            return
        self._closed = True
        for name in self._outputs:
            self._pause(name)
        if self._negotiation is not None:
            self._negotiation.cancel()
        for task in self._inputs:
            task.cancel()  # aiortc ends a track that never connected neither now nor later
        self._end_task = asyncio.get_running_loop().create_task(self._shut(flush))

    async def _shut(self, flush: float) -> None:
        if self._negotiation is not None:
            await asyncio.wait([self._negotiation])
        if self.connected and flush:
            await asyncio.sleep(flush)
        await shut(self._connection, CLOSE_SECONDS)
        await asyncio.gather(*self._inputs, return_exceptions=True)


def prefer_codec(transceiver: RTCRtpTransceiver, names: tuple[str, ...]) -> str | None:
    """Answer with the first of `names` that was offered, and its retransmissions, alone.

    Returns its name; None, and changes nothing, when none was. aiortc ignores preferences set after
    an offer, and sends what comes first in this list.
    """
    codecs = transceiver._codecs
    for name in names:
        chosen = next((c for c in codecs if c.name.upper() == name.upper()), None)
        if chosen is not None:
            repeats = [c for c in codecs if c.parameters.get("apt") == chosen.payloadType]
            transceiver._codecs = [chosen, *repeats]
            return str(chosen.name)
    return None
