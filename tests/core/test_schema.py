from __future__ import annotations

import enum
import json
from typing import Any, Literal

import pytest
from openapi_spec_validator import validate

from reactor_actors.core.arguments import Arguments, argument
from reactor_actors.core.contract import Command, Contract, MessageType
from reactor_actors.core.fields import REQUIRED, InputField, UploadedFile
from reactor_actors.core.media import Direction, Kind, Track
from reactor_actors.core.schema import capabilities, openapi


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


def command(name: str, reply: str | None = None, **declared: tuple[Any, Any]) -> Command:
    items = (argument(key, *declared[key], where=name) for key in declared)
    return Command(name, f"About {name}", Arguments(tuple(items)).schema, reply)


TRACKS = (
    Track("camera", Kind.VIDEO, Direction.IN),
    Track("main", Kind.VIDEO, Direction.OUT),
    Track("voice", Kind.AUDIO, Direction.OUT, 48_000),
)
CONTRACT = Contract(
    "painter",
    "Paints.",
    "1.2.0",
    TRACKS,
    (
        command("x_y"),
        command("set_3d", level=(int, InputField(3, ge=0, le=9, description="How deep"))),
        command("setPrompt2", "progress", prompt=(str, REQUIRED)),
        command("use", picture=(UploadedFile, InputField(description="What", moderate=True))),
        command("use_many", pictures=(list[UploadedFile], REQUIRED), also=(UploadedFile, None)),
    ),
    (MessageType("progress", "How far", {"type": "object", "properties": {"step": {}}}),),
)


def test_the_document_is_valid_openapi_and_plain_json() -> None:
    document = openapi(CONTRACT)
    validate(document)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_a_model_that_declares_nothing_has_a_valid_document_too() -> None:
    document = openapi(Contract("idle"))
    validate(document)
    assert document["info"] == {"title": "idle", "version": "v0.0.0", "description": ""}


def test_names_are_published_letter_for_letter() -> None:
    document = openapi(CONTRACT)
    assert list(document["paths"])[:3] == ["/events/x_y", "/events/set_3d", "/events/setPrompt2"]
    assert [c["name"] for c in capabilities(CONTRACT)["commands"]] == [
        "x_y", "set_3d", "setPrompt2", "use", "use_many",
    ]  # fmt: skip


def test_tracks_keep_their_order_and_are_the_models_in_the_document() -> None:
    assert openapi(CONTRACT)["x-reactor"]["tracks"] == [
        {"name": "camera", "kind": "video", "direction": "in"},
        {"name": "main", "kind": "video", "direction": "out"},
        {"name": "voice", "kind": "audio", "direction": "out"},
    ]


def test_tracks_are_the_clients_in_the_capabilities() -> None:
    assert [t["direction"] for t in capabilities(CONTRACT)["tracks"]] == [
        "sendonly", "recvonly", "recvonly",
    ]  # fmt: skip


def test_a_default_makes_an_argument_optional_and_is_published() -> None:
    body = openapi(CONTRACT)["paths"]["/events/set_3d"]["post"]["requestBody"]
    level = body["content"]["application/json"]["schema"]["properties"]["level"]
    assert body["required"] is False
    assert level == {
        "type": "integer", "minimum": 0, "maximum": 9, "default": 3, "description": "How deep",
    }  # fmt: skip


def test_a_reply_is_the_answer_with_status_200() -> None:
    responses = openapi(CONTRACT)["paths"]["/events/setPrompt2"]["post"]["responses"]
    schema = responses["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/progress"}
    assert list(openapi(CONTRACT)["paths"]["/events/x_y"]["post"]["responses"]) == ["202"]


def test_messages_are_webhooks() -> None:
    hook = openapi(CONTRACT)["webhooks"]["progress"]["post"]
    assert (hook["operationId"], hook["summary"]) == ("progress", "How far")


def test_every_upload_points_at_one_shared_reference() -> None:
    document = openapi(CONTRACT)
    pointer = {"$ref": "#/components/schemas/ReactorUploadReference"}

    def properties(name: str) -> Any:
        body = document["paths"][f"/events/{name}"]["post"]["requestBody"]
        return body["content"]["application/json"]["schema"]["properties"]

    extra = {"description": "What", "x-reactor-moderate": True}
    assert properties("use")["picture"] == {**pointer, **extra}
    assert properties("use_many")["pictures"]["items"] == pointer
    assert pointer in properties("use_many")["also"]["anyOf"]
    shared = document["components"]["schemas"]["ReactorUploadReference"]
    assert shared["required"] == ["upload_id", "name", "mime_type", "size"]
    assert "description" not in shared


def test_without_uploads_there_is_no_reference() -> None:
    document = openapi(Contract("m", commands=(command("x"),)))
    assert document["components"] == {}


@pytest.mark.parametrize(("version", "told"), [("1.2", "v1.2"), ("v1.2", "v1.2")])
def test_the_version_carries_one_v(version: str, told: str) -> None:
    assert openapi(Contract("m", version=version))["info"]["version"] == told


@pytest.mark.parametrize(
    ("annotation", "default", "entry"),
    [
        (int, 3, {"type": "integer", "required": False}),
        (float, REQUIRED, {"type": "number", "required": True}),
        (Mode, Mode.FAST, {"type": "string", "enum": ["fast", "slow"], "required": False}),
        (Literal[1, 2.5], REQUIRED, {"type": "number", "enum": [1, 2.5], "required": True}),
        (Literal[True, False], True, {"type": "boolean", "enum": [True, False], "required": False}),
        (int | None, None, {"type": "integer", "required": False}),
        (Mode | None, None, {"type": "string", "enum": ["fast", "slow"], "required": False}),
        (str, InputField(None, choices=("a",)), {"type": "string", "enum": ["a"]}),
        (list[int], (1,), {"type": "array", "required": False}),
        (Any, REQUIRED, {"type": "object", "required": True}),
        (int, InputField(1, ge=0, le=5), {"type": "integer", "minimum": 0, "maximum": 5}),
    ],
    ids=str,
)
def test_the_capabilities_are_a_flat_form(annotation: Any, default: Any, entry: Any) -> None:
    contract = Contract("m", commands=(command("go", value=(annotation, default)),))
    (told,) = capabilities(contract)["commands"]
    assert told["schema"]["value"] == {"required": False, **entry}


def test_only_a_rate_set_by_hand_is_told() -> None:
    assert capabilities(Contract("m", fps=24.0))["emission_fps"] is None
    assert capabilities(Contract("m", fps=24.0, pinned=True))["emission_fps"] == 24.0
