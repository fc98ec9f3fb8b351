"""Tracebacks and stacks as a model's author needs them: their own frames, and none of ours."""

from __future__ import annotations

import os
from pathlib import Path
from traceback import TracebackException, extract_stack
from types import FrameType

_PYTHON = Path(os.__file__).parent
_MACHINERY = (
    "<frozen ",
    f"{Path(__file__).parents[1]}{os.sep}",
    f"{_PYTHON / 'asyncio'}{os.sep}",
    f"{_PYTHON / 'importlib'}{os.sep}",
    str(_PYTHON / "runpy.py"),
)


def author_account(error: BaseException) -> TracebackException:
    """Return the account of an exception without the frames of this library and its machinery.

    What the exception was caused by, or raised while handling, is treated alike.
    """
    account = TracebackException.from_exception(error)
    _leave_machinery_out(account)
    return account


def author_traceback(error: BaseException) -> str:
    """Return that account as text; the whole traceback when no frame of the author's is in it."""
    account = author_account(error)
    if not _told_by_author(account):
        account = TracebackException.from_exception(error)
    return "".join(account.format())


def author_detail(error: BaseException) -> str:
    """Return that account as text; "" when no frame of the author's is in it."""
    account = author_account(error)
    return "".join(account.format()) if _told_by_author(account) else ""


def in_one_line(error: BaseException) -> str:
    """Return an exception's type and the first line of its text."""
    return f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")


def author_stack(frame: FrameType) -> str:
    """Return where a thread is as text, from the author's first frame on; "" if it has none.

    The author's is what belongs neither to this library nor to the standard library: a model may
    be an installed package.
    """
    stack = extract_stack(frame)
    while stack and _is_plumbing(stack[0].filename):
        del stack[0]
    stack[:] = [entry for entry in stack if not entry.filename.startswith(_MACHINERY)]
    return "".join(stack.format())


def _is_plumbing(filename: str) -> bool:
    standard = filename.startswith(f"{_PYTHON}{os.sep}")
    installed = f"{os.sep}site-packages{os.sep}" in filename
    return filename.startswith(_MACHINERY) or (standard and not installed)


def _told_by_author(account: TracebackException) -> bool:
    """Whether a frame is left, in the exception or in what led to it."""
    led = (account.__cause__, account.__context__, *(account.exceptions or ()))
    return bool(account.stack) or any(_told_by_author(a) for a in led if a is not None)


def _leave_machinery_out(account: TracebackException) -> None:
    account.stack[:] = [
        frame for frame in account.stack if not frame.filename.startswith(_MACHINERY)
    ]
    for inner in (account.__cause__, account.__context__, *(account.exceptions or ())):
        if inner is not None:
            _leave_machinery_out(inner)
