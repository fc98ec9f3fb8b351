"""What is asked of a run into files, what comes of it, and who is told meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reactor_actors.core.contract import Contract
from reactor_actors.core.wire.outbound import Outbound
from reactor_actors.headless.script import Entry
from reactor_actors.loader import ModelSource


@dataclass(frozen=True, slots=True)
class Orders:
    """One run.

    Attributes:
        source: The model.
        out: The file or folder that is written; its suffix says what.
        seconds: How long the recording is to be; None leaves it to `frames`, or to the inputs.
        frames: How many pictures it is to have.
        script: What is said to the model, and when.
        changes: `name=value` each: what is set before the first picture.
        inputs: `track=source` each.
        fps: The rate of the recording, whatever the model says of its own.
        realtime: Whether pictures are played as viewers would see them.
        patience: After how many seconds without anything to show the run is given up; 0 is never.
    """

    source: ModelSource
    out: Path
    seconds: float | None = None
    frames: int | None = None
    script: tuple[Entry, ...] = ()
    changes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    fps: float | None = None
    realtime: bool = False
    patience: float = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run has ended: `end` in words, `failure` if it was one."""

    frames: int
    seconds: float
    paths: tuple[Path, ...]
    end: str
    unsaid: tuple[Entry, ...] = ()
    failure: Exception | None = None


class Audience(Protocol):
    """Who is told how a run goes. Every call is made on the run's event loop."""

    def loading(self, name: str) -> None:
        """The model is being loaded."""

    def started(self, contract: Contract, total: float | None, *, in_frames: bool) -> None:
        """It begins: `total` pictures are wanted, or so many seconds."""

    def asked(self, entry: Entry, frame: int, seconds: float) -> None:
        """A command is said before picture `frame`."""

    def told(self, message: Outbound, frame: int, seconds: float) -> None:
        """The model, or the session, says something."""

    def progress(self, frames: int, seconds: float) -> None:
        """So much has been shown."""

    def note(self, text: str) -> None:
        """Something is worth knowing, in one line or more."""

    def finishing(self) -> None:
        """Nothing more is shown: the files are being finished."""
