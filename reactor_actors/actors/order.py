"""`Order`: what a deployment is made from. Imports no Ray."""

from __future__ import annotations

from dataclasses import dataclass

from reactor_actors.actors.logs import LogSettings
from reactor_actors.actors.scale import Scale
from reactor_actors.loader import ModelSource
from reactor_actors.transports.settings import ServerSettings


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that a deployment is made from."""

    source: ModelSource
    settings: ServerSettings
    scale: Scale
    version: str
    logs: LogSettings
