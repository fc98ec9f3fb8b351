"""A lava lamp in the API of generation 1: the model owns its thread. Change it into your own."""

import numpy as np

from reactor_actors import InputField, VideoModel, VideoOut, command, get_ctx, model

BLOBS = np.random.default_rng(5).random((7, 4))
COLD, HOT = np.array([40, 30, 160]), np.array([255, 90, 20])


@model(name="lava-lamp")
class MyModel(VideoModel):
    """A lamp that viewers can heat."""

    main_video = VideoOut(rate=30)

    def __init__(self, config):
        """Read the config, once, before anybody watches. Weights are loaded here."""
        self.width, self.height = config.get("width", 480), config.get("height", 270)
        self.heat = config.get("heat", 0.7)

    def start_session(self):
        """Emit pictures until the session is over: returning would end it."""
        track, moment = get_ctx().get_track(), 0.0
        while not get_ctx().should_stop():
            track.emit(draw(moment, self.heat, self.width, self.height))
            moment += (0.2 + self.heat) / 30

    @command("set_heat", description="Heat the lamp, or let it cool.")
    def set_heat(self, heat: float = InputField(default=0.7, ge=0.0, le=1.0)):
        """Change the heat; this runs beside `start_session`, on another thread."""
        self.heat = heat
        get_ctx().send({"type": "heat", "data": {"heat": heat}})


def draw(moment, heat, width, height):
    """Draw the lamp at one moment: (height, width, 3), RGB, 8 bits."""
    x = np.linspace(0, width / height, width)
    y = np.linspace(0, 1, height)[:, None]
    field = np.zeros((height, width))
    for place, pace, phase, size in BLOBS:
        across = (0.15 + 0.7 * place + 0.06 * np.sin(moment + 9 * phase)) * width / height
        up = 0.5 + 0.55 * np.sin(moment * (0.4 + 0.5 * pace) + 7 * phase)
        field += (0.07 + 0.07 * size) ** 2 / ((x - across) ** 2 + (y - up) ** 2 + 1e-4)
    wax = ((field - 0.9) * 4).clip(0, 1)[..., None]
    glow = (field * 0.35).clip(0, 1)[..., None]
    colour = COLD + (HOT - COLD) * heat
    lit = colour * (0.75 + 0.35 * y[..., None])
    return (lit * wax + (colour * 0.5 * glow + 14) * (1 - wax)).clip(0, 255).astype(np.uint8)
