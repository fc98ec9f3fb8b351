from __future__ import annotations

from pathlib import Path

import pytest

from reactor_actors.core.contract import Command, Contract
from reactor_actors.core.errors import SetupError
from reactor_actors.headless.script import (
    Entry,
    Script,
    check,
    entry_of,
    parse_script,
    read_script,
)


def setter(name: str, kind: dict[str, object], argument: str | None = None) -> Command:
    schema = {
        "type": "object",
        "properties": {argument or name: kind},
        "required": [argument or name],
        "additionalProperties": False,
    }
    return Command(f"set_{name}", "", schema)


CONTRACT = Contract(
    "paint",
    commands=(
        setter("level", {"type": "number", "maximum": 1}),
        setter("mood", {"type": "string"}, "feeling"),
        setter("face", {"type": "object", "format": "reactor-upload-reference"}),
        Command("reset", "", {"type": "object", "additionalProperties": False}),
    ),
)

YAML = """\
# how the film goes
- {at: 1.5, command: set_level, args: {level: 0.25}}
- frame: 30
  command: set_mood
  args:
    feeling: 2024-01-01

- command: reset
"""


def test_yaml_entries_know_the_lines_they_stand_on() -> None:
    assert parse_script(YAML, "s.yml") == [
        Entry("set_level", {"level": 0.25}, 1.5, None, "s.yml, line 2"),
        Entry("set_mood", {"feeling": "2024-01-01"}, 0.0, 30, "s.yml, line 3"),
        Entry("reset", {}, 0.0, None, "s.yml, line 8"),
    ]


def test_json_lines_are_the_same() -> None:
    text = '{"at": 1, "command": "reset"}\n\n{"command": "set_level", "args": {"level": 1}}\n'
    assert parse_script(text, "s.jsonl") == [
        Entry("reset", {}, 1.0, None, "s.jsonl, line 1"),
        Entry("set_level", {"level": 1}, 0.0, None, "s.jsonl, line 3"),
    ]


def test_an_empty_script_says_nothing() -> None:
    assert parse_script("# nothing yet\n", "s.yml") == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("command: reset", "s.yml: expected a list of entries such as"),
        ("- reset", "s.yml, line 1: expected an entry such as"),
        ("- {at: 1}", "s.yml, line 1: command: expected the name of a command; got nothing"),
        (
            "- {command: reset}\n- {command: reset, att: 1}",
            "s.yml, line 2: reset: unknown key 'att'; did you mean at?",
        ),
        ("- {command: reset, at: 1, frame: 1}", "reset: expected at or frame; got both"),
        ("- {command: reset, at: -1}", "reset: at: expected seconds from 0 on; got -1"),
        ("- {command: reset, at: soon}", "reset: at: expected seconds from 0 on; got 'soon'"),
        ("- {command: reset, at: .nan}", "reset: at: expected seconds from 0 on; got nan"),
        ("- {command: reset, frame: 1.5}", "reset: frame: expected the number of a picture"),
        ("- {command: reset, frame: true}", "reset: frame: expected the number of a picture"),
        ("- {command: reset, args: [1]}", "reset: args: expected a mapping; got [1]"),
        ("- {command: reset", "s.yml, line 1: bad YAML:"),
        ("- {command: reset}\n- {b: !!int many}", "s.yml: bad YAML:"),
        ('{"command": "reset"}\n{"command"', "s.yml, line 2: bad JSON:"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(text: str, told: str) -> None:
    with pytest.raises(SetupError) as refused:
        parse_script(text, "s.yml")
    assert told in refused.value.message
    assert "\n" not in refused.value.message


def test_a_script_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"--script .*none.yml cannot be read: No such file"):
        read_script(tmp_path / "none.yml")
    (tmp_path / "picture.yml").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(SetupError, match="it is not UTF-8 text"):
        read_script(tmp_path / "picture.yml")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (Entry("set_levl", place="s.yml, line 4"), "s.yml, line 4: set_levl: paint has no such co"),
        (Entry("set_levl", place="p"), "did you mean set_level?"),
        (Entry("dance", place="p"), "known are: set_level, set_mood, set_face, reset"),
        (Entry("set_level", {"level": 2}, place="p"), "p: set_level: level: expected at most 1"),
        (Entry("set_level", place="p"), "p: set_level: level: is required"),
        (Entry("reset", {"now": 1}, place="p"), "p: reset: payload: unknown argument 'now'"),
    ],
)
def test_what_the_model_would_refuse_is_refused_before_the_start(entry: Entry, told: str) -> None:
    with pytest.raises(SetupError) as refused:
        check([Entry("reset"), entry], CONTRACT)
    assert told in refused.value.message


def test_files_cannot_be_sent() -> None:
    ref = {"upload_id": "a", "name": "a.png", "mime_type": "image/png", "size": 1}
    with pytest.raises(SetupError, match="a script cannot send files"):
        check([Entry("set_face", {"face": ref}, place="p")], CONTRACT)


def test_a_setting_becomes_the_command_that_sets_it() -> None:
    assert entry_of("level=0.5", CONTRACT) == Entry(
        "set_level", {"level": 0.5}, place="--set level=0.5"
    )
    assert entry_of("mood=a=b", CONTRACT).args == {"feeling": "a=b"}


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("level", "--set level: expected name=value"),
        ("=1", "--set =1: expected name=value"),
        ("lvel=1", "--set lvel=1: paint has no command set_lvel; did you mean level?"),
        ("level=[", "--set level=[: bad YAML:"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(word: str, told: str) -> None:
    with pytest.raises(SetupError) as refused:
        entry_of(word, CONTRACT)
    assert told in refused.value.message


def test_entries_are_due_once_at_their_picture_or_their_time() -> None:
    early, late, third = Entry("a", frame=2), Entry("b", at=1.0), Entry("c", at=1 / 3)
    script = Script([late, early, third])
    assert script.due(0, 0.0) == []
    assert script.due(1, 10 * (1 / 30)) == [third]
    assert script.due(2, 0.5) == [early]
    assert script.waiting == (late,)
    assert script.due(2, 3.0) == [late]
    assert script.due(9, 9.0) == []
