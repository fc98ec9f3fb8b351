"""From an author's class to the program that a host runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactor_actors.interface.declaration import Declaration
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
    return _kind_of(cls)(cls, config, facts)


def declaration_of(cls: type[ReactorModel]) -> Declaration:
    """Return what a class declares, whole and judged; nothing is constructed.

    Raises `TypeError` or `ValueError` naming what is declared wrongly.
    """
    return _kind_of(cls).declared(cls)


def _kind_of(cls: type[ReactorModel]) -> type[ModelProgram]:
    return PipelineProgram if issubclass(cls, ReactorPipeline) else ModelProgram
