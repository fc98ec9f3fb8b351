"""From what a person names to the author's class.

Two steps, in two processes. `find_model` reads what is written and gives a `ModelSource`, plain
data that travels. `load_class` imports the class in the process where the model is going to live.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias, TypeGuard

from reactor_actors.carrying import unpacked
from reactor_actors.classic import VideoModel
from reactor_actors.classic.declaration import declare, spec_of
from reactor_actors.classic.program import ClassicProgram
from reactor_actors.compat import Alias, alias_of, explain, foreign, install, stands_in
from reactor_actors.config import load_config
from reactor_actors.core.errors import ModelClassError, SetupError
from reactor_actors.core.faults import author_account, author_detail, in_one_line
from reactor_actors.core.naming import file_of
from reactor_actors.discovery import candidates, discover
from reactor_actors.engine.program import Program
from reactor_actors.interface import ReactorModel
from reactor_actors.interface.compile import declaration_of
from reactor_actors.interface.compile import program_of as compile_model
from reactor_actors.manifest import (
    MANIFEST_NAME,
    Manifest,
    declare_weights_path,
    name_of,
    read_manifest,
    split_import_string,
)

log = logging.getLogger("reactor_actors.loader")

_LIBRARY = __name__.partition(".")[0]
# A module of the author's with one of these names is hidden by the real one, as everywhere.
_KEPT = sys.stdlib_module_names | {_LIBRARY, "__main__", "__mp_main__"}

ModelClass: TypeAlias = type[ReactorModel] | type[VideoModel]

_home: Path | None = None


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model as it is sent to the process that will run it: what is written about it, no code.

    But for one that is written nowhere: `code` is the class itself, from `carrying.packed`.

    A class of generation 1 may name a config of its own, which shows only when it is imported. It
    counts unless one is `configured`, and `overrides` are put on top of it. `alias` says what
    `reactor_runtime` means to the model's files.
    """

    manifest: Manifest
    config: dict[str, Any]
    code: bytes | None = field(default=None, repr=False)
    configured: bool = True
    overrides: tuple[str, ...] = ()
    alias: Alias = Alias.AUTO

    def moved_to(self, folder: Path) -> ModelSource:
        """Return the source as it is where its folder does not exist, but `folder` is a copy."""
        manifest = self.manifest
        if manifest.folder.is_dir():
            return self
        weights = manifest.weights_path
        if weights is not None and weights.is_relative_to(manifest.folder):
            weights = folder / weights.relative_to(manifest.folder)
        return replace(self, manifest=replace(manifest, folder=folder, weights_path=weights))


def find_unconfigured(target: str | Path, environ: Mapping[str, str]) -> ModelSource:
    """Read what is written about a model, but for its config. As `find_model`."""
    return ModelSource(_manifest_of(str(target)), {}, alias=alias_in(environ))


def find_model(
    target: str | Path,
    *,
    config: str | Path | None = None,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str],
) -> ModelSource:
    """Read everything that is written about a model.

    Args:
        target: The model's folder, its manifest file, or `module:Class` in the current folder.
        config: A config file that takes the place of the manifest's.
        overrides: Words of the command line, each `--model.a.b=value`.
        environ: Where the config's `${env:VAR}` are looked up.

    Raises:
        SetupError: Something is missing or wrong; the text says where, and what was expected.
    """
    manifest = _manifest_of(str(target))
    path = manifest.config_path if config is None else _absolute(str(config))
    values = load_config(path, overrides, environ=environ)
    return ModelSource(
        manifest,
        values,
        configured=path is not None,
        overrides=tuple(overrides),
        alias=alias_in(environ),
    )


def alias_in(environ: Mapping[str, str]) -> Alias:
    """Return what the environment says of `reactor_runtime`. Raises `SetupError`."""
    return alias_of(environ.get("REACTOR_ACTORS_ALIAS") or Alias.AUTO)


def load_program(source: ModelSource) -> Program:
    """Import a model's class and construct it, ready to be loaded. Belongs to the model thread.

    Raises:
        SetupError: As `load_class`.
        ModelClassError: As `check_declared`.
    """
    for note in source.manifest.notes:
        log.warning("%s", note)
    found = class_of(source)
    return program_of(found, config_of(source, found), facts_of(source.manifest))


def program_of(
    cls: ModelClass,
    config: dict[str, Any] | None = None,
    facts: Mapping[str, str] | None = None,
) -> Program:
    """Compile an author's class; which base it derives from says by which generation.

    Belongs to the model thread. `facts` are the manifest's `name` and `version`, where it gives
    them. Raises `ModelClassError`, as `check_declared`.
    """
    check_declared(cls)
    if issubclass(cls, VideoModel):
        return ClassicProgram(cls, config, facts)
    return compile_model(cls, config, facts)


def check_declared(cls: ModelClass) -> None:
    """Judge what a class declares, of either generation; nothing is constructed.

    Raises:
        ModelClassError: It cannot be declared like that; the text names file and class.
    """
    try:
        if issubclass(cls, VideoModel):
            declare(cls)  # type: ignore[arg-type]  # a class is hashable
        else:
            declaration_of(cls)
    except Exception as error:
        reason = f"{cls.__name__} cannot be declared: {in_one_line(error)}"
        raise ModelClassError(f"{file_of(cls)}: {reason}", author_detail(error)) from None


def load_class(manifest: Manifest, alias: Alias = Alias.AUTO) -> ModelClass:
    """Make this process the model's home, and import its class.

    The model's folder comes first on `sys.path`, and `get_weights_path` knows its `weights_path`.
    A process has one home at a time: the modules of an earlier one are let go, and so is every
    other module that goes by the name of one in the folder. Calling again for the same folder
    gives the same class.

    Raises:
        SetupError: The module is missing, or has no such class, or its import failed: then
            `detail` is the author's own traceback.
        ImportStringError: The import string is not of the form `module:Class`.
        ModelClassError: What it names is no model class.
    """
    if not manifest.import_string:
        _settle(manifest, alias)
        return discover(manifest.folder)
    module_name, class_name = split_import_string(manifest.import_string)
    _settle(manifest, alias)
    try:
        module = importlib.import_module(module_name)
        found = getattr(module, class_name, None)
    # A module that calls `sys.exit` failed to import, whatever it meant.
    except (Exception, SystemExit) as error:
        raise _failed_import(manifest, module_name, error) from error
    if _is_model_class(found):
        return found
    raise _unfit(module, class_name, found)


def unpack_class(manifest: Manifest, code: bytes, alias: Alias = Alias.AUTO) -> ModelClass:
    """Make this process the model's home, and unpack its class, which no module has.

    Raises:
        SetupError: What it needs cannot be imported here; `detail` is the traceback.
    """
    _settle(manifest, alias)
    try:
        found: ModelClass = unpacked(code)
    except (Exception, SystemExit) as error:
        module_name, _ = split_import_string(manifest.import_string)
        raise _failed_import(manifest, module_name, error) from error
    return found


def class_of(source: ModelSource) -> ModelClass:
    """Make this process the model's home, and import or unpack its class. As `load_class`."""
    if source.code is None:
        return load_class(source.manifest, source.alias)
    return unpack_class(source.manifest, source.code, source.alias)


def facts_of(manifest: Manifest) -> dict[str, str]:
    """Return what the manifest says and a class cannot."""
    facts = {"name": manifest.name if manifest.named else None, "version": manifest.version}
    return {key: value for key, value in facts.items() if value is not None}


def config_of(source: ModelSource, cls: ModelClass) -> dict[str, Any]:
    """Return the config that counts: a class of generation 1 may name its own.

    Raises `SetupError`, as `load_config`.
    """
    spec = spec_of(cls)
    if source.configured or spec is None or spec.config is None:
        return source.config
    path = source.manifest.folder / os.path.expanduser(spec.config)
    module = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if not path.exists() and module is not None:
        beside = Path(module).parent / spec.config
        path = beside if beside.exists() else path
    return load_config(path, source.overrides, environ=os.environ)


def _settle(manifest: Manifest, alias: Alias) -> None:
    if not manifest.folder.is_dir():
        raise SetupError(f"{manifest.folder}: the model's folder does not exist on this machine")
    declare_weights_path(manifest.weights_path)
    _move_to(manifest.folder)
    install(alias)


def _manifest_of(target: str) -> Manifest:
    path = _absolute(target)
    if path.is_dir() and not (path / MANIFEST_NAME).exists() and candidates(path):
        return Manifest(folder=path, import_string="", name=path.name)
    if path.exists():
        return read_manifest(path)
    split_import_string(target, f"{path}: no such folder or manifest; as an import string")
    return Manifest(folder=Path.cwd(), import_string=target, name=name_of(target))


def _absolute(path: str) -> Path:
    return Path(os.path.abspath(os.path.expanduser(path)))


def _move_to(folder: Path) -> None:
    global _home
    left, _home = _home if _home != folder else None, folder
    others = [entry for entry in sys.path if entry not in (str(folder), str(left))]
    sys.path[:] = [str(folder), *others]
    importlib.invalidate_caches()
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _KEPT or not isinstance(module, ModuleType):
            continue
        # Not by attribute: asking a lazy module for one may make it import something.
        file = vars(module).get("__file__")
        if (left and file in _files_for(name, left)) or _is_hidden(name, file, folder):
            del sys.modules[name]


def _is_hidden(name: str, file: str | None, folder: Path) -> bool:
    """Whether a module is from elsewhere, although the folder has its own of that name."""
    for own in _files_for(name, folder):
        if os.path.exists(own):
            return file is None or os.path.realpath(file) != os.path.realpath(own)
    return False


def _files_for(name: str, folder: Path) -> tuple[str, str]:
    stem = os.path.join(folder, *name.split("."))
    return os.path.join(stem, "__init__.py"), f"{stem}.py"


def _failed_import(manifest: Manifest, module_name: str, error: BaseException) -> SetupError:
    account = author_account(error)
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing and not account.stack and f"{module_name}.".startswith(f"{missing}."):
        return _missing_module(manifest, missing)
    frames = [
        frame for frame in account.stack if Path(frame.filename).is_relative_to(manifest.folder)
    ]
    place = f" at {frames[-1].filename}, line {frames[-1].lineno}" if frames else ""
    hint = explain(error) if isinstance(error, ImportError) else ""
    if missing and not hint and not stands_in(missing):
        hint = f"; {_install(manifest)}, or put it beside the model"
    message = f"importing {module_name!r} failed{place}: {in_one_line(error)}{hint}"
    return SetupError(message, "".join(account.format()))


def _install(manifest: Manifest) -> str:
    file = manifest.folder / "requirements.txt"
    return f"install it, with `pip install -r {file}`" if file.exists() else "install it"


def _missing_module(manifest: Manifest, missing: str) -> SetupError:
    _, class_name = split_import_string(manifest.import_string)
    neighbours = [path.stem for path in manifest.folder.glob("*.py")]
    close = difflib.get_close_matches(missing, neighbours)
    return SetupError(
        f"{manifest.file or 'import string'}: {manifest.import_string!r}: there is no module "
        f"{missing!r} in {manifest.folder}{_did_you_mean(close, class_name)}"
    )


def _is_model_class(found: Any) -> TypeGuard[ModelClass]:
    own = isinstance(found, type) and found.__module__.partition(".")[0] == _LIBRARY
    return isinstance(found, type) and issubclass(found, ReactorModel | VideoModel) and not own


def _unfit(module: ModuleType, class_name: str, found: Any) -> SetupError:
    """What to say of a module that imports well, but has no model class of that name."""
    fitting = [name for name, value in vars(module).items() if _is_model_class(value)]
    hint = _did_you_mean([module.__name__], *fitting) or "; it has no model class at all"
    file = module.__file__ or module.__name__
    if found is None:
        return SetupError(f"{file}: no class {class_name!r}{hint}")
    kind = "another class" if isinstance(found, type) else f"an object of {type(found).__name__}"
    if isinstance(found, type) and foreign(found):
        hint = (
            ": it derives from the reactor_runtime that is installed; REACTOR_ACTORS_ALIAS=force "
            "has reactor_actors stand in for it"
        )
    expected = "expected a class of yours that derives from ReactorModel or VideoModel"
    return ModelClassError(f"{file}: {class_name!r}: {expected}, came {kind}{hint}")


def _did_you_mean(modules: Sequence[str], *class_names: str) -> str:
    meant = [repr(f"{module}:{name}") for module in modules for name in class_names]
    return f"; did you mean {' or '.join(meant)}?" if meant else ""
