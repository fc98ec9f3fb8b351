"""What is written about a model: `reactor.yaml`, its config file and the overrides beside it.

Text goes in, plain data that crosses processes comes out. No author code is imported here, and
the environment is an argument: only `get_weights_path`, which authors call, reads it by itself.

Config files are YAML 1.1 with three repairs: a key written twice is a mistake, `1e-3` is a number
as in YAML 1.2, and a date stays text, so that a config is never more than JSON can say.
"""

from __future__ import annotations

import os
import re
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from reactor_actors.core.errors import SetupError
from reactor_actors.core.naming import snake_case

MANIFEST_NAME = "reactor.yaml"

_SMALLEST_MANIFEST = '"model: pipeline:MyModel" (class MyModel in the file pipeline.py beside it)'
_IMPORT_FORM = "'module:Class', such as 'pipeline:MyModel'"
_ENVIRONMENT_FORM = "${env:VAR} or ${env:VAR,default}"
_WORD = r"[^\W\d]\w*"
_IMPORT_STRING = re.compile(rf"({_WORD}(?:\.{_WORD})*):({_WORD})")
_OVERRIDE = re.compile(r"--model\.([^.=\s]+(?:\.[^.=\s]+)*)=(.*)", re.DOTALL)
# The closing brace is optional, so that a forgotten one is reported and not taken for text.
_EXPRESSION = re.compile(r"\$\{[^}]*\}?")
_FROM_ENVIRONMENT = re.compile(r"\$\{(?:oc\.)?env:([A-Za-z_][A-Za-z0-9_]*)(?:,([^{}]*))?\}")
# Beside its own errors, PyYAML lets these out for a scalar such as `!!int many`, and for `[[[[...`.
_UNREADABLE = (yaml.YAMLError, ValueError, KeyError, AttributeError, RecursionError)

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


def load_config(
    path: Path | None, overrides: Sequence[str] = (), *, environ: Mapping[str, str]
) -> dict[str, Any]:
    """Read a config file, put the overrides on top, then fill in the environment.

    `${env:VAR}` and `${env:VAR,default}` work in every text, `oc.env` being the same as `env`. A
    text that is one expression and no more becomes the scalar YAML reads in it: `640` is an int.

    Args:
        path: The YAML file; `None` stands for an empty one.
        overrides: Words of the command line, each `--model.a.b=value`.
        environ: Where the variables are looked up.

    Raises:
        SetupError: The file, an override or an expression is wrong.
    """
    config = None if path is None else _parse(_read(path, "the config "), str(path), _ConfigLoader)
    if not isinstance(config, dict | None):
        raise SetupError(f"{path}: the config: expected a mapping, came {_shown(config)}")
    return _interpolated(apply_overrides(config or {}, overrides), environ, str(path or "override"))


def apply_overrides(config: dict[str, Any], words: Sequence[str]) -> dict[str, Any]:
    """Return the config with each `--model.a.b=value` put in; `config` itself stays as it was.

    Values are typed as in a config file. Missing levels are made.

    Raises:
        SetupError: A word is of another form, or goes through something that is no mapping.
    """
    for word in words:
        match = _OVERRIDE.fullmatch(word)
        if match is None:
            raise SetupError(f"unknown override {word!r}: expected --model.key=value")
        value = _parse(match[2], word, _ConfigLoader)
        config = _with(config, match[1].split("."), value, word)
    return config


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
        return SetupError(f"{place}: expected {expected}, came {_shown(value)}")


def _open_manifest(path: Path) -> _Section:
    file = path / MANIFEST_NAME if path.is_dir() else path
    if not file.exists():
        raise SetupError(f"{file}: not found; to make one, write the line {_SMALLEST_MANIFEST}")
    if file.suffix == ".py":
        raise SetupError(f"{file}: expected a folder or a manifest, came a Python file")
    document = _parse(_read(file), str(file), _ManifestLoader)
    if not isinstance(document, dict):
        expected = f"a mapping such as {_SMALLEST_MANIFEST}"
        raise SetupError(f"{file}: expected {expected}, came {_shown(document)}")
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


def _with(level: Any, path: list[str], value: Any, word: str, through: str = "") -> Any:
    """Rebuild the levels on the path only; an alias elsewhere keeps the value it had."""
    if not path:
        return value
    if not isinstance(level, dict):
        raise SetupError(f"{word}: key {through!r}: expected a mapping, came {_shown(level)}")
    key, *rest = path
    inner = _with(level.get(key, {}), rest, value, word, f"{through}.{key}".lstrip("."))
    return {**level, key: inner}


def _interpolated(config: dict[str, Any], environ: Mapping[str, str], file: str) -> dict[str, Any]:
    # Aliases let many keys hold one value, or a value itself: filled in once, it stays one.
    done: dict[int, Any] = {}

    def fill(value: Any, key: str) -> Any:
        if isinstance(value, str):
            return _filled(value, environ, f"{file}: key {key!r}")
        if not isinstance(value, dict | list):
            return value
        if id(value) not in done:
            copy = done[id(value)] = value.copy()
            for name, item in value.items() if isinstance(value, dict) else enumerate(value):
                inner = f"{key}.{name}" if isinstance(value, dict) else f"{key}[{name}]"
                copy[name] = fill(item, inner.removeprefix("."))
        return done[id(value)]

    filled: dict[str, Any] = fill(config, "")
    return filled


def _filled(text: str, environ: Mapping[str, str], where: str) -> Any:
    def looked_up(expression: re.Match[str]) -> str:
        match = _FROM_ENVIRONMENT.fullmatch(expression[0])
        if match is None:
            raise SetupError(f"{where}: unknown {expression[0]}: expected {_ENVIRONMENT_FORM}")
        value = environ.get(match[1], match[2])
        if value is None:
            raise SetupError(f"{where}: {expression[0]}: {match[1]} is not set, and has no default")
        return value

    whole = _EXPRESSION.fullmatch(text)
    return _scalar(looked_up(whole).strip()) if whole else _EXPRESSION.sub(looked_up, text)


def _scalar(text: str) -> Any:
    """Type a text as YAML types an unquoted scalar, without reading any other syntax in it."""
    loader = _ConfigLoader("")
    # The stubs leave this one method without types.
    tag = loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    try:
        return loader.construct_object(yaml.ScalarNode(tag, text))
    except _UNREADABLE:
        return text


def _read(file: Path, what: str = "") -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SetupError(f"{file}, line {line}: expected UTF-8 text, came other bytes") from error
    except OSError as error:
        raise SetupError(f"{what}{file} cannot be read: {error.strerror}") from error


def _parse(text: str, source: str, loader: type[yaml.SafeLoader]) -> Any:
    try:
        return yaml.load(text, loader)
    except _UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise SetupError(f"{source}{place}: bad YAML: {problem}") from error


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return "nothing" if value is None else reprlib.repr(value)


def _without(*kinds: str) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """What an unquoted scalar may be in safe YAML, without some kinds: those stay text."""
    return {
        first: [(tag, form) for tag, form in forms if tag.rpartition(":")[2] not in kinds]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _ConfigLoader(yaml.SafeLoader):
    """Safe YAML with the repairs that the module's docstring names."""

    yaml_implicit_resolvers = _without("timestamp")

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        # Checked before merge keys are resolved: overriding a merged key is no repetition.
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (key.tag, key.value) in seen:
                problem = f"key {key.value!r} is there twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add((key.tag, key.value))
        return node


class _ManifestLoader(_ConfigLoader):
    """Numbers stay the text that was written, for `version: 1.10` and `name: 5`."""

    yaml_implicit_resolvers = _without("timestamp", "int", "float")


_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+\Z", re.ASCII)
_ConfigLoader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))
