"""The authoring API of generation 1: a class with `start_session()`, and `get_ctx()` anywhere."""

from reactor_actors.classic.commands import command
from reactor_actors.classic.context import ReactorContext, get_ctx
from reactor_actors.classic.model import VideoModel, model
from reactor_actors.classic.tracks import AudioIn, AudioOut, VideoIn, VideoOut
from reactor_actors.core.bundles import MediaBundle, TrackData, TrackInfo

__all__ = [
    "AudioIn",
    "AudioOut",
    "MediaBundle",
    "ReactorContext",
    "TrackData",
    "TrackInfo",
    "VideoIn",
    "VideoModel",
    "VideoOut",
    "command",
    "get_ctx",
    "model",
]
