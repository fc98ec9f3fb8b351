"""What a viewer says and hears on its data channels: the protobuf framing, from a client's side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reactor_actors.core.wire.envelopes import (
    NOTIFICATION,
    REQUEST,
    ClientControl,
    ClientData,
    ServerControl,
    ServerData,
    parse,
)
from reactor_actors.core.wire.structs import fill


def command(request: str, name: str, args: Mapping[str, Any]) -> bytes:
    """Run a command, and have it answered."""
    said = ClientData(request_id=request, kind=REQUEST)
    said.command.type = name
    fill(said.command.data, args)
    return bytes(said.SerializeToString())


def schema(request: str) -> bytes:
    """Ask for the schema."""
    said = ClientControl(request_id=request, kind=REQUEST)
    said.request_schema.SetInParent()
    return bytes(said.SerializeToString())


def resume(track: str) -> bytes:
    """Have an output track sent."""
    said = ClientControl(kind=NOTIFICATION)
    said.resume_track.name = track
    return bytes(said.SerializeToString())


def answer_in(payload: bytes, *, control: bool) -> tuple[str, str | None] | None:
    """Return the id of the request that a frame answers, and the error if it is one."""
    heard = parse(ServerControl if control else ServerData, payload)
    if not heard.request_id:
        return None
    failed = heard.WhichOneof("payload") == "error"
    return heard.request_id, f"{heard.error.code}: {heard.error.message}" if failed else None


def end_in(payload: bytes) -> str | None:
    """Return why the session has ended, if that is what a frame on `control` says."""
    heard = parse(ServerControl, payload)
    ended = heard.WhichOneof("payload") == "session_ended"
    return str(heard.session_ended.reason) if ended else None
