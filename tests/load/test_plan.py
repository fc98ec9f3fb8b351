from __future__ import annotations

import pytest

from reactor_actors.load.plan import (
    Answer,
    Call,
    Connected,
    FirstPicture,
    Plan,
    Quality,
    Report,
    Sample,
    Trouble,
    read,
    written,
)

PLAN = Plan(
    url="http://127.0.0.1:8080",
    viewers=5,
    ramp=10.0,
    token="secret",
    calls=(Call("set_level", {"level": 0.5}), Call("reset")),
    start=100.0,
    end=130.0,
)


def test_a_plan_survives_the_way_to_another_process() -> None:
    line = PLAN.to_json()
    assert "\n" not in line
    assert Plan.from_json(line) == PLAN


def test_a_token_is_not_shown() -> None:
    assert "secret" not in repr(PLAN)


def test_viewers_are_dealt_out_in_turn_and_set_out_one_by_one() -> None:
    hands = PLAN.dealt(2)
    assert [hand.numbers for hand in hands] == [(0, 2, 4), (1, 3)]
    assert [PLAN.sets_out(number) for number in range(5)] == [100, 102, 104, 106, 108]
    assert len(PLAN.dealt(9)) == 5


@pytest.mark.parametrize(
    "report",
    [
        Connected(1, 0.5, 0.25, "local"),
        FirstPicture(1, 0.5),
        Sample(1, 9.0, 1.0, 30, 4000, 0.05),
        Answer(1, 9.0, 0.01),
        Answer(1, 9.0, 0.01, "no"),
        Quality(1, 100, 1, 0.01),
        Trouble(1, 9.0, "cut off"),
    ],
)
def test_a_report_survives_the_way_back(report: Report) -> None:
    assert read(written(report)) == report


@pytest.mark.parametrize("line", ["", "hello", "[]", "{}", '{"kind": "Answer"}', '{"kind": "X"}'])
def test_anything_else_is_no_report(line: str) -> None:
    with pytest.raises(ValueError, match="no report"):
        read(line)
