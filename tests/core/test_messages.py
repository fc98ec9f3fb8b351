from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_actors.core.fields import UploadedFile
from reactor_actors.core.messages import (
    Answered,
    ClientJoined,
    ClientLeft,
    CommandRequested,
    FileReceived,
    Grant,
    Said,
    SessionClosed,
    SessionOver,
    SessionStarted,
    SessionStopped,
)

FILE = UploadedFile("a", "b", 1, b"c")


@pytest.mark.parametrize(
    "message",
    [
        SessionStarted("s"),
        SessionStopped("s"),
        ClientJoined("anna", 1.5),
        ClientLeft("anna"),
        CommandRequested(1, "anna", "go", {"x": [1, None]}, {"u": FILE}),
        FileReceived("anna", FILE),
        Said("progress", {"step": 1}),
        Answered(1, code="busy", message="later"),
        SessionClosed("s"),
        SessionOver("s", "error"),
        Grant(3, 1.0, 0.5, 0.25),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_crosses_the_link_is_frozen_and_survives_pickling(message: Any) -> None:
    assert pickle.loads(pickle.dumps(message)) == message
    with pytest.raises(AttributeError):
        setattr(message, dataclasses.fields(message)[0].name, "another")


def test_a_message_is_for_everybody_unless_told_otherwise() -> None:
    assert Said("progress", {}).client is None


def test_a_grant_tells_when_a_tick_is_wanted() -> None:
    grant = Grant(done=10, due=100.0, interval=0.5, lead=2.0)
    assert [grant.at(tick) for tick in (10, 11, 14)] == [98.0, 98.5, 100.0]


@given(tick=st.integers(0, 10**9), lead=st.floats(0, 10))
def test_before_the_first_picture_every_tick_is_wanted_at_once(tick: int, lead: float) -> None:
    assert Grant(0, float("-inf"), 1 / 30, lead).at(tick) == float("-inf")
