"""`Movie`: an MP4 with H.264 pictures, and AAC sound where the model has any."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler

from reactor_actors.core.media import Pixels, Samples
from reactor_actors.core.pixels import size_of
from reactor_actors.transports.webrtc.sound import FRAME_SAMPLES, SOUND_RATE, SoundClock, SoundLine

TIME_BASE = Fraction(1, 90_000)
OPTIONS = {
    # Nobody waits for a picture, so quality is fixed and the rate is free.
    "crf": "18",
    "preset": "veryfast",
    # How our RGB became YUV: players take it for BT.709 else, and green comes out too dark.
    "colorspace": "smpte170m",
    "color_range": "tv",
}
LONGEST = 3600.0
"""Seconds of sound that may wait for their time: a piece can be as long as its picture stands."""


class Movie:
    """One file: the pictures of a track, and every sound track of the model.

    Pictures of another size than the first are scaled to it; `fps` is how many there are about to
    be in a second. `sounds` are the rates of the sound tracks, and `pictures` is False for a model
    that shows none.
    """

    def __init__(
        self, path: Path, fps: float, sounds: Mapping[str, int], *, pictures: bool = True
    ) -> None:
        self._path = path
        self._fps = fps
        self._pictures = pictures
        self._sounds = {name: _Sound(rate) for name, rate in sounds.items()}
        self._container: Any = None
        self._video: Any = None
        self._size = (0, 0)

    def picture(self, i420: Pixels, at: float) -> None:
        """Write a picture."""
        height, width = size_of(i420)
        if self._container is None:
            self._size = (height, width)
            self._open()
        frame = av.VideoFrame.from_ndarray(i420, format="yuv420p")
        if (height, width) != self._size:
            frame = frame.reformat(width=self._size[1], height=self._size[0])
        frame.pts, frame.time_base = round(at / TIME_BASE), TIME_BASE
        self._container.mux(self._video.encode(frame))
        self._play(at)

    def sound(self, track: str, samples: Samples, at: float) -> None:
        """Write sound: on the time line of the pictures, as viewers would hear it."""
        self._sounds[track].lay(samples, at)
        if not self._pictures:
            if self._container is None:
                self._open()
            self._play(at)

    def close(self, end: float) -> list[Path]:
        """Write what waits, and the index."""
        if self._container is None:
            return []
        try:
            # The clock of sound runs a little behind that of pictures.
            self._play(end + 0.05)
            for stream in (self._video, *(sound.stream for sound in self._sounds.values())):
                if stream is not None:
                    self._container.mux(stream.encode(None))
        finally:
            self._container.close()
        return [self._path]

    def _open(self) -> None:
        # The index at the beginning lets a browser play a file while it loads.
        self._container = av.open(str(self._path), "w", options={"movflags": "+faststart"})
        if self._pictures:
            self._video = self._container.add_stream("libx264", options=OPTIONS)
            self._video.height, self._video.width = self._size
            self._video.pix_fmt = "yuv420p"
            self._video.codec_context.time_base = TIME_BASE
            # Times are those of the pictures; this one says how long the last of them stands.
            self._video.codec_context.framerate = Fraction(self._fps).limit_denominator(1000)
        for sound in self._sounds.values():
            sound.stream = self._container.add_stream("aac", rate=SOUND_RATE, layout="stereo")

    def _play(self, now: float) -> None:
        for sound in self._sounds.values():
            for frame in sound.due(now):
                self._container.mux(sound.stream.encode(frame))


class _Sound:
    """A track on its way into the file: its own rate and channels become stereo at 48 kHz."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._clock = SoundClock(0, longest=LONGEST)
        self._line = SoundLine(2, 0, longest=LONGEST)
        self._resampler = AudioResampler("s16p", "stereo", SOUND_RATE)
        self.stream: Any = None

    def lay(self, samples: Samples, at: float) -> None:
        # One channel is heard on both sides, as loud; a resampler would make it softer.
        stereo = np.ascontiguousarray(np.broadcast_to(samples, (2, samples.shape[1])))
        if self._rate != SOUND_RATE:
            frame = av.AudioFrame.from_ndarray(stereo, "s16p", "stereo")
            frame.sample_rate = self._rate
            pieces = [piece.to_ndarray() for piece in self._resampler.resample(frame)]
            stereo = np.concatenate([np.zeros((2, 0), np.int16), *pieces], axis=1)
        self._line.lay(stereo, round(at * SOUND_RATE))

    def due(self, now: float) -> list[av.AudioFrame]:
        """Return the sound that is due, in 20 ms pieces, silence included."""
        return [self._frame(number) for number in self._clock.due(now)]

    def _frame(self, number: int) -> av.AudioFrame:
        frame = av.AudioFrame.from_ndarray(self._line.take(number), "s16p", "stereo")
        frame.sample_rate, frame.pts = SOUND_RATE, number * FRAME_SAMPLES
        frame.time_base = Fraction(1, SOUND_RATE)
        return frame
