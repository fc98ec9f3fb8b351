"""From an author's class to the program that a host runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactor_actors.interface.model import ReactorModel
from reactor_actors.interface.pipeline import ReactorPipeline
from reactor_actors.interface.program import ModelProgram
from reactor_actors.interface.turns import PipelineProgram


def program_of(
    cls: type[ReactorModel],
    config: dict[str, Any] | None = None,
    facts: Mapping[str, str] | None = None,
) -> ModelProgram:
    """Construct the author's class, ready to be loaded. Belongs to the model thread.

    `facts` are the manifest's `name` and `version`, where it gives them.
    """
    kind = PipelineProgram if issubclass(cls, ReactorPipeline) else ModelProgram
    return kind(cls, config, facts)
