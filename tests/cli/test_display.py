from __future__ import annotations

import io
import json
import logging

import pytest

from reactor_actors.actors.console import Line
from reactor_actors.actors.scale import Scale
from reactor_actors.cli.display import JsonDisplay, PlainDisplay, is_record
from reactor_actors.core.session import State
from reactor_actors.transports.status import ReplicaStatus, Status
from tests.cli.told import BRIGHTNESS

STATUS = Status("m", "http://127.0.0.1:1", "available", replicas=(ReplicaStatus("a", State.READY),))


def plain(scale: Scale | None = None) -> tuple[PlainDisplay, io.StringIO, io.StringIO]:
    out, errors = io.StringIO(), io.StringIO()
    return PlainDisplay("dream", scale or Scale(), out, errors), out, errors


def test_lines_are_as_they_were_written_and_go_where_they_went() -> None:
    display, out, errors = plain()
    display.line(Line("printed", "model", error=False))
    display.line(Line("Segmentation fault", "model", error=True))
    assert out.getvalue() == "printed\n"
    assert errors.getvalue() == "Segmentation fault\n"


def test_several_models_are_told_apart() -> None:
    display, out, _ = plain(Scale(replicas=2))
    display.line(Line("printed", "model 2", error=False))
    display.line(Line("moved", "runtime", error=False))
    assert out.getvalue() == "model 2 │ printed\nmoved\n"


def test_the_summary_is_written_once_without_control_codes() -> None:
    display, out, _ = plain()
    display.listening("http://127.0.0.1:1")
    display.loaded(BRIGHTNESS, STATUS, 1.0)
    display.stands(STATUS)
    display.draining(30)
    display.ending()
    display.ending()
    display.close()
    text = out.getvalue()
    assert text.splitlines()[:2] == ["loading dream (http://127.0.0.1:1)", "ready: brightness"]
    assert "  commands   set_brightness, reset" in text.splitlines()
    assert text.splitlines()[-2:] == [
        "draining: the session has 30 s to end by itself",
        "ending",
    ]
    assert text.replace("\n", "").isprintable()


def test_records_pass_and_what_was_printed_becomes_one() -> None:
    errors = io.StringIO()
    display = JsonDisplay("dream", Scale(), errors)
    record = '{"time": "t", "level": "INFO", "origin": "model", "message": "m"}'
    for text in (record, "printed", '{"a": 1}'):
        display.line(Line(text, "model 2", error=False))
    display.line(Line("Segmentation fault", "runtime", error=True))
    passed, *made = errors.getvalue().splitlines()
    assert passed == record
    told = [json.loads(line) for line in made]
    assert [t["message"] for t in told] == ["printed", '{"a": 1}', "Segmentation fault"]
    assert [t["origin"] for t in told] == ["model", "model", "runtime"]
    assert [t.get("replica") for t in told] == ["2", "2", None]
    assert told[-1]["logger"] == "runtime stderr"
    assert all(is_record(line) for line in made)


@pytest.mark.parametrize(("scale", "replica"), [(Scale(), "0"), (Scale(replicas=2), None)])
def test_what_the_model_of_the_only_replica_printed_is_that_replicas(
    scale: Scale, replica: str | None
) -> None:
    errors = io.StringIO()
    JsonDisplay("dream", scale, errors).line(Line("printed", "model", error=False))
    assert json.loads(errors.getvalue()).get("replica") == replica


def test_for_programs_the_summary_is_a_record_with_fields(
    caplog: pytest.LogCaptureFixture,
) -> None:
    display = JsonDisplay("dream", Scale(), io.StringIO())
    with caplog.at_level(logging.INFO):
        display.listening("http://127.0.0.1:1")
        display.loaded(BRIGHTNESS, STATUS, 1.0)
        display.draining(5)
        display.ending()
        display.ending()
    told = [(record.getMessage(), vars(record)) for record in caplog.records]
    assert [message for message, _ in told] == [
        *("loading dream", "ready: brightness", "draining", "ending"),
    ]
    assert told[0][1]["url"] == "http://127.0.0.1:1"
    assert told[1][1]["commands"] == "set_brightness, reset"
    assert told[1][1]["ready_in"] == "1.0 s"
    assert told[1][1]["url"] == told[0][1]["url"]
    assert "open" not in told[1][1]
    assert told[2][1]["seconds"] == 5


@pytest.mark.parametrize("text", ["", "{", "[1]", "{'a': 1}", '{"level": "INFO"}', "1"])
def test_what_only_looks_like_a_record_is_none(text: str) -> None:
    assert not is_record(text)
