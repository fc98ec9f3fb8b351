"""The model: what is written about it, whether it can be imported, and what it declares."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from reactor_actors.apart import apart
from reactor_actors.cli.checks.finding import Finding, Mark
from reactor_actors.cli.schema import IMPORT_SECONDS
from reactor_actors.cli.summary import commands_told, tracks_told
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.declaring import contract_of
from reactor_actors.engine.host import ModelHost
from reactor_actors.loader import (
    ModelSource,
    class_of,
    config_of,
    find_model,
    find_unconfigured,
    load_program,
)
from reactor_actors.manifest import Manifest

Config: TypeAlias = dict[str, Any]


class ModelChecks:
    """The checks of one model. Each stands on the one before: what is left out has no ground.

    Attributes:
        source: The model, once what is written about it has been read.
        contract: What it declares, once it has been imported.
    """

    def __init__(
        self, target: str, config: Path | None, overrides: Sequence[str], environ: Mapping[str, str]
    ) -> None:
        self._target = target
        self._config = config
        self._overrides = overrides
        self._environ = environ
        self.source: ModelSource | None = None
        self.contract: Contract | None = None

    def written(self) -> Iterator[Finding]:
        """Read manifest and config."""
        try:
            self.source = find_unconfigured(self._target, self._environ)
        except SetupError as error:
            yield Finding("manifest", error.message, Mark.BAD)
            return
        manifest = self.source.manifest
        yield Finding("manifest", told_of(manifest))
        for note in manifest.notes:
            yield Finding("manifest", note, Mark.WARNING)
        try:
            self.source = find_model(
                self._target, config=self._config, overrides=self._overrides, environ=self._environ
            )
        except SetupError as error:
            yield configured(error)
            return
        if self.source.configured:
            yield configured(self.source.config)

    def imported(self) -> Iterator[Finding]:
        """Import the class in a process of its own, and read what it declares.

        Its config as well, where nothing names one but, maybe, the class itself.
        """
        if self.source is None:
            return
        began = time.monotonic()
        try:
            contract, config = apart(
                "importing the model", look_at, self.source, seconds=IMPORT_SECONDS
            )
        except (SetupError, ModelError) as error:
            yield Finding("import", error.message, Mark.BAD, detail=error.detail)
            return
        self.contract = contract
        yield Finding("import", f"{contract.name}, in {time.monotonic() - began:.1f} s")
        if not self.source.configured:
            yield configured(config)
        yield declared(contract)

    def weights(self) -> Iterator[Finding]:
        """Look for the weights, where somebody has said where they are."""
        declared = self.source.manifest.weights_path if self.source else None
        chosen = self._environ.get("REACTOR_WEIGHTS_PATH") or declared
        if chosen is not None:
            yield weights(Path(os.path.expanduser(chosen)))

    def loaded(self) -> Iterator[Finding]:
        """Load the model, however long that takes."""
        if self.source is None or self.contract is None:
            return
        try:
            seconds = apart("loading the model", load, self.source)
        except (SetupError, ModelError) as error:
            yield Finding("load", error.message, Mark.BAD, detail=error.detail)
            return
        yield Finding("load", f"loaded in {seconds:.1f} s")


def told_of(manifest: Manifest) -> str:
    """Return where a manifest is, and what it names."""
    if manifest.file is not None:
        return f"{manifest.file}: {manifest.import_string}"
    return manifest.import_string or f"none in {manifest.folder}: its one @model class is served"


def configured(config: Config | SetupError) -> Finding:
    """Judge a config, or what is wrong with it."""
    if isinstance(config, SetupError):
        return Finding("config", config.message, Mark.BAD)
    return Finding("config", ", ".join(map(str, config)) or "none")


def declared(contract: Contract) -> Finding:
    """Judge what a model declares."""
    told = f"tracks: {tracks_told(contract)}; commands: {commands_told(contract)}"
    if not contract.tracks:
        return Finding(
            "contract", told, Mark.WARNING, "nothing is shown: declare an Output with a Video track"
        )
    return Finding("contract", told)


def weights(folder: Path) -> Finding:
    """Judge the folder that `get_weights_path` gives."""
    if folder.is_dir():
        return Finding("weights", str(folder))
    remedy = "put the weights there, or say where they are with REACTOR_WEIGHTS_PATH"
    return Finding("weights", f"{folder} is no folder", Mark.WARNING, remedy)


def look_at(source: ModelSource) -> tuple[Contract, Config | SetupError]:
    """Import a model's class; return what it declares and the config it would get.

    Belongs to a process of its own. Raises as `contract_of`.
    """
    contract = contract_of(source)
    try:
        return contract, config_of(source, class_of(source))
    except SetupError as error:
        return contract, error


def load(source: ModelSource) -> float:
    """Load a model on a thread of its own, as when it is served; return how many seconds it took.

    Belongs to a process of its own. Raises `SetupError` or `ModelError`.
    """
    began = time.monotonic()
    host = ModelHost(lambda: load_program(source))
    try:
        host.load().result()
    finally:
        host.close()
    return time.monotonic() - began
