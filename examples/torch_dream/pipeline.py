"""A small network, looked at: a place and a mood go in, a glossy surface comes out."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import Linear, Module, ModuleList
from torch.nn.functional import interpolate

from reactor_actors import get_weights_path
from reactor_actors.interface import InputField, InputState, Output, ReactorPipeline, Video

MOODS = 8

# From the valleys to the heights.
COLOURS = {
    "aurora": ("080a22", "165c78", "46d6b4", "ec78be"),
    "ember": ("12080e", "781628", "f06e28", "ffe2a0"),
    "ocean": ("040e24", "0a4678", "28aabe", "dcf6e6"),
    "pearl": ("3c4068", "968cb4", "e2c4c8", "faf0e4"),
}


class Dream(Output):
    main_video: Video


class Dials(InputState):
    seed: int = InputField(default=0, ge=0, le=9999, description="Which dream")
    colour: str = InputField(default="aurora", choices=list(COLOURS), description="The palette")
    speed: float = InputField(default=1.0, ge=0.0, le=4.0, description="How fast it flows")
    zoom: float = InputField(default=1.0, ge=0.25, le=4.0, description="How near it is")
    detail: float = InputField(default=0.6, ge=0.0, le=1.0, description="How folded it is")


class Field(Module):
    """The network: a chain of sines. Random weights do as well as trained ones."""

    def __init__(self, seed: int = 0, width: int = 16, depth: int = 3) -> None:
        super().__init__()
        self.place = Linear(2, width)
        self.mood = Linear(MOODS, width, bias=False)
        self.layers = ModuleList(Linear(width, width) for _ in range(depth))
        self.out = Linear(width, 2, bias=False)
        chance = torch.Generator().manual_seed(seed)
        for weights in self.parameters():
            fan = weights.shape[-1] if weights.ndim > 1 else 1
            torch.nn.init.normal_(weights, std=1.4 * fan**-0.5, generator=chance)

    def forward(self, places: Tensor, moods: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:
        """Return (N, H, W) heights and hues of (N, H, W, 2) places in (N, 1, 1, MOODS) moods."""
        waves = torch.sin_(self.place(places) + self.mood(moods))
        for layer in self.layers:
            waves = torch.sin_(gain * layer(waves))
        height, hue = self.out(waves).unbind(-1)
        return height, hue


class TorchDream(ReactorPipeline):
    """A landscape that a network dreams up. Its rate is whatever the machine can do."""

    state: Dials
    buffer_size = 8

    def load(self, config: dict[str, Any]) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        # Threads that have to share their cores with an encoder wait for each other: with two of
        # them a busy machine of two cores makes a third of the pictures.
        torch.set_num_threads(config.get("threads", 1))
        self.chunk = config.get("chunk", 2)
        self.coarse = config.get("coarse", 2)
        self.field = Field()
        if config.get("weights"):
            read_weights(self.field, config["weights"])
        self.field.to(self.device)
        # One more on every side: a slope is measured between the neighbours of a pixel.
        self.rows = config.get("height", 432) // self.coarse + 2
        self.columns = config.get("width", 768) // self.coarse + 2
        y = torch.linspace(-1, 1, self.rows, device=self.device)
        x = torch.linspace(-1, 1, self.columns, device=self.device) * self.columns / self.rows
        self.places = torch.stack(torch.meshgrid(y, x, indexing="ij"), dim=-1)

    def inference(self) -> Iterator[Dream]:
        moment, sight = 0.0, self.wanted()
        while True:
            sights, moments = [], []
            for _ in range(self.chunk):
                # Whatever is changed, the dream melts into it.
                sight = sight + (self.wanted() - sight).clamp(-0.04, 0.04)
                moment += self.state.speed / self.output.fps
                sights.append(sight)
                moments.append(moment)
            pictures = self.draw(torch.stack(sights).to(self.device), moments)
            yield Dream(main_video=pictures)

    def wanted(self) -> Tensor:
        """Return all that is steered, in one row: mood, zoom, detail and colours."""
        mood = torch.randn(MOODS, generator=torch.Generator().manual_seed(self.state.seed))
        stops = [
            value / 255 for stop in COLOURS[self.state.colour] for value in bytes.fromhex(stop)
        ]
        return torch.cat([mood, torch.tensor([self.state.zoom, self.state.detail, *stops])])

    @torch.inference_mode()
    def draw(self, sights: Tensor, moments: list[float]) -> Tensor:
        """Draw one picture per sight and moment: (N, H, W, 3), wherever the network is."""
        moods, zoom, detail, stops = sights[:, None, None].split([MOODS, 1, 1, 12], dim=-1)
        times = torch.tensor(moments, device=self.device).view(-1, 1, 1, 1)
        paces = torch.linspace(0.2, 0.7, MOODS, device=self.device)
        drift = torch.sin(times * paces + 5 * paces)
        height, hue = self.field(self.places / zoom, moods + 0.7 * drift, 0.8 + 0.8 * detail)
        return self.shade(height, hue, stops.unflatten(-1, (4, 3)))

    def shade(self, height: Tensor, hue: Tensor, stops: Tensor) -> Tensor:
        """Light a glossy surface from the upper left, and colour it."""
        steep = 0.065 * self.rows
        relief = steep * torch.sin(2.5 * height)
        down = relief[:, :-2, 1:-1] - relief[:, 2:, 1:-1]
        right = relief[:, 1:-1, :-2] - relief[:, 1:-1, 2:]
        facing = (0.7 + 0.45 * right + 0.55 * down) * torch.rsqrt(1 + right**2 + down**2)
        light = (0.55 + 0.45 * facing)[..., None] ** 2
        place = 1.5 + 1.5 * torch.sin(1.3 * hue + 0.9 * height)[:, 1:-1, 1:-1, None]
        colour = stops[..., 0, :]
        for lower, upper in zip(range(3), range(1, 4), strict=True):
            step = stops[..., upper, :] - stops[..., lower, :]
            colour = colour + step * (place - lower).clamp(0, 1)
        picture = (colour * (0.1 + 1.15 * light) + 0.4 * light**16).clamp(0, 1) * 255
        # In memory the channels stay last, so nothing is copied on the way to whole pictures.
        finer = interpolate(
            picture.permute(0, 3, 1, 2), scale_factor=float(self.coarse), mode="bilinear"
        )
        return finer.permute(0, 2, 3, 1).byte()


def read_weights(field: Field, name: str) -> None:
    path = get_weights_path() / name
    try:
        field.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(f"the weights {path} cannot be read: {reason}") from error
