"""What `reactor.yaml` says about a model, and where its weights are.

Text goes in, plain data that crosses processes comes out. No author code is imported here. The
environment is read by `get_weights_path` alone, which authors call.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from reactor_actors.config import ConfigLoader, forms_without, parse, read_text, shown
from reactor_actors.core.errors import SetupError
from reactor_actors.core.naming import snake_case

MANIFEST_NAME = "reactor.yaml"

_SMALLEST_MANIFEST = '"model: pipeline:MyModel" (class MyModel in the file pipeline.py beside it)'
_IMPORT_FORM = "'module:Class', such as 'pipeline:MyModel'"
_WORD = r"[^\W\d]\w*"
_IMPORT_STRING = re.compile(rf"({_WORD}(?:\.{_WORD})*):({_WORD})")

_declared_weights_path: Path | None = None


class ImportStringError(SetupError, ValueError):
    """An import string is not of the form `module:Class`."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model is called and where its parts are. Crosses processes.

    Attributes:
        folder: The model's folder, absolute. It comes first on `sys.path` where the model runs.
        import_string: Its class, as `module:Class`; empty when it is to be found in the folder.
        name: For logs, descriptor and schema title; made from the class, or folder, unless written.
        named: Whether the name is written.
        version: As written: `1.10` is not `1.1`.
        description: Free text.
        config_path: The config file; whether it exists shows when it is read.
        weights_path: The folder of the weights; whether it exists is not checked.
        gpus: How many GPUs a replica gets, fractions too; `auto` is one where there is any.
        file: The manifest itself; `None` for a model named by import string alone.
        notes: Warnings about the manifest, each to be logged once.
    """

    folder: Path
    import_string: str
    name: str
    version: str | None = None
    description: str | None = None
    config_path: Path | None = None
    weights_path: Path | None = None
    gpus: float | Literal["auto"] = "auto"
    file: Path | None = None
    notes: tuple[str, ...] = ()
    named: bool = False


def read_manifest(path: Path) -> Manifest:
    """Read a model's manifest, given its folder or the manifest file itself.

    Raises:
        SetupError: The manifest is missing, wrong, or asks for what is not available.
        ImportStringError: Its class is not of the form `module:Class`.
    """
    top = _open_manifest(Path(os.path.abspath(os.path.expanduser(path))))
    model, runtime = top.section("model"), top.section("runtime")
    import_string = _class_named_in(top, model, runtime)
    if top.switched_on("moderation"):
        raise SetupError(f"{top.file}: key 'moderation.enabled': moderation is not available")
    unrecorded = f"{top.file}: key 'recording.enabled' is ignored: recording is not available"
    # Each half is read where it is written: so the flat, the nested and a mixed shape are one.
    who, how = model or top, runtime or top
    return Manifest(
        folder=top.file.parent,
        import_string=import_string,
        name=who.text("name") or name_of(import_string),
        version=who.text("version"),
        description=who.text("description"),
        config_path=how.path("config"),
        weights_path=how.path("weights_path"),
        gpus=how.gpus("gpus"),
        file=top.file,
        notes=(unrecorded,) if top.switched_on("recording") else (),
        named=who.text("name") is not None,
    )


def split_import_string(text: str, where: str = "import string") -> tuple[str, str]:
    """Split `module:Class`, or raise an `ImportStringError` whose text opens with `where`."""
    match = _IMPORT_STRING.fullmatch(text)
    if match and not match[1].endswith(".py"):
        return match[1], match[2]
    dotted = re.sub(r"\.py\b", "", text).removeprefix("./").replace("/", ".")
    path, _, name = dotted.rpartition(":" if ":" in dotted else ".")
    meant = f"{path}:{name}"
    hint = f"; did you mean {meant!r}?" if _IMPORT_STRING.fullmatch(meant) else ""
    raise ImportStringError(f"{where}: expected {_IMPORT_FORM}, came {text!r}{hint}")


def name_of(import_string: str) -> str:
    """The name of a model without a written one: `pipeline:MyModel` gives `my_model`."""
    _, class_name = split_import_string(import_string)
    return snake_case(class_name)


def declare_weights_path(path: Path | None) -> None:
    """Make the manifest's `weights_path` known to `get_weights_path` in this process."""
    global _declared_weights_path
    _declared_weights_path = path


def get_weights_path() -> Path:
    """Return the folder where this process's model has its weights; it may not exist.

    `REACTOR_WEIGHTS_PATH` comes first, then the manifest's `weights_path`, then
    `~/.cache/reactor_registry`. It may be called from anywhere: the manifest's path is kept for the
    process, which runs one model, and the environment is read.
    """
    chosen = os.environ.get("REACTOR_WEIGHTS_PATH") or _declared_weights_path
    return Path(os.path.expanduser(chosen or "~/.cache/reactor_registry"))


@dataclass(frozen=True, slots=True)
class _Section:
    """One mapping of a manifest, which knows where it stands for the text of a mistake."""

    file: Path
    values: dict[Any, Any]
    prefix: str = ""

    def section(self, key: str) -> _Section | None:
        value = self.values.get(key)
        return _Section(self.file, value, f"{key}.") if isinstance(value, dict) else None

    def text(self, key: str, expected: str = "text") -> str | None:
        value = self.values.get(key)
        if value is None or isinstance(value, str):
            return value or None
        raise self.mistake(key, expected, value)

    def path(self, key: str) -> Path | None:
        text = self.text(key)
        return self.file.parent / os.path.expanduser(text) if text else None

    def gpus(self, key: str) -> float | Literal["auto"]:
        expected = "'auto', or a number of GPUs such as 1 or 0.5"
        text = self.text(key, expected) or "auto"
        if text == "auto":
            return "auto"
        try:
            count = float(text)
        except ValueError:
            raise self.mistake(key, expected, text) from None
        # Ray gives out whole GPUs, or a part of a single one.
        if 0.0 <= count <= 1.0 or (1.0 < count < 1e6 and count.is_integer()):
            return count
        raise self.mistake(key, expected, text)

    def switched_on(self, key: str) -> bool:
        section = self.section(key)
        return section is not None and str(section.values.get("enabled")).lower() == "true"

    def mistake(self, key: str, expected: str, value: Any) -> SetupError:
        place = f"{self.file}: key '{self.prefix}{key}'"
        return SetupError(f"{place}: expected {expected}, came {shown(value)}")


def _open_manifest(path: Path) -> _Section:
    file = path / MANIFEST_NAME if path.is_dir() else path
    if not file.exists():
        raise SetupError(f"{file}: not found; to make one, write the line {_SMALLEST_MANIFEST}")
    if file.suffix == ".py":
        raise SetupError(f"{file}: expected a folder or a manifest, came a Python file")
    document = parse(read_text(file), str(file), _ManifestLoader)
    if not isinstance(document, dict):
        expected = f"a mapping such as {_SMALLEST_MANIFEST}"
        raise SetupError(f"{file}: expected {expected}, came {shown(document)}")
    top = _Section(file, document)
    if top.section("runtime") is None and document.get("runtime") is not None:
        raise top.mistake("runtime", "a mapping", document["runtime"])
    return top


def _class_named_in(top: _Section, model: _Section | None, runtime: _Section | None) -> str:
    flat = None if model else top.text("model", _IMPORT_FORM)
    nested = runtime.text("import", _IMPORT_FORM) if runtime else None
    if flat and nested and flat != nested:
        two = f"two classes, {flat!r} and {nested!r}"
        raise SetupError(f"{top.file}: keys 'model' and 'runtime.import' name {two}: expected one")
    named = nested or flat
    key = "model" if flat or not (model or runtime) else "runtime.import"
    if not named:
        raise top.mistake(key, _IMPORT_FORM, None)
    split_import_string(named, f"{top.file}: key {key!r}")
    return named


class _ManifestLoader(ConfigLoader):
    """Numbers stay the text that was written, for `version: 1.10` and `name: 5`."""

    yaml_implicit_resolvers = forms_without("timestamp", "int", "float")
