"""Tracebacks as their author needs them: their own frames, and none of ours."""

from __future__ import annotations

import traceback
from pathlib import Path

_OURS = str(Path(__file__).resolve().parents[1])
_MACHINERY = ("<frozen importlib", "<frozen runpy", "asyncio/")


def author_traceback(error: BaseException) -> str:
    """Format an exception, chained ones included, leaving out this library and its machinery.

    When nothing would be left, because the fault is ours, everything is kept.
    """
    told = traceback.TracebackException.from_exception(error, capture_locals=False)
    kept = _without_ours(told)
    return "".join(told.format()) if kept else "".join(traceback.format_exception(error))


def author_frame(error: BaseException) -> str:
    """Return "file:line in function" of the innermost frame that is the author's, or ""."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not _is_ours(frame.filename):
            return f"{frame.filename}:{frame.lineno} in {frame.name}"
    return ""


def _without_ours(told: traceback.TracebackException) -> int:
    frames = [frame for frame in told.stack if not _is_ours(frame.filename)]
    told.stack = traceback.StackSummary.from_list(frames)
    kept = len(frames)
    for linked in (told.__cause__, told.__context__):
        if linked is not None:
            kept += _without_ours(linked)
    for inner in told.exceptions or ():
        kept += _without_ours(inner)
    return kept


def _is_ours(filename: str) -> bool:
    return filename.startswith((_OURS, "<frozen ")) or any(m in filename for m in _MACHINERY)
