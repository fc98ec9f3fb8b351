from __future__ import annotations

from typing import get_args

from reactor_actors.core.wire import outbound as told
from reactor_actors.core.wire import v0, v1

EVERY: list[told.Outbound] = [
    told.Message("moved", {"x": 1}),
    told.Reply("data_1", "move", "moved", {"x": 1}),
    told.Ack("data_1"),
    told.Failure("data_1", "move", "invalid_command", "x is missing"),
    told.Schema("ctrl_1", {"openapi": "3.1.0"}),
    told.Capabilities({"commands": []}),
    told.Clock(12.5, {"main_video": told.Mark(90_000, 12.25)}),
    told.ClipFailed("ctrl_1", "recorder disabled"),
    told.Published("ctrl_1", "webcam"),
    told.PublishRefused("ctrl_1", "webcam is taken"),
    told.SessionEnded("stopped"),
    told.RuntimeNotice("modelRestarted", {"attempt": 1}),
]


def test_every_outbound_value_is_known_to_both_encoders() -> None:
    assert {type(value) for value in EVERY} == set(get_args(told.Outbound))
    no_word_in_v1 = (told.Capabilities, told.Clock)
    silent_in_v0 = [value for value in EVERY if not v0.encode(value)]
    silent_in_v1 = [value for value in EVERY if not v1.encode(value)]
    assert silent_in_v0 == [told.Ack("data_1")]
    assert silent_in_v1 == [value for value in EVERY if isinstance(value, no_word_in_v1)]


def test_v0_leaves_as_text_and_v1_as_bytes() -> None:
    assert all(isinstance(f.payload, str) for value in EVERY for f in v0.encode(value))
    assert all(isinstance(f.payload, bytes) for value in EVERY for f in v1.encode(value))
