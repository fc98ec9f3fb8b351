"""A contract as others read it: an OpenAPI document, and the capabilities of the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactor_actors.core.contract import Command, Contract, MessageType
from reactor_actors.core.fields import UPLOAD_FORMAT
from reactor_actors.core.media import Direction

_REFERENCE = "ReactorUploadReference"


def openapi(contract: Contract) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a model. Track directions are the model's."""
    components = {m.name: _shared(m.schema) for m in contract.messages}
    paths = {f"/events/{c.name}": {"post": _operation(c)} for c in contract.commands}
    if reference := _reference_schema([c.schema for c in contract.commands]):
        components[_REFERENCE] = reference
    webhooks = {m.name: {"post": _webhook(m)} for m in contract.messages}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": contract.name,
            "version": f"v{contract.version.removeprefix('v')}",
            "description": contract.description,
        },
        "x-reactor": {
            "tracks": [
                {"name": t.name, "kind": t.kind.value, "direction": t.direction.value}
                for t in contract.tracks
            ]
        },
    }
    if paths:
        document["paths"] = paths
    if webhooks:
        document["webhooks"] = webhooks
    # OpenAPI wants at least one of paths, webhooks and components.
    document["components"] = {"schemas": components} if components else {}
    return document


def capabilities(contract: Contract) -> dict[str, Any]:
    """Return what the descriptor says of a model. Track directions are the client's."""
    towards = {Direction.IN: "sendonly", Direction.OUT: "recvonly"}
    return {
        "protocol_version": "1.0",
        "tracks": [
            {"name": t.name, "kind": t.kind.value, "direction": towards[t.direction]}
            for t in contract.tracks
        ],
        "commands": [
            {"name": c.name, "description": c.summary, "schema": _flat(c.schema)}
            for c in contract.commands
        ],
        "emission_fps": contract.fps if contract.pinned else None,
    }


def descriptor(
    contract: Contract, session: str, state: str, *, server_version: str
) -> dict[str, Any]:
    """Return what a client is told of the session it may connect to."""
    model = {"name": contract.name}
    if contract.version:
        model["version"] = contract.version  # clients refuse a null here, and do without the key
    return {
        "session_id": session,
        "state": state,
        "cluster": "local",
        "model": model,
        "server_info": {"server_version": server_version},
        "selected_transport": {"protocol": "webrtc", "version": "1.0"},
        "capabilities": capabilities(contract),
    }


def _operation(command: Command) -> dict[str, Any]:
    responses: dict[str, Any] = {"202": {"description": "Command accepted"}}
    if command.reply is not None:
        content = {"application/json": {"schema": _pointer(command.reply)}}
        responses = {"200": {"description": "The reply", "content": content}}
    return {
        "operationId": command.name,
        "summary": command.summary,
        "requestBody": {
            "required": bool(command.schema.get("required")),
            "content": {"application/json": {"schema": _shared(command.schema)}},
        },
        "responses": responses,
    }


def _webhook(message: MessageType) -> dict[str, Any]:
    return {
        "operationId": message.name,
        "summary": message.summary,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _pointer(message.name)}},
        },
        "responses": {"200": {"description": "Message received"}},
    }


def _pointer(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _shared(schema: Any) -> Any:
    """Replace every inlined upload reference by a pointer to the shared one."""
    if isinstance(schema, Mapping):
        if schema.get("format") == UPLOAD_FORMAT:
            extra = {k: schema[k] for k in ("description", "x-reactor-moderate") if k in schema}
            return {**_pointer(_REFERENCE), **extra}
        return {key: _shared(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_shared(value) for value in schema]
    return schema


def _reference_schema(schema: Any) -> dict[str, Any] | None:
    """Return the first upload reference inside a schema, without what its field added."""
    if isinstance(schema, Mapping):
        if schema.get("format") == UPLOAD_FORMAT:
            own = ("type", "format", "properties", "required", "additionalProperties")
            return {key: schema[key] for key in own}
        schema = list(schema.values())
    if isinstance(schema, list):
        return next((found for inner in schema if (found := _reference_schema(inner))), None)
    return None


def _flat(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flat map that form-drawing clients read: one entry per parameter."""
    required = schema.get("required", ())
    flat = {}
    for name, full in schema["properties"].items():
        options = [o for o in full.get("anyOf", ()) if o.get("type") != "null"]
        inner = {**options[0], **full} if options else full
        entry = {key: inner[key] for key in ("description", "minimum", "maximum") if key in inner}
        if "enum" in inner:
            entry["enum"] = [option for option in inner["enum"] if option is not None]
        kind = inner.get("type") or _type_of(entry.get("enum", ()))
        flat[name] = {"type": kind, **entry, "required": name in required}
    return flat


def _type_of(options: Any) -> str:
    if options and all(isinstance(option, bool) for option in options):
        return "boolean"
    if options and all(isinstance(option, int | float) for option in options):
        return "number"
    return "string" if options else "object"
