"""What a data channel carries, whoever sent it and whatever it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

FRAME_LIMIT = 262_144
"""What one frame may hold with the clients we know, as their `a=max-message-size` says."""


class Channel(Enum):
    """The two data channels of a connection."""

    DATA = "data"
    CONTROL = "control"

    @classmethod
    def labelled(cls, label: str) -> Channel:
        """Return the channel a label stands for: any label but `control` counts as data."""
        return cls.CONTROL if label == cls.CONTROL.value else cls.DATA


@dataclass(frozen=True, slots=True)
class Frame:
    """One data channel message: text is sent as text, bytes as binary."""

    channel: Channel
    payload: str | bytes
