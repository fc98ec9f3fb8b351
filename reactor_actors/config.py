"""What a config file says, the overrides beside it, and the environment: text in, plain data out.

Config files are YAML 1.1 with three repairs: a key written twice is a mistake, `1e-3` is a number
as in YAML 1.2, and a date stays text, so that a config is never more than JSON can say. Manifests
are read in the same way. The environment is an argument.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from reactor_actors.core.errors import SetupError

_ENVIRONMENT_FORM = "${env:VAR} or ${env:VAR,default}"
_OVERRIDE = re.compile(r"--model\.([^.=\s]+(?:\.[^.=\s]+)*)=(.*)", re.DOTALL)
# The closing brace is optional, so that a forgotten one is reported and not taken for text.
_EXPRESSION = re.compile(r"\$\{[^}]*\}?")
_FROM_ENVIRONMENT = re.compile(r"\$\{(?:oc\.)?env:([A-Za-z_][A-Za-z0-9_]*)(?:,([^{}]*))?\}")
# Beside its own errors, PyYAML lets these out for a scalar such as `!!int many`, and for `[[[[...`.
_UNREADABLE = (yaml.YAMLError, ValueError, KeyError, AttributeError, RecursionError)


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
    config = (
        None if path is None else parse(read_text(path, "the config "), str(path), ConfigLoader)
    )
    if not isinstance(config, dict | None):
        raise SetupError(f"{path}: the config: expected a mapping, came {shown(config)}")
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
        value = parse(match[2], word, ConfigLoader)
        config = _with(config, match[1].split("."), value, word)
    return config


def read_text(file: Path, what: str = "") -> str:
    """Return what a file says. Raises `SetupError` naming it, after `what` it is."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SetupError(f"{file}, line {line}: expected UTF-8 text, came other bytes") from error
    except OSError as error:
        raise SetupError(f"{what}{file} cannot be read: {error.strerror}") from error


def parse(text: str, source: str, loader: type[yaml.SafeLoader]) -> Any:
    """Return what a YAML text says. Raises `SetupError` naming `source` and the place in it."""
    try:
        return yaml.load(text, loader)
    except _UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise SetupError(f"{source}{place}: bad YAML: {problem}") from error


def shown(value: Any) -> str:
    """Return what came in place of what was expected, in a few words."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return "nothing" if value is None else reprlib.repr(value)


def forms_without(*kinds: str) -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """Return what an unquoted scalar may be in safe YAML, without some kinds: those stay text."""
    return {
        first: [(tag, form) for tag, form in forms if tag.rpartition(":")[2] not in kinds]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class ConfigLoader(yaml.SafeLoader):
    """Safe YAML with the repairs that the module's docstring names."""

    yaml_implicit_resolvers = forms_without("timestamp")

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Refuse a key that is there twice."""
        # Checked before merge keys are resolved: overriding a merged key is no repetition.
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if (key.tag, key.value) in seen:
                problem = f"key {key.value!r} is there twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add((key.tag, key.value))
        return node


_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+\Z", re.ASCII)
ConfigLoader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))


def _with(level: Any, path: list[str], value: Any, word: str, through: str = "") -> Any:
    """Rebuild the levels on the path only; an alias elsewhere keeps the value it had."""
    if not path:
        return value
    if not isinstance(level, dict):
        raise SetupError(f"{word}: key {through!r}: expected a mapping, came {shown(level)}")
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
    loader = ConfigLoader("")
    # The stubs leave this one method without types.
    tag = loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    try:
        return loader.construct_object(yaml.ScalarNode(tag, text))
    except _UNREADABLE:
        return text
