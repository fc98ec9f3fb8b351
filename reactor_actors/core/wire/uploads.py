"""References to uploaded files, as clients put them into commands."""

from __future__ import annotations

from dataclasses import dataclass

from reactor_actors.core.wire.strict import brief, record


@dataclass(frozen=True, slots=True)
class UploadRef:
    """A client's claim about a file it has uploaded. Only `upload_id` may be trusted to find it."""

    upload_id: str
    name: str
    mime_type: str
    size: int


def upload_ref(value: object, label: str = "the upload") -> UploadRef:
    """Return the reference that a JSON object stands for, wherever in a command it was found.

    Other keys are ignored, and an integral float will do for the size.

    Raises:
        ValueError: one of the four keys is missing or wrong; the text begins with `label`.
    """
    match record(value) if isinstance(value, dict) else {}:
        case {
            "upload_id": str(upload_id),
            "name": str(name),
            "mime_type": str(mime_type),
            "size": int(size) | float(size),
        } if upload_id and not isinstance(size, bool) and 0 <= size < 2**63 and size == int(size):
            return UploadRef(upload_id, name, mime_type, int(size))
    raise ValueError(f"{brief(label)} needs an upload_id, a name, a mime_type and a size")
