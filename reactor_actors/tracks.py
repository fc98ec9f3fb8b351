"""The documented import path of generation 1's tracks."""

from reactor_actors.classic.tracks import AudioIn, AudioOut, VideoIn, VideoOut

__all__ = ["AudioIn", "AudioOut", "VideoIn", "VideoOut"]
