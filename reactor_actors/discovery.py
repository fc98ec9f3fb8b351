"""A model in a folder without a manifest: the one `@model` class among its files."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path

from reactor_actors.classic.model import VideoModel, is_decorated
from reactor_actors.compat import explain
from reactor_actors.core.errors import SetupError
from reactor_actors.core.faults import author_account, in_one_line

log = logging.getLogger("reactor_actors.loader")


def candidates(folder: Path) -> list[str]:
    """Return the modules of a folder that may define a model: no packages, nothing private."""
    return sorted(file.stem for file in folder.glob("*.py") if _is_candidate(file.stem))


def discover(folder: Path) -> type[VideoModel]:
    """Import every candidate and return the one class that `@model` stands on.

    The folder comes first on `sys.path` already. Raises `SetupError` when there is none, listing
    the imports that failed, and when there are several, listing them.
    """
    found: dict[type[VideoModel], str] = {}
    failed: dict[str, BaseException] = {}
    for name in candidates(folder):
        try:
            module = importlib.import_module(name)
        except (Exception, SystemExit) as error:
            failed[name] = error
            continue
        for value in vars(module).values():
            # By type(): a lazy proxy among a module's globals minds being asked for its class.
            a_model = issubclass(type(value), type) and issubclass(value, VideoModel)
            if a_model and is_decorated(value):
                found.setdefault(value, f"{value.__module__}:{value.__name__}")
    if len(found) == 1:
        if failed:
            log.warning("%s: %s", folder, _listed(failed))
        return next(iter(found))
    if found:
        raise SetupError(
            f"{folder}: expected one @model class, came {len(found)}: {', '.join(found.values())}. "
            "Write a reactor.yaml that names one, such as `model: "
            f"{next(iter(found.values()))}`, or serve it by that name"
        )
    raise _nothing(folder, failed)


def _nothing(folder: Path, failed: dict[str, BaseException]) -> SetupError:
    if failed:
        detail = "\n".join("".join(author_account(error).format()) for error in failed.values())
        return SetupError(f"{folder}: {_listed(failed)}; no other file has a @model class", detail)
    return SetupError(
        f"{folder}: no reactor.yaml, and no @model class in its files. Write the line "
        '"model: pipeline:MyModel" into a reactor.yaml to name a class of another kind'
    )


def _listed(failed: dict[str, BaseException]) -> str:
    return ", ".join(
        f"{name}.py failed to import ({in_one_line(error)}{_hint(error)})"
        for name, error in failed.items()
    )


def _hint(error: BaseException) -> str:
    return explain(error) if isinstance(error, ImportError) else ""


def _is_candidate(stem: str) -> bool:
    return stem.isidentifier() and not stem.startswith("_")
