"""Runs of the models beside this file, and what is in the files they make."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from reactor_actors.core.contract import Contract
from reactor_actors.core.wire.outbound import Outbound
from reactor_actors.headless.orders import Orders, Outcome
from reactor_actors.headless.run import Run
from reactor_actors.headless.script import Entry
from reactor_actors.loader import ModelSource
from reactor_actors.manifest import Manifest

MODELS = Path(__file__).parent / "models"
SECONDS = 30.0


@dataclass
class Listener:
    """Remembers what it is told. `after` pictures it does something."""

    messages: list[tuple[Outbound, int]] = field(default_factory=list)
    commands: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    after: tuple[int, Any] = (1_000_000, None)

    def loading(self, name: str) -> None:
        self.name = name

    def started(self, contract: Contract, total: float | None, *, in_frames: bool) -> None:
        self.total = total

    def asked(self, entry: Entry, frame: int, seconds: float) -> None:
        self.commands.append((entry.command, frame))

    def told(self, message: Outbound, frame: int, seconds: float) -> None:
        self.messages.append((message, frame))

    def progress(self, frames: int, seconds: float) -> None:
        if frames == self.after[0]:
            self.after[1]()

    def note(self, text: str) -> None:
        self.notes.append(text)

    def finishing(self) -> None:
        self.finished = True


def source(model: str, config: dict[str, Any] | None = None) -> ModelSource:
    """Return a model of the folder `models`."""
    elsewhere = {"Sparse": "mirror", "Still": "hasty", "Hast": "hasty", "Weighty": "heavy"}
    module = elsewhere.get(model, model.lower())
    return ModelSource(Manifest(MODELS, f"{module}:{model}", model.lower()), config or {})


async def record(
    model: str,
    out: Path,
    config: dict[str, Any] | None = None,
    *,
    listener: Listener | None = None,
    interrupted: bool = False,
    **orders: Any,
) -> Outcome:
    """Run a model into files. `interrupted`: when the listener's moment has come."""
    listener = listener or Listener()
    run = Run(Orders(source(model, config), out, **orders), listener)
    if interrupted:
        listener.after = (listener.after[0], run.interrupt)
    async with asyncio.timeout(SECONDS):
        return await run.perform()


def stills(folder: Path, mark: str = "") -> list[np.ndarray]:
    """Read a folder of PNGs, in order."""
    read = [cv2.imread(str(path)) for path in sorted(folder.glob(f"*{mark}.png"))]
    return [picture[..., ::-1] for picture in read]


def film(path: Path) -> list[tuple[float, np.ndarray]]:
    """Read the pictures of a film, or a GIF, with their times."""
    with av.open(str(path)) as file:
        return [
            (float(frame.time or 0.0), frame.to_ndarray(format="rgb24"))
            for frame in file.decode(video=0)
        ]


def sound(path: Path) -> np.ndarray:
    """Read the sound of a film: one channel, 48 kHz, from -1 to 1."""
    with av.open(str(path)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def halves(picture: np.ndarray) -> tuple[int, int]:
    """Return how bright the halves of a picture are."""
    middle = picture.shape[1] // 2
    return round(picture[:, : middle - 4].mean()), round(picture[:, middle + 4 :].mean())
