"""The documented import path of what `on_media` gets."""

from reactor_actors.core.bundles import MediaBundle, TrackData, TrackInfo

__all__ = ["MediaBundle", "TrackData", "TrackInfo"]
