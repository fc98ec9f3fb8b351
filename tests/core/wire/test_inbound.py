from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from reactor_actors.core.wire.inbound import Command, Inbound, Pause


def test_nothing_a_client_said_can_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        Pause("main_video").name = "other"  # type: ignore[misc]


def test_every_inbound_value_is_compared_by_its_content() -> None:
    assert Command("1", "set", {"x": 1.0}) == Command("1", "set", {"x": 1})
    assert all("__slots__" in vars(kind) for kind in get_args(Inbound))
