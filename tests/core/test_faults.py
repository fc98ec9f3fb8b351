from __future__ import annotations

import asyncio
from typing import Any

from reactor_actors.core.faults import author_account, author_traceback
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
