"""Encode pictures once, show them to everybody: one output track of pictures.

One encoder per codec, started when the first viewer of that codec resumes and stopped a second
after the last one has left. This module knows viewers only as `PacketTrack`s.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any

from av.packet import Packet

from reactor_actors.core.media import Pixels
from reactor_actors.core.pixels import black, size_of
from reactor_actors.core.tally import Tally
from reactor_actors.transports.figures import STAGE_SECONDS, TrackFigures
from reactor_actors.transports.webrtc.codecs import VIDEO_CLOCK, codec_for
from reactor_actors.transports.webrtc.encoder import EncoderThread, VideoEncoder
from reactor_actors.transports.webrtc.outbound import PacketTrack
from reactor_actors.transports.webrtc.rate import Bitrate, BitrateRange

FIRST_SIZE = (720, 1280)
REPEAT_SECONDS = 1.0
IDLE_SECONDS = 0.06
BEHIND_SECONDS = 2.0
LINGER_SECONDS = 1.0
"""How long an encoder outlives its last viewer: one who pauses and resumes costs no new thread."""


class Viewer:
    """One viewer of one video track, and what it reports."""

    def __init__(self, stream: _Encoded, track: PacketTrack) -> None:
        self._stream = stream
        self._track = track

    def picture_lost(self) -> None:
        """Ask for a key frame; one who is left behind gets its own every two seconds anyway."""
        if not self._stream.bitrate.behind(self._track):
            self._stream.request_key()

    def estimated(self, bitrate: int) -> None:
        """Note what this viewer can receive."""
        self._stream.bitrate.estimated(self._track, bitrate, self._stream.now())

    def lost(self, fraction: float) -> None:
        """Note how much this viewer has lost."""
        self._stream.bitrate.lost(self._track, fraction, self._stream.now())


class _Encoded:
    """One track in one codec, for the viewers who take that codec."""

    def __init__(self, track: str, codec: str, bounds: BitrateRange, fps: float) -> None:
        self._loop = asyncio.get_running_loop()
        self.codec = codec
        self.bitrate = Bitrate(bounds)
        self.viewers: set[PacketTrack] = set()
        self.left_at = 0.0
        self._since = 0
        self._last: Packet[Any] | None = None
        self._picture: Pixels | None = None
        self._offered = -math.inf
        self._key_at = -math.inf
        self._key_wanted = False
        self._again: asyncio.TimerHandle | None = None
        encoder = VideoEncoder(codec_for(codec), bounds.start, fps)
        self._thread = EncoderThread(encoder, self._show, name=f"{codec} {track}")
        self._thread.start()

    @property
    def figures(self) -> TrackFigures:
        """What became of the pictures offered."""
        return self._thread.counts.figures(self.codec)

    @property
    def target(self) -> int:
        """The bits per second that are aimed at."""
        return self._thread.bitrate

    def now(self) -> float:
        """Return the time of the pictures' clock."""
        return self._loop.time()

    def offer(self, picture: Pixels) -> None:
        """Have a picture encoded, for all viewers."""
        if self.viewers:
            self._picture = picture
            self._offered = self.now()
            self._thread.offer(picture, self._offered)

    def join(self, viewer: PacketTrack, picture: Pixels) -> None:
        """Begin with a viewer: `picture`, which is shown now, comes at once."""
        if not self.viewers:
            self._last, self._picture, self._offered = None, picture, -math.inf
            self._since = round(self.now() * VIDEO_CLOCK)
        self.viewers.add(viewer)
        self.bitrate.joined(viewer)
        viewer.resume()
        if self._last is not None and self._last.is_keyframe:
            # Nothing has changed since that key frame.
            viewer.show(self._last)
        else:
            self.request_key(newcomer=True)

    def leave(self, viewer: PacketTrack) -> None:
        """End with a viewer."""
        self.viewers.discard(viewer)
        self.bitrate.left(viewer)
        self.left_at = self.now()

    def request_key(self, *, newcomer: bool = False) -> None:
        """Make the next picture a key frame; without a next one, the present one again."""
        self._key_wanted = True
        self._thread.request_key(newcomer=newcomer)
        if self._again is None:
            self._chase()

    async def close(self) -> None:
        """End the thread, and wait until it has ended.

        Pictures lie in memory that the model waits for, so they are let go of here: the thread
        refers back to this object, which is gone only when the garbage collector finds it.
        """
        self._key_wanted = False
        if self._again is not None:
            self._again.cancel()
        self._picture = self._last = None
        await self._thread.close()

    def _chase(self) -> None:
        """Encode the standing picture until a key frame has come: too early, none is made."""
        self._again = None
        if not self._key_wanted or self._picture is None:
            return
        if self.now() - self._offered > IDLE_SECONDS:
            self.offer(self._picture)
        self._again = self._loop.call_later(IDLE_SECONDS, self._chase)

    def _show(self, packet: Packet[Any], made_at: float) -> None:
        if not self.viewers:
            return
        if packet.pts is not None and packet.pts < self._since:
            # A picture from before these viewers came, which took until now.
            self._thread.request_key(newcomer=True)
            return
        now = self.now()
        self._last = packet
        if packet.is_keyframe:
            self._key_at, self._key_wanted = now, False
        self.bitrate.sent(packet.size, now)
        left_behind = [viewer for viewer in self.viewers if self.bitrate.behind(viewer)]
        for viewer in tuple(self.viewers):
            viewer.show(packet, keys_only=viewer in left_behind, made_at=made_at)
        if left_behind and now - self._key_at >= BEHIND_SECONDS:
            self.request_key()
        self._thread.aim(self.bitrate.target(now))


class VideoStream:
    """One output track of pictures. `ways_out` is where its viewers count theirs."""

    def __init__(
        self, track: str, bounds: BitrateRange, fps: float, repeat: float = REPEAT_SECONDS
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._repeat_seconds = repeat
        self._track = track
        self._bounds = bounds
        self._fps = fps
        self._encoded: dict[str, _Encoded] = {}
        self._picture: Pixels | None = None
        self._shown_at = 0.0
        self._repeat: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._shown = 0
        self._made_up = 0
        self.ways_out = Tally(STAGE_SECONDS)
        self._past = TrackFigures({"dropped": 0, "skipped": 0, "failed": 0})

    def figures(self) -> TrackFigures:
        """Return what became of the track's pictures so far.

        `shown` came from the model, `made_up` are repeats and black ones of ours; of both, an
        encoder may have `dropped` some for newer ones, `skipped` some to hold the bitrate, or
        `failed`. Each codec that is watched counts for itself.
        """
        fates = {"shown": self._shown, "made_up": self._made_up}
        begun = TrackFigures(fates, ways_out=self.ways_out.read()) + self._past
        return sum((encoded.figures for encoded in self._encoded.values()), begun)

    @property
    def encoders(self) -> int:
        """How many encoders run: one per codec that is watched, or was a moment ago."""
        return len(self._encoded)

    @property
    def targets(self) -> dict[str, int]:
        """The bits per second that each of them aims at, by codec."""
        return {codec: encoded.target for codec, encoded in self._encoded.items()}

    def show(self, picture: Pixels) -> None:
        """Show a picture of the model's."""
        self._shown += 1
        self._offer(picture)

    def blank(self) -> None:
        """Show one black picture of the last one's size."""
        self._made_up += 1
        self._offer(self._black())

    def forget(self) -> None:
        """Show nothing of what was shown before to anybody who joins."""
        self._picture = None
        for codec in list(self._encoded):
            self._end_unwatched(codec)

    def join(self, viewer: PacketTrack, codec: str) -> Viewer:
        """Start or go on with a viewer, and return where its reports go."""
        encoded = self._encoded.get(codec)
        if encoded is None:
            encoded = self._encoded[codec] = _Encoded(self._track, codec, self._bounds, self._fps)
        if self._picture is None:
            self._picture = self._black()
            self._made_up += 1
        encoded.join(viewer, self._picture)
        self._arm()
        return Viewer(encoded, viewer)

    def request_key(self, viewer: PacketTrack) -> None:
        """Give a viewer who skipped something a key frame to go on with."""
        for encoded in self._encoded.values():
            if viewer in encoded.viewers:
                encoded.request_key()

    def leave(self, viewer: PacketTrack) -> None:
        """End with a viewer; soon after the last of its codec the encoder ends."""
        viewer.pause()
        for codec, encoded in self._encoded.items():
            if viewer in encoded.viewers:
                encoded.leave(viewer)
                if not encoded.viewers:
                    self._loop.call_later(
                        LINGER_SECONDS, self._end_unwatched, codec, LINGER_SECONDS
                    )

    async def close(self) -> None:
        """End every encoder, and wait until their threads have ended."""
        if self._repeat is not None:
            self._repeat.cancel()
        for codec in list(self._encoded):
            self._end(codec)
        await asyncio.gather(*self._closing)

    def _offer(self, picture: Pixels) -> None:
        self._picture = picture
        self._shown_at = self._loop.time()
        for encoded in self._encoded.values():
            encoded.offer(picture)

    def _black(self) -> Pixels:
        height, width = FIRST_SIZE if self._picture is None else size_of(self._picture)
        return black(height, width)

    def _arm(self) -> None:
        """Repeat a standing picture about once a second, for those who lost some of it."""
        if self._repeat is None:
            self._repeat = self._loop.call_later(self._repeat_seconds, self._show_again)

    def _show_again(self) -> None:
        self._repeat = None
        if not self._encoded:
            return
        stood = self._loop.time() - self._shown_at
        if self._picture is not None and stood >= self._repeat_seconds:
            self._made_up += 1
            self._offer(self._picture)
        self._arm()

    def _end_unwatched(self, codec: str, seconds: float = 0.0) -> None:
        """End the encoder of a codec that nobody has watched for so long."""
        encoded = self._encoded.get(codec)
        # A timer may fire a little early by this clock.
        if (
            encoded is not None
            and not encoded.viewers
            and self._loop.time() - encoded.left_at >= seconds - 0.01
        ):
            self._end(codec)

    def _end(self, codec: str) -> None:
        encoded = self._encoded.pop(codec)
        self._past += encoded.figures
        task = self._loop.create_task(encoded.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
