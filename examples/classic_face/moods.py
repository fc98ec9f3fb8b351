"""What a mood does to a face, and how one becomes another."""

from __future__ import annotations

from typing import Literal, NamedTuple

Name = Literal["happy", "curious", "cross", "sleepy", "amazed"]


class Mood(NamedTuple):
    """Everything is 0 in a face at rest, but for `lids`: 1 is an open eye, 0 a closed one."""

    lids: float
    squint: float  # how far the lower lid comes up
    brow: float  # up or down
    frown: float  # inner ends down, or up
    smile: float  # corners of the mouth up, or down
    mouth: float  # how far open
    width: float  # of the mouth
    blush: float
    tilt: float  # of the head, in degrees


MOODS: dict[Name, Mood] = {
    "happy": Mood(0.92, 0.30, 0.25, -0.10, 1.00, 0.42, 1.00, 0.8, 2.0),
    "curious": Mood(0.98, 0.05, 0.75, -0.15, 0.35, 0.06, 0.62, 0.4, -9.0),
    "cross": Mood(0.66, 0.28, -0.75, 0.90, -0.90, 0.04, 0.80, 0.1, 0.0),
    "sleepy": Mood(0.30, 0.10, 0.30, -0.35, 0.15, 0.00, 0.55, 0.3, 7.0),
    "amazed": Mood(1.10, 0.00, 1.20, -0.20, -0.10, 0.95, 0.42, 0.6, 0.0),
}


def between(one: Mood, other: Mood, share: float) -> Mood:
    """Return the face that is `share` of the way from one mood to another."""
    return Mood(*(a + (b - a) * share for a, b in zip(one, other, strict=True)))
