from __future__ import annotations

import pytest

from reactor_actors.core.wire.frames import Channel


@pytest.mark.parametrize(
    ("label", "channel"),
    [
        ("data", Channel.DATA),
        ("control", Channel.CONTROL),
        ("chat", Channel.DATA),
        ("Control", Channel.DATA),
        ("", Channel.DATA),
    ],
)
def test_any_label_but_control_counts_as_data(label: str, channel: Channel) -> None:
    assert Channel.labelled(label) is channel
