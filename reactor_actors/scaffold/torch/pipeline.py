"""A small network that dreams, on a GPU where there is one. Change it into your own model."""

from itertools import pairwise

import torch
from torch import nn

from reactor_actors.interface import InputField, InputState, Output, ReactorPipeline, Video


class MyOutput(Output):
    """What the model shows."""

    main_video: Video


class MyState(InputState):
    """What viewers can change while it runs: `set_seed`, `set_speed`."""

    seed: int = InputField(default=42, ge=0, le=9999, description="Which dream it is.")
    speed: float = InputField(default=1.0, ge=0.0, le=4.0, description="How fast it changes.")


class Dreamer(nn.Module):
    """Gives every place of a picture, at a moment, its colour. Its weights are its imagination."""

    def __init__(self, seed, hidden=16, depth=4):
        """Draw the weights that belong to a seed, the same on every machine."""
        super().__init__()
        sizes = [5, *[hidden] * depth, 3]
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))
        chance = torch.Generator().manual_seed(seed)
        for layer in self.layers:
            nn.init.normal_(layer.weight, 0.0, 2.2 / layer.in_features**0.5, generator=chance)
            nn.init.normal_(layer.bias, 0.0, 0.4, generator=chance)

    def forward(self, places):
        """Return RGB from 0 to 1 for places of shape (..., 5)."""
        for layer in self.layers[:-1]:
            places = torch.tanh(layer(places))
        return torch.sigmoid(1.5 * self.layers[-1](places))


class MyModel(ReactorPipeline):
    """A dream that never repeats."""

    state: MyState
    buffer_size = 4

    def load(self, config):
        """Prepare the device, once, before anybody watches. Weights are loaded here."""
        self.device = config.get("device") or ("cuda" if torch.cuda.is_available() else "cpu")
        width, height = config.get("width", 384), config.get("height", 216)
        y = torch.linspace(-2.0, 2.0, height, device=self.device)
        x = torch.linspace(-2.0, 2.0, width, device=self.device) * width / height
        y, x = torch.meshgrid(y, x, indexing="ij")
        self.places = torch.stack([x, y, torch.hypot(x, y)], dim=-1)

    def inference(self):
        """Yield pictures for as long as somebody watches; they stay on their device."""
        seed, moment, network = None, 0.0, None
        while True:
            if seed != self.state.seed:
                seed = self.state.seed
                network = Dreamer(seed).to(self.device)
            yield MyOutput(main_video=self.dream(network, moment))
            moment += self.state.speed / 30

    @torch.inference_mode()
    def dream(self, network, moment):
        """Make one picture: a tensor of shape (height, width, 3), RGB, 8 bits."""
        angle = torch.tensor(moment * 0.8)
        when = torch.stack([angle.sin(), angle.cos()]).to(self.places)
        when = when.expand(*self.places.shape[:2], 2)
        return (network(torch.cat([self.places, when], dim=-1)) * 255).to(torch.uint8)
