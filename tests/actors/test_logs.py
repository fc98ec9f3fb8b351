from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reactor_actors.actors.logs import LogFormat, LogSettings, configure
from reactor_actors.core.current import current_replica, current_session, working_at, working_for
from reactor_actors.loader import ModelSource
from reactor_actors.manifest import Manifest

FOLDER = Path("/models/dream")
SOURCE = ModelSource(Manifest(folder=FOLDER, import_string="pipeline:Dream", name="dream"), {})


class Log:
    """What a process writes to standard error."""

    def __init__(self, streams: pytest.CaptureFixture[str]) -> None:
        self._streams = streams

    def lines(self) -> list[str]:
        return self._streams.readouterr().err.splitlines()

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines()]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    root, ray = logging.getLogger(), logging.getLogger("ray")
    before, level, rays = root.handlers[:], root.level, ray.level
    yield Log(capsys)
    root.handlers[:] = before
    root.setLevel(level)
    ray.setLevel(rays)


def say(path: str, name: str = "dream", level: int = logging.INFO, **extra: object) -> None:
    """Log as the code in a file would."""
    logger = logging.getLogger(name)
    if logger.isEnabledFor(level):
        record = logger.makeRecord(name, level, path, 1, "hello %s", ("you",), None, extra=extra)
        logger.handle(record)


@pytest.mark.parametrize(
    ("path", "name", "origin"),
    [
        ("/models/dream/pipeline.py", "anything", "model"),
        ("/models/dream/deep/er/unet.py", "anything", "model"),
        ("/models/dreamier/pipeline.py", "anything", "runtime"),
        ("/elsewhere/pipeline/parts.py", "pipeline.parts", "model"),
        (logging.__file__, "anything", "runtime"),
        (sys.modules[configure.__module__].__file__, "reactor_actors.x", "runtime"),
    ],
)
def test_a_record_says_whether_it_comes_from_the_models_folder(
    log: Log, path: str, name: str, origin: str
) -> None:
    configure(LogSettings(format=LogFormat.JSON), SOURCE)
    say(path, name, logging.WARNING)
    [record] = log.records()
    assert record["origin"] == origin


def test_what_lies_installed_in_the_models_folder_is_no_code_of_the_models(log: Log) -> None:
    configure(LogSettings(format=LogFormat.JSON), SOURCE)
    say("/models/dream/.venv/lib/python3.11/site-packages/torch/hub.py", level=logging.WARNING)
    assert log.records()[0]["origin"] == "runtime"


def test_the_runtime_in_the_models_folder_is_still_the_runtime(log: Log) -> None:
    here = Path(__file__).parents[2]
    source = ModelSource(Manifest(folder=here, import_string="a:B", name="a"), {})
    configure(LogSettings(format=LogFormat.JSON), source)
    say(str(here / "reactor_actors" / "engine" / "host.py"))
    say(str(here / "a.py"))
    assert [record["origin"] for record in log.records()] == ["runtime", "model"]


@pytest.mark.parametrize(
    "path",
    ["/usr/lib/python3/dist-packages/apt.py", "/x/site-packages/torch/hub.py", logging.__file__],
)
def test_libraries_are_heard_from_warning_on(log: Log, path: str) -> None:
    configure(LogSettings(level=logging.DEBUG), SOURCE)
    say(path, level=logging.DEBUG)
    say(path, level=logging.INFO)
    assert log.lines() == []
    say(path, level=logging.WARNING)
    assert len(log.lines()) == 1


def test_packets_are_not_even_turned_into_records(log: Log) -> None:
    configure(LogSettings(level=logging.DEBUG))
    assert not logging.getLogger("aiortc.rtcrtpsender").isEnabledFor(logging.INFO)
    assert logging.getLogger("reactor_actors.peer").isEnabledFor(logging.DEBUG)


def test_the_level_holds_for_the_model_too(log: Log) -> None:
    configure(LogSettings(level=logging.WARNING), SOURCE)
    say("/models/dream/pipeline.py", level=logging.INFO)
    assert log.lines() == []


def test_a_record_carries_the_session_it_is_about(log: Log) -> None:
    configure(LogSettings(format=LogFormat.JSON), SOURCE)
    say("/models/dream/pipeline.py")
    with working_for("abc"):
        say("/models/dream/pipeline.py")
        say("/models/dream/pipeline.py", session="its own")
    say("/models/dream/pipeline.py")
    told = [record.get("session", "none") for record in log.records()]
    assert told == ["none", "abc", "its own", "none"]


def test_in_a_models_process_it_is_the_session_of_the_model(log: Log) -> None:
    running: list[str | None] = [None]
    configure(LogSettings(format=LogFormat.JSON), SOURCE, lambda: running[0])
    say("/models/dream/pipeline.py")
    running[0] = "abc"
    say("/models/dream/pipeline.py")
    assert [record.get("session") for record in log.records()] == [None, "abc"]


def test_a_record_carries_the_replica_it_is_about_and_the_session_that_runs_there(
    log: Log,
) -> None:
    running: list[str | None] = [None]
    configure(LogSettings(format=LogFormat.JSON), SOURCE)
    with working_at("1", lambda: running[0]):
        say("/models/dream/pipeline.py")
        running[0] = "abc"
        say("/models/dream/pipeline.py")
        with working_for("def"):
            say("/models/dream/pipeline.py")
        with working_for("ghi", "2"):
            say("/models/dream/pipeline.py")
        say("/models/dream/pipeline.py", replica="its own")
    say("/models/dream/pipeline.py")
    told = [(record.get("replica"), record.get("session")) for record in log.records()]
    assert told == [
        ("1", None), ("1", "abc"), ("1", "def"), ("2", "ghi"), ("its own", "abc"), (None, None),
    ]  # fmt: skip


def test_a_models_process_knows_its_replica(log: Log) -> None:
    configure(LogSettings(format=LogFormat.JSON), SOURCE, lambda: "abc", lambda: "3")
    say("/models/dream/pipeline.py")
    [record] = log.records()
    assert (record["replica"], record["session"]) == ("3", "abc")


@pytest.mark.parametrize(
    ("several", "replica", "session", "told"),
    [
        (False, "0", "abc", " [session abc]"),
        (False, "0", None, ""),
        (True, "1", "abc", " [replica 1 session abc]"),
        (True, "1", None, " [replica 1]"),
        (True, None, "abc", " [session abc]"),
        (True, None, None, ""),
    ],
)
def test_lines_for_people_name_the_replica_where_there_are_several(
    log: Log, several: bool, replica: str | None, session: str | None, told: str
) -> None:
    configure(LogSettings(several=several), SOURCE, lambda: session, lambda: replica)
    say("/models/dream/pipeline.py")
    [line] = log.lines()
    assert line[24:] == f"INFO    model   dream: hello you{told}"


def test_work_for_a_session_within_work_for_another_ends_with_it() -> None:
    with working_for("a"):
        with working_for("b"):
            assert current_session() == "b"
        assert current_session() == "a"
        with working_at("1", lambda: "c"), working_for("d"):
            assert (current_replica(), current_session()) == ("1", "d")
        assert (current_replica(), current_session()) == (None, "a")
    assert current_session() is None


def test_a_line_has_time_level_origin_name_and_text_and_the_session_before_a_traceback(
    log: Log,
) -> None:
    configure(LogSettings(), SOURCE)
    with working_for("abc"):
        try:
            raise ValueError("wrong")
        except ValueError:
            logging.getLogger("reactor_actors.x").exception("it failed")
    first, *rest = log.lines()
    assert first[10] == " "
    assert first[24:] == "ERROR   runtime reactor_actors.x: it failed [session abc]"
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1] == "ValueError: wrong"


def test_json_is_one_object_per_line_and_keeps_what_was_given_as_extra(log: Log) -> None:
    configure(LogSettings(format=LogFormat.JSON), SOURCE)
    say("/models/dream/pipeline.py", step=3, loss=np.float32(0.5), shape=(2, 3), text="two\nlines")
    [record] = log.records()
    assert record.pop("time").endswith("Z")
    assert record == {
        "level": "INFO",
        "origin": "model",
        "logger": "dream",
        "message": "hello you",
        "step": 3,
        "loss": 0.5,
        "shape": [2, 3],
        "text": "two\nlines",
    }


def test_what_ray_notes_on_every_record_is_no_extra(log: Log) -> None:
    configure(LogSettings(format=LogFormat.JSON), SOURCE)
    say("/models/dream/pipeline.py", _ray_job_id="01")
    assert "_ray_job_id" not in log.records()[0]


def test_an_extra_never_takes_the_place_of_what_a_record_says(log: Log) -> None:
    configure(LogSettings(format=LogFormat.JSON), SOURCE)
    say("/models/dream/pipeline.py", time="noon", logger="mine", origin="moon")
    [record] = log.records()
    assert record["time"] != "noon"
    assert record["level"] == "INFO"
    assert record["logger"] == "dream"
    assert record["origin"] == "model"


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), {1: {2}}, object(), {("a",): 1}])
def test_what_json_has_no_word_for_is_told_and_loses_nothing_else(log: Log, odd: object) -> None:
    configure(LogSettings(format=LogFormat.JSON), SOURCE)
    say("/models/dream/pipeline.py", odd=odd, step=3)
    [record] = log.records()
    assert record["message"] == "hello you"
    assert record["odd"] is not None
    assert record["step"] == 3


def test_a_circle_in_an_extra_is_told_too(log: Log) -> None:
    configure(LogSettings(format=LogFormat.JSON), SOURCE)
    circle: list[object] = []
    circle.append(circle)
    say("/models/dream/pipeline.py", circle=circle)
    assert log.records()[0]["circle"] == "[[...]]"


def test_an_exception_is_a_field(log: Log) -> None:
    configure(LogSettings(format=LogFormat.JSON), SOURCE)
    try:
        raise ValueError("wrong")
    except ValueError:
        logging.getLogger("reactor_actors.x").exception("it failed")
    assert log.records()[0]["exception"].splitlines()[-1] == "ValueError: wrong"


def test_rays_own_warnings_are_not_for_whoever_serves_a_model(log: Log) -> None:
    configure(LogSettings())
    assert not logging.getLogger("ray._private.worker").isEnabledFor(logging.WARNING)
    assert logging.getLogger("ray._private.worker").isEnabledFor(logging.ERROR)
