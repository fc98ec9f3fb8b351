from __future__ import annotations

import threading
from typing import Any

import pytest

from reactor_actors.actors.console import Line, Overheard, lines_of, shown


def batch(*lines: str, pid: str = "123", actor: str = "ModelActor", **more: Any) -> dict[str, Any]:
    """What Ray hands over: the lines one process has written."""
    told = {"ip": "127.0.0.1", "pid": pid, "job": "01", "is_err": False, "task_name": ""}
    return {**told, "actor_name": actor, "lines": list(lines), **more}


@pytest.mark.parametrize(
    ("actor", "source", "from_model"),
    [
        ("ModelActor", "model", True),
        ("model 2", "model 2", True),
        ("TransportActor", "runtime", False),
        ("", "runtime", False),
    ],
)
def test_a_line_knows_which_process_wrote_it(actor: str, source: str, from_model: bool) -> None:
    [line] = lines_of(batch("hello", actor=actor))
    assert line == Line("hello", source, error=False)
    assert line.from_model is from_model


def test_the_stream_of_a_line_is_kept() -> None:
    [line] = lines_of(batch("Segmentation fault", is_err=True))
    assert line.error


def test_what_ray_itself_complains_of_is_told_as_rays() -> None:
    [line] = lines_of(batch("out of memory", pid="raylet", actor=""))
    assert line == Line("out of memory", "ray", error=False)
    assert not line.from_model


def test_a_death_is_left_to_whoever_notices_it() -> None:
    assert lines_of(batch("A worker died or was killed while", pid="raylet", actor="")) == []


def test_of_the_autoscaler_only_events_are_told() -> None:
    told = batch("Node status", ":event_summary:no room for 1 GPU", pid="autoscaler", actor="")
    assert [line.text for line in lines_of(told)] == ["no room for 1 GPU"]


def test_a_batch_without_lines_or_fields_is_nothing() -> None:
    assert lines_of({"pid": "", "lines": [], "actor_name": ""}) == []
    assert lines_of({}) == []


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("plain", "plain"),
        ("", ""),
        (" 10%\r 50%\r100%", "100%"),
        ("100%\r", "100%"),
        ("  indented", "  indented"),
    ],
)
def test_a_bar_that_wrote_over_itself_is_shown_as_it_ended(written: str, seen: str) -> None:
    assert shown(written) == seen


def test_silence_is_waited_for_until_the_last_line() -> None:
    lines: list[Line] = []
    heard = Overheard(lines.append)
    late = threading.Timer(0.05, heard, [batch("the last words")])
    late.start()
    heard.wait_for_silence()
    assert [line.text for line in lines] == ["the last words"]
    late.join()
