from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reactor_actors.core.contract import Command, Contract
from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.core.schema import capabilities, descriptor
from reactor_actors.core.session import RUNNING

TRACKS = (
    Track("webcam", Kind.VIDEO, Direction.IN),
    Track("microphone", Kind.AUDIO, Direction.IN, 48_000),
    Track("main_video", Kind.VIDEO, Direction.OUT),
    Track("voice", Kind.AUDIO, Direction.OUT, 48_000),
)
SET_LEVEL = {
    "type": "object",
    "properties": {"level": {"type": "integer", "minimum": 0, "maximum": 9, "default": 3}},
}
FULL = Contract(
    "paint",
    version="1.2.0",
    tracks=TRACKS,
    commands=(Command("reset", "", {"type": "object", "properties": {}}),
              Command("set_level", "Set level.", SET_LEVEL)),
)  # fmt: skip
CONTRACTS = [FULL, Contract("idle"), Contract("nameless", version="")]


def described(contract: Contract, state: str = "WAITING") -> dict[str, Any]:
    return descriptor(contract, "local", state, server_version="0.1.0")


def nulls(value: Any, path: str = "") -> Iterator[str]:
    if value is None:
        yield path
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield from nulls(inner, f"{path}.{key}")
    for inner in value if isinstance(value, list) else ():
        yield from nulls(inner, f"{path}[]")


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.name)
@pytest.mark.parametrize("state", RUNNING)
def test_every_field_that_clients_rely_on_is_there(contract: Contract, state: str) -> None:
    found = json.loads(json.dumps(described(contract, state)))

    assert (found["session_id"], found["state"]) == ("local", state)
    assert found["state"] not in ("CLOSED", "INACTIVE")
    assert isinstance(found["cluster"], str)
    assert found["model"]["name"] == contract.name
    assert isinstance(found["model"].get("version", ""), str)
    assert found["server_info"] == {"server_version": "0.1.0"}
    assert found["selected_transport"] == {"protocol": "webrtc", "version": "1.0"}
    assert isinstance(found["capabilities"]["protocol_version"], str)
    assert found["capabilities"] == capabilities(contract)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.name)
def test_nothing_is_null_but_the_rate_that_is_not_pinned(contract: Contract) -> None:
    assert list(nulls(described(contract))) == [".capabilities.emission_fps"]


def test_a_model_without_a_version_has_none() -> None:
    assert described(CONTRACTS[2])["model"] == {"name": "nameless"}


def test_a_pinned_rate_is_told() -> None:
    found = described(Contract("pinned", fps=24.0, pinned=True))

    assert found["capabilities"]["emission_fps"] == 24.0


def test_directions_are_the_clients_and_inputs_come_first() -> None:
    assert described(FULL)["capabilities"]["tracks"] == [
        {"name": "webcam", "kind": "video", "direction": "sendonly"},
        {"name": "microphone", "kind": "audio", "direction": "sendonly"},
        {"name": "main_video", "kind": "video", "direction": "recvonly"},
        {"name": "voice", "kind": "audio", "direction": "recvonly"},
    ]


def test_commands_are_a_list_with_text_and_a_flat_schema() -> None:
    assert described(CONTRACTS[1])["capabilities"]["commands"] == []
    reset, set_level = described(FULL)["capabilities"]["commands"]

    assert reset == {"name": "reset", "description": "", "schema": {}}
    assert set_level["schema"]["level"] == {
        "type": "integer", "minimum": 0, "maximum": 9, "required": False,
    }  # fmt: skip
