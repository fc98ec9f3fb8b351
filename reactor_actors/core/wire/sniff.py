"""Tell the two framings apart by the first frame, for no header does.

Version 0 is JSON and comes as text; some clients may send it as binary. Version 1 is protobuf and
always binary. Which frame is the first one, and what follows from it, is the codec's business.
"""

from __future__ import annotations

from enum import Enum

_JSON_SPACE = b" \t\r\n"
_REQUEST_ID_TAG = b"\n"
_KIND_TAG = b"\x10"


class Version(Enum):
    """A framing."""

    V0 = 0
    V1 = 1


def sniff(payload: str | bytes) -> Version:
    """Return the framing a first frame was written in. Every frame has one, readable or not."""
    if isinstance(payload, str):
        return Version.V0
    if payload.lstrip(_JSON_SPACE)[:1] not in (b"{", b"["):
        return Version.V1
    # A newline is both JSON space and the tag of request_id, and an id of 123 characters has "{"
    # for its length. JSON holds no other control byte; an envelope has one in front of its kind.
    if payload.startswith(_REQUEST_ID_TAG) and _KIND_TAG in payload:
        return Version.V1
    return Version.V0
