"""Encoder settings: speed, picture quality, and whether the bitrate is really reached."""
