from __future__ import annotations

import dataclasses
import math
import pickle
from typing import Any

import pytest

from reactor_actors.core.contract import Command, Contract, Gate, InvalidCommandError, MessageType
from reactor_actors.core.media import Direction, Kind, Track

CAMERA = Track("camera", Kind.VIDEO, Direction.IN)
MAIN = Track("main", Kind.VIDEO, Direction.OUT)
VOICE = Track("voice", Kind.AUDIO, Direction.OUT, 16_000)
SET = Command(
    "set_3d",
    "Set 3d",
    {
        "type": "object",
        "properties": {
            "level": {"type": "integer", "minimum": 0, "maximum": 9},
            "label": {"type": "string", "minLength": 1, "maxLength": 4},
            "mode": {"enum": ["a", "b"]},
            "list": {"type": "array", "items": {"type": "number"}, "maxItems": 2},
            "free": {},
        },
        "required": ["level"],
        "additionalProperties": False,
    },
)
CONTRACT = Contract("m", tracks=(CAMERA, MAIN, VOICE), commands=(SET,))


@pytest.fixture
def gate() -> Gate:
    return Gate(CONTRACT)


def test_tracks_are_found_by_their_direction() -> None:
    assert CONTRACT.tracks_towards(Direction.IN) == {"camera": CAMERA}
    assert list(CONTRACT.tracks_towards(Direction.OUT)) == ["main", "voice"]


def test_a_contract_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(CONTRACT)) == CONTRACT


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"fps": 12.0, "buffer_size": 9, "version": "2", "description": "x"}, True),
        ({"tracks": (MAIN, VOICE)}, False),
        ({"tracks": (MAIN, CAMERA, VOICE)}, False),
        ({"commands": ()}, False),
        ({"messages": (MessageType("progress", "", {}),)}, False),
    ],
    ids=str,
)
def test_clients_can_go_on_if_tracks_commands_and_messages_are_the_same(
    change: dict[str, Any], same: bool
) -> None:
    assert dataclasses.replace(CONTRACT, **change).declares_the_same_as(CONTRACT) is same


def test_a_good_command_refers_to_no_upload(gate: Gate) -> None:
    assert gate.knows("set_3d")
    assert gate.admit("set_3d", {"level": 3.0, "label": "x", "list": [1, 2.5]}) == []


@pytest.mark.parametrize(
    ("payload", "text", "rule"),
    [
        ({}, "level: is required", "required"),
        ({"level": "x"}, "level: expected integer; got 'x'", "type"),
        ({"level": True}, "level: expected integer; got True", "type"),
        ({"level": -1}, "level: expected at least 0; got -1", "minimum"),
        ({"level": 10}, "level: expected at most 9; got 10", "maximum"),
        ({"level": 1, "label": ""}, "label: expected a length of at least 1; got 0", "minLength"),
        ({"level": 1, "label": "abcde"}, "length of at most 4; got 5", "maxLength"),
        ({"level": 1, "list": [1, 2, 3]}, "list: expected a length of at most 2", "maxItems"),
        ({"level": 1, "list": [1, "a"]}, "list[1]: expected number; got 'a'", "type"),
        ({"level": 1, "mode": "c"}, "mode: expected one of 'a', 'b'; got 'c'", "enum"),
        ({"level": 1, "moda": 1}, "unknown argument 'moda'; known are: 'level'", "additionalPr"),
        ([1], "payload: expected object; got [1]", "type"),
        (None, "payload: expected object; got None", "type"),
        ({"level": 1, "free": math.nan}, "not finite", "payload"),
        ({"level": 1, "free": 2**70}, "64 bits", "payload"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_refusal_names_argument_and_reason(
    gate: Gate, payload: Any, text: str, rule: str
) -> None:
    with pytest.raises(InvalidCommandError) as refused:
        gate.admit("set_3d", payload)
    assert refused.value.code == "invalid_command"
    assert text in refused.value.message
    assert refused.value.rule.startswith(rule)


@pytest.mark.parametrize("name", ["set_3D", "set3d", "", "Set_3d", "set_3d "])
def test_a_name_is_taken_letter_for_letter(gate: Gate, name: str) -> None:
    assert not gate.knows(name)
    with pytest.raises(InvalidCommandError, match="unknown command") as refused:
        gate.admit(name, {"level": 1})
    assert refused.value.rule == "name"


def brackets(count: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(count):
        value = [value]
    return value


@pytest.mark.parametrize("name", ["set_3d", "x" * 1_000_000], ids=["known", "unknown"])
@pytest.mark.parametrize(
    "payload",
    [
        brackets(500_000),
        {"free": brackets(500_000)},
        {"free": [0] * 500_000},
        {"level": "x" * 1_000_000},
        {"x" * 1_000_000: 1, "level": 1},
        {"level": {"a" * 1000: ["b" * 1000] * 1000}},
    ],
    ids=["brackets", "deep argument", "flat argument", "long text", "long name", "wide"],
)
def test_a_megabyte_is_refused_in_few_words(gate: Gate, name: str, payload: Any) -> None:
    with pytest.raises(InvalidCommandError) as refused:
        gate.admit(name, payload)
    assert len(refused.value.message) < 500
