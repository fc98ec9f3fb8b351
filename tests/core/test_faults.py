from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reactor_actors.core.faults import author_account, author_stack, author_traceback
from reactor_actors.core.media import Direction, Kind, Track, assemble

TRACKS = {"main": Track("main", Kind.VIDEO, Direction.OUT)}


def raised(call: Any) -> BaseException:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def emit_nonsense() -> None:
    assemble(TRACKS, {"main": "no picture"})


def chain() -> None:
    try:
        emit_nonsense()
    except TypeError as error:
        raise RuntimeError("the turn failed") from error


def test_only_the_authors_frames_are_told() -> None:
    told = author_traceback(raised(emit_nonsense))
    assert "in emit_nonsense" in told
    assert "in assemble" not in told
    assert "TypeError: video track 'main'" in told


def test_causes_are_told_alike() -> None:
    told = author_traceback(raised(chain))
    assert "in emit_nonsense" in told
    assert "in chain" in told
    assert "direct cause" in told
    assert "in assemble" not in told


def test_groups_are_told_alike() -> None:
    def group() -> None:
        raise ExceptionGroup("two failures", [raised(emit_nonsense), ValueError("b")])

    told = author_traceback(raised(group))
    assert "in emit_nonsense" in told
    assert "in assemble" not in told


def test_the_event_loop_is_left_out() -> None:
    async def turn() -> None:
        raise ValueError("in a turn")

    told = author_traceback(raised(lambda: asyncio.run(turn())))
    assert "in turn" in told
    assert "run_until_complete" not in told


def test_a_fault_of_ours_is_told_in_full() -> None:
    error = raised(emit_nonsense)
    while error.__traceback__ is not None and error.__traceback__.tb_next is not None:
        error = error.with_traceback(error.__traceback__.tb_next)
    assert author_account(error).stack == []
    assert "in assemble" not in "".join(author_account(error).format())
    assert "in _checked_pictures" in author_traceback(error)


def author_code(name: str, path: str) -> Any:
    """A function whose code claims to live in a file of that path."""
    namespace: dict[str, Any] = {}
    exec(compile(f"def {name}(): raise ValueError('here')", path, "exec"), namespace)
    return namespace[name]


def test_a_folder_whose_name_resembles_ours_is_the_authors() -> None:
    ours = author_account.__code__.co_filename.rsplit("/core/", 1)[0]
    for path in (f"{ours}_demo/model.py", "/home/me/asyncio/model.py"):
        assert "in turn" in author_traceback(raised(author_code("turn", path)))


WAITS = """
def waits(inside, free):
    inside.set()
    free.wait(5.0)
"""


def parked(author: Callable[[threading.Event, threading.Event], None]) -> str:
    """Return the stack of a thread while the author's function waits in it."""
    inside, free = threading.Event(), threading.Event()
    thread = threading.Thread(target=author, args=(inside, free))
    thread.start()
    assert inside.wait(5.0)
    assert thread.ident is not None
    stack = author_stack(sys._current_frames()[thread.ident])
    free.set()
    thread.join()
    return stack


def author_waits(inside: threading.Event, free: threading.Event) -> None:
    inside.set()
    free.wait(5.0)


def waiting_in(path: str) -> Any:
    """A function that waits, in a file of that path."""
    namespace: dict[str, Any] = {}
    exec(compile(WAITS, path, "exec"), namespace)
    return namespace["waits"]


def test_a_stack_begins_with_the_authors_first_frame() -> None:
    told = parked(author_waits).splitlines()
    assert told[0].startswith(f'  File "{__file__}", line')
    assert told[0].endswith("in author_waits")
    assert told[1].strip() in ("inside.set()", "free.wait(5.0)")


def test_a_stack_leaves_out_what_runs_the_authors_code() -> None:
    def runs_a_loop(inside: threading.Event, free: threading.Event) -> None:
        async def turn() -> None:
            author_waits(inside, free)

        asyncio.run(turn())

    told = parked(runs_a_loop)
    places = [told.index(f"in {name}\n") for name in ("runs_a_loop", "turn", "author_waits")]
    assert places == sorted(places)
    assert "run_until_complete" not in told
    assert "_bootstrap" not in told


OURS = str(Path(author_stack.__code__.co_filename).parents[1])
STANDARD = str(Path(os.__file__).parent)


@pytest.mark.parametrize(
    ("path", "authors"),
    [
        (f"{OURS}/engine/host.py", False),
        (f"{STANDARD}/asyncio/events.py", False),
        (f"{STANDARD}/queue.py", False),
        (f"{STANDARD}/site-packages/their_model/model.py", True),
        (f"{OURS}_demo/model.py", True),
        ("<string>", True),
    ],
)
def test_a_stack_without_a_frame_of_the_authors_is_nothing(path: str, authors: bool) -> None:
    assert ("in waits" in parked(waiting_in(path))) == authors
    assert bool(parked(waiting_in(path))) == authors
