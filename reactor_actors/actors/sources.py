"""From whatever a program calls its model to what is sent to the process that will run it."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray import cloudpickle

from reactor_actors.carrying import importable, packed
from reactor_actors.config import load_config
from reactor_actors.core.errors import SetupError
from reactor_actors.loader import ModelSource, alias_in, find_model
from reactor_actors.manifest import Manifest, name_of

_INSTALLED = tuple({sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")})


def source_of(model: object, config: Mapping[str, Any] | str | Path | None) -> ModelSource:
    """Return what is known of a model: a class, `module:Class`, a folder, or a manifest file.

    A class is not used here: the process where it is to live imports it by its name, or unpacks
    it, if it is of the running script or of a notebook. `config` is a mapping, or the path of a
    file.

    Raises:
        SetupError: Something is missing or wrong.
    """
    path = config if isinstance(config, str | Path) else None
    if isinstance(model, type):
        values = load_config(None if path is None else Path(path), environ=os.environ)
        manifest, code = _of_class(model)
        alias = alias_in(os.environ)
        found = ModelSource(manifest, values, code, configured=path is not None, alias=alias)
    elif isinstance(model, str | Path):
        found = find_model(model, config=path, environ=os.environ)
    else:
        expected = "a class, 'module:Class', a folder or a manifest file"
        raise SetupError(f"model: expected {expected}; got {model!r}")
    if isinstance(config, Mapping):
        return replace(found, config=dict(config), configured=True)
    return found


def _of_class(cls: type) -> tuple[Manifest, bytes | None]:
    import_string = f"{cls.__module__}:{cls.__name__}"
    if importable(cls):
        return Manifest(_root_of(cls.__module__), import_string, name_of(import_string)), None
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    folder = Path(file).absolute().parent if file else Path.cwd()
    try:
        code = packed(cls, cloudpickle.dumps)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SetupError(
            f"{cls.__name__} cannot be sent to another process: {reason}; "
            "put the class into a module of its own"
        ) from error
    return Manifest(folder, import_string, name_of(import_string)), code


def _root_of(module: str) -> Path:
    """Return the folder from which a module is imported; for an installed one the current one."""
    file = Path(str(sys.modules[module].__file__)).absolute()
    depth = module.count(".") + (file.name == "__init__.py")
    if str(file).startswith(_INSTALLED):
        return Path.cwd()
    return file.parents[depth]
