"""A felt puppet that watches your webcam: a model of generation 1."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any, get_args

import moods
import paint
import pydantic
from act import FPS, Act, tell_mood
from puppet import Puppet
from reactor_runtime import VideoModel, command, get_ctx, model
from reactor_runtime.tracks import AudioOut, VideoIn, VideoOut
from reactor_runtime.transports.media import MediaBundle
from sight import Sight
from voice import RATE


@dataclass
class Wishes:
    """What viewers have asked for and the loop has not seen yet."""

    mood: moods.Name
    colour: paint.Colour
    blinks: int = 0


@model(name="classic-face", config="config.yml")
class ClassicFace(VideoModel):
    """A felt puppet that looks at what moves before the webcam, in a mood of your choice."""

    webcam = VideoIn()
    main_video = VideoOut(default=True)
    voice = AudioOut()
    emission_fps = FPS

    def __init__(self, config: Any) -> None:
        self.config = config
        for value, known in (
            (config.start.mood, get_args(moods.Name)),
            (config.start.colour, get_args(paint.Colour)),
        ):
            if value not in known:
                raise ValueError(f"config key 'start': {value!r} is none of {', '.join(known)}")
        self.puppet = Puppet(config.picture.width, config.picture.height)
        self.sight = Sight()
        # Commands run beside the loop: what both touch is touched under this lock.
        self.lock = Lock()
        self.wishes = Wishes(config.start.mood, config.start.colour)

    @command("set_mood", "Choose the puppet's mood")
    def set_mood(self, mood: moods.Name) -> dict[str, Any]:
        with self.lock:
            before, self.wishes.mood = self.wishes.mood, mood
        tell_mood(mood, "a viewer")
        return {"mood": mood, "before": before}

    @command("set_colour", "Choose what the puppet is made of")
    def set_colour(self, colour: paint.Colour) -> None:
        with self.lock:
            self.wishes.colour = colour

    @command("blink", "Make the puppet blink")
    def blink(
        self, times: int = pydantic.Field(1, ge=1, le=5, description="How often in a row")
    ) -> None:
        with self.lock:
            self.wishes.blinks = times

    def on_media(self, bundle: MediaBundle) -> None:
        webcam = bundle.get_track("webcam")
        if webcam is not None:
            self.sight.show(webcam.data)

    def start_session(self) -> None:
        try:
            self.perform()
        finally:
            # Not at the beginning: a command may come before this thread has begun.
            with self.lock:
                self.wishes = Wishes(self.config.start.mood, self.config.start.colour)
            self.sight.forget()

    def perform(self) -> None:
        ctx, act = get_ctx(), Act(self.config)
        while not ctx.should_stop():
            with self.lock:
                mood, colour, blinks = self.wishes.mood, self.wishes.colour, self.wishes.blinks
                self.wishes.blinks = 0
            pose = act.next(mood, blinks, self.sight.look())
            # Two tracks, emitted one after the other: they are paired in this order.
            ctx.get_track().emit(self.puppet.draw(colour, pose))
            ctx.get_track("voice").emit(act.voice.next(RATE // FPS))
