"""What is said to a model, and when: read from a file, and checked before anything starts.

    - {at: 1.5, command: set_colour, args: {colour: ember}}
    - {frame: 90, command: set_brightness, args: {brightness: 0.4}}

YAML as above, or one JSON object per line. A mistake is one line: file, line, command, reason.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from reactor_actors.core.contract import Contract, Gate, InvalidCommandError
from reactor_actors.core.errors import SetupError
from reactor_actors.core.values import is_number

KEYS = ("at", "frame", "command", "args")
EXAMPLE = "{at: 1.5, command: set_colour, args: {colour: ember}}"
_UNREADABLE = (yaml.YAMLError, ValueError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Entry:
    """One command, due with picture number `frame`, or `at` seconds; `place` is where it stands."""

    command: str
    args: Mapping[str, Any] = field(default_factory=dict)
    at: float = 0.0
    frame: int | None = None
    place: str = ""

    def due(self, frame: int, seconds: float) -> bool:
        """Whether it is to be said before picture `frame`, which is shown at `seconds`."""
        if self.frame is not None:
            return frame >= self.frame
        # The small amount is for thirds of a second, which binary fractions put just below.
        return seconds >= self.at - 1e-6

    @property
    def moment(self) -> str:
        """When it is due, in words."""
        return f"picture {self.frame}" if self.frame is not None else f"{self.at:g} s"


class Script:
    """Entries that wait for their time, each said once, in the order in which they are due."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._waiting = list(entries)

    @property
    def waiting(self) -> tuple[Entry, ...]:
        """What has not been said yet."""
        return tuple(self._waiting)

    def due(self, frame: int, seconds: float) -> list[Entry]:
        """Take what is to be said before picture `frame`, which is shown at `seconds`."""
        due = [entry for entry in self._waiting if entry.due(frame, seconds)]
        self._waiting = [entry for entry in self._waiting if not entry.due(frame, seconds)]
        return due


def read_script(path: Path) -> list[Entry]:
    """Read a script from a file. Raises `SetupError`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SetupError(f"--script {path} cannot be read: {reason}") from None
    return parse_script(text, str(path))


def parse_script(text: str, name: str) -> list[Entry]:
    """Read a script; `name` is what its lines are said to belong to. Raises `SetupError`."""
    lines = text.lstrip().startswith("{")
    items = _json_lines(text, name) if lines else _yaml_items(text, name)
    return [_entry(value, f"{name}, line {line}") for line, value in items]


def entry_of(word: str, contract: Contract) -> Entry:
    """Read `name=value` of the command line: `set_name`, at the very beginning.

    Raises `SetupError`.
    """
    name, separator, text = word.partition("=")
    place = f"--set {word}"
    if not separator or not name:
        raise SetupError(f"{place}: expected name=value, such as brightness=0.4")
    command = next((c for c in contract.commands if c.name == f"set_{name}"), None)
    if command is None:
        known = [c.name.removeprefix("set_") for c in contract.commands if c.name[:4] == "set_"]
        raise SetupError(f"{place}: {contract.name} has no command set_{name}{_known(name, known)}")
    arguments = list(command.schema.get("properties", ()))
    argument = name if name in arguments else next(iter(arguments), name)
    return Entry(command.name, {argument: value_of(text, place)}, place=place)


def value_of(text: str, place: str) -> Any:
    """Return what a text means in YAML: `0.4` is a number. Raises `SetupError`."""
    try:
        return yaml.load(text, _Loader)
    except _UNREADABLE as error:
        raise SetupError(f"{place}: bad YAML: {_problem(error)}") from None


def check(entries: Sequence[Entry], contract: Contract) -> None:
    """Refuse a script that the model would refuse. Raises `SetupError`."""
    gate = Gate(contract)
    for entry in entries:
        if not gate.knows(entry.command):
            known = _known(entry.command, [command.name for command in contract.commands])
            raise SetupError(
                f"{entry.place}: {entry.command}: {contract.name} has no such command{known}"
            )
        try:
            uploads = gate.admit(entry.command, dict(entry.args))
        except InvalidCommandError as error:
            raise SetupError(f"{entry.place}: {entry.command}: {error.message}") from None
        if uploads:
            raise SetupError(f"{entry.place}: {entry.command}: a script cannot send files")


def _entry(value: Any, place: str) -> Entry:
    if not isinstance(value, Mapping):
        raise SetupError(f"{place}: expected an entry such as {EXAMPLE}; got {_brief(value)}")
    named = f"{place}: {value['command']}" if isinstance(value.get("command"), str) else place
    for key in value:
        if key not in KEYS:
            raise SetupError(f"{named}: unknown key {key!r}{_known(str(key), KEYS)}")
    command, args = value.get("command"), value.get("args")
    at, frame = value.get("at"), value.get("frame")
    if not isinstance(command, str) or not command:
        raise SetupError(f"{named}: command: expected the name of a command; got {_brief(command)}")
    if args is not None and not isinstance(args, Mapping):
        raise SetupError(f"{named}: args: expected a mapping; got {_brief(args)}")
    if at is not None and frame is not None:
        raise SetupError(f"{named}: expected at or frame; got both")
    if at is not None and not (is_number(at) and math.isfinite(at) and at >= 0):
        raise SetupError(f"{named}: at: expected seconds from 0 on; got {_brief(at)}")
    if frame is not None and not (type(frame) is int and frame >= 0):
        raise SetupError(
            f"{named}: frame: expected the number of a picture, from 0 on; got {_brief(frame)}"
        )
    return Entry(command, dict(args or {}), float(at or 0.0), frame, place)


def _json_lines(text: str, name: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                raise SetupError(f"{name}, line {number}: bad JSON: {error}") from None


def _yaml_items(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """Yield the items of a list, each with the line on which it begins."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            raise SetupError(f"{name}: expected a list of entries such as {EXAMPLE}")
        for item in node.value:
            yield item.start_mark.line + 1, loader.construct_document(item)
    except _UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}, line {mark.line + 1}" if mark else name
        raise SetupError(f"{place}: bad YAML: {_problem(error)}") from None
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """Safe YAML in which a date stays text: what is said to a model is what JSON can say."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own attribute
        first: [(tag, form) for tag, form in forms if not tag.endswith(":timestamp")]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _problem(error: BaseException) -> str:
    return getattr(error, "problem", None) or str(error).splitlines()[0]


def _known(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known are: {', '.join(known)}" if known else "; it has none"


def _brief(value: Any) -> str:
    if value is None:
        return "nothing"
    told = repr(value)
    return told if len(told) <= 60 else f"{told[:57]}..."
