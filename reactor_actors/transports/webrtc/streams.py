"""`Streams`: the screen of a model, encoded once for everybody. Pictures and sound have one clock.

This module knows viewers only as `PacketTrack`s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from reactor_actors.core.media import Direction, Kind, Samples, Tick, Track
from reactor_actors.transports.figures import EncoderFigures, TrackFigures, merged
from reactor_actors.transports.status import Encoding
from reactor_actors.transports.webrtc.outbound import PacketTrack
from reactor_actors.transports.webrtc.rate import BitrateRange
from reactor_actors.transports.webrtc.sound import SoundEncoder
from reactor_actors.transports.webrtc.video import REPEAT_SECONDS, VideoStream

SOUND_CODEC = "opus"


class SoundStream:
    """One output track of sound: Opus, encoded once, from the first viewer to the last."""

    def __init__(self, sample_rate: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._sample_rate = sample_rate
        self._encoder: SoundEncoder | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._viewers: set[PacketTrack] = set()
        self._shown = 0
        self._bytes = 0

    def figures(self) -> TrackFigures:
        """Return how many pieces of sound came from the model so far, and what was made of them."""
        encoded = {SOUND_CODEC: EncoderFigures(bytes=self._bytes)} if self._bytes else {}
        return TrackFigures({"shown": self._shown}, encoded)

    def show(self, samples: Samples) -> None:
        """Play a piece of sound, beginning now."""
        self._shown += 1
        if not self._viewers:
            return
        if self._encoder is None:
            self._encoder = SoundEncoder(self._sample_rate, samples.shape[0])
            self._play()
        self._encoder.push(samples, self._loop.time())

    def blank(self) -> None:
        """Drop what waits to be played; silence follows."""
        if self._encoder is not None:
            self._encoder.clear()

    def forget(self) -> None:
        """Play nothing more until something new is shown."""
        self._stop()

    def join(self, viewer: PacketTrack) -> None:
        """Play to a viewer."""
        viewer.resume()
        self._viewers.add(viewer)

    def leave(self, viewer: PacketTrack) -> None:
        """End with a viewer."""
        viewer.pause()
        self._viewers.discard(viewer)
        if not self._viewers:
            self._stop()

    def close(self) -> None:
        """Play nothing more to anybody."""
        self._viewers.clear()
        self._stop()

    def _stop(self) -> None:
        self._encoder = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _play(self) -> None:
        if self._encoder is None:
            return
        for packet in self._encoder.packets(self._loop.time()):
            self._bytes += packet.size
            for viewer in tuple(self._viewers):
                viewer.show(packet)
        self._timer = self._loop.call_later(self._encoder.wait(self._loop.time()), self._play)


class Streams:
    """The screen of a model: a stream for every output track."""

    def __init__(
        self, bounds: BitrateRange | None = None, *, repeat: float = REPEAT_SECONDS
    ) -> None:
        self._bounds = bounds or BitrateRange()
        self._repeat = repeat
        self._declared: dict[str, Track] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.video: dict[str, VideoStream] = {}
        self.sound: dict[str, SoundStream] = {}
        self._past: dict[str, TrackFigures] = {}

    def declare(self, tracks: Iterable[Track], fps: float) -> None:
        """Make a stream for every output track; those that stay as they are keep their viewers."""
        outputs = {t.name: t for t in tracks if t.direction is Direction.OUT}
        for name, track in list(self._declared.items()):
            if outputs.get(name) != track:
                self._remove(name)
        for name in outputs.keys() - self._declared.keys():
            self._declared[name] = outputs[name]
            if outputs[name].kind is Kind.VIDEO:
                self.video[name] = VideoStream(name, self._bounds, fps, self._repeat)
            else:
                self.sound[name] = SoundStream(outputs[name].sample_rate)

    def figures(self) -> dict[str, TrackFigures]:
        """Return what became of every output track so far, of those that are gone as well."""
        pictures = {name: stream.figures() for name, stream in self.video.items()}
        sounds = {name: stream.figures() for name, stream in self.sound.items()}
        return merged(self._past, pictures | sounds, TrackFigures.__add__)

    def encoders(self) -> tuple[Encoding, ...]:
        """Return what pictures are encoded in at this moment."""
        return tuple(
            Encoding(track, codec, bitrate)
            for track, stream in self.video.items()
            for codec, bitrate in stream.targets.items()
        )

    def show(self, tick: Tick) -> None:
        """Show a tick to every viewer; after `close` to nobody."""
        for name, picture in tick.pictures.items():
            if video := self.video.get(name):
                video.show(picture)
        for name, samples in tick.sound.items():
            if sound := self.sound.get(name):
                sound.show(samples)

    def blank(self) -> None:
        """Show one black picture per video track, and drop the sound that waits."""
        for video in self.video.values():
            video.blank()
        for sound in self.sound.values():
            sound.blank()

    def forget(self) -> None:
        """Forget the last pictures and the waiting sound."""
        for video in self.video.values():
            video.forget()
        for sound in self.sound.values():
            sound.forget()

    async def close(self) -> None:
        """End every encoder."""
        for name in list(self._declared):
            self._remove(name)
        await asyncio.gather(*self._closing)

    def _remove(self, name: str) -> None:
        del self._declared[name]
        if name in self.sound:
            sound = self.sound.pop(name)
            self._past = merged(self._past, {name: sound.figures()}, TrackFigures.__add__)
            sound.close()
        else:
            video = self.video.pop(name)
            self._past = merged(self._past, {name: video.figures()}, TrackFigures.__add__)
            task = asyncio.get_running_loop().create_task(video.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
