"""What the puppet does in one session: attend, blink, doze off, wake."""

from __future__ import annotations

import random
from typing import Any

from moods import MOODS, Name, between
from puppet import Pose
from reactor_runtime import get_ctx
from sight import Seen
from voice import Voice

FPS = 30
CLOSING = 4
"""Pictures that a lid takes to fall; it takes as many to rise."""


class Act:
    """One session's performance: what was wished and seen, as one pose after the other."""

    def __init__(self, config: Any) -> None:
        self.patience = int(config.bored_after * FPS)
        self.mirrored = -1 if config.mirror else 1
        self.voice = Voice()
        self.wished: Name = config.start.mood
        self.face = MOODS[self.wished]
        self.asleep = False
        self.pictures = self.frames = 0
        self.idle = 0  # pictures since something moved
        self.excited = self.x = self.y = 0.0
        self.blinks = self.closing = 0
        self.pause = 2 * FPS

    def next(self, wished: Name, blinks: int, seen: Seen) -> Pose:
        """Return the pose of the next picture."""
        self.pictures += 1
        if wished != self.wished:
            self.wished, self.idle, self.asleep = wished, 0, False
            self.voice.say(wished)
        self.attend(seen)
        self.face = between(self.face, MOODS[self.mood], 0.14)
        return Pose(
            mood=self.face,
            x=self.x,
            y=self.y,
            shut=self.lids(blinks),
            excited=self.excited,
            moment=self.pictures / FPS,
            reflection=seen.reflection,
        )

    @property
    def mood(self) -> Name:
        return "sleepy" if self.asleep else self.wished

    def attend(self, seen: Seen) -> None:
        """Turn to what moves; fall asleep when nothing has for a long time."""
        # A webcam that has stopped moves nothing, whatever its last picture was.
        moving = seen.frames != self.frames and seen.motion > 0.02
        self.frames = seen.frames
        self.idle = 0 if moving else self.idle + 1
        if self.asleep != (self.idle > self.patience):
            self.asleep = not self.asleep
            self.voice.say(self.mood)
            tell_mood(self.mood, "boredom" if self.asleep else "something that moves")
        calm = self.idle > 2 * FPS
        aim_x, aim_y = (0.0, 0.25) if calm else (self.mirrored * seen.x, seen.y)
        self.x += 0.22 * (aim_x - self.x)
        self.y += 0.22 * (aim_y - self.y)
        self.excited += 0.25 * ((0.0 if self.idle > FPS // 4 else seen.motion) - self.excited)

    def lids(self, blinks: int) -> float:
        """Return how far the eyes are shut: for a blink that was asked for, or one now and then."""
        if blinks:
            self.blinks = blinks
            self.voice.say("blink")
        if self.closing == 0:
            self.pause -= 1
            if self.blinks or self.pause <= 0:
                self.blinks = max(0, self.blinks - 1)
                self.closing, self.pause = 2 * CLOSING, random.randint(2 * FPS, 5 * FPS)
        self.closing = max(0, self.closing - 1)
        return 1 - abs(self.closing - CLOSING) / CLOSING if self.closing else 0.0


def tell_mood(mood: Name, reason: str) -> None:
    """Tell every viewer what mood the puppet is in now, and why."""
    get_ctx().send({"type": "mood", "data": {"mood": mood, "because_of": reason}})
