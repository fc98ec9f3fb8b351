from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reactor_actors.actors.scale import LinkKind
from reactor_actors.cli.values import one_of, rate, seconds, whole
from reactor_actors.core.errors import SetupError


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (whole("--port", 0, 65535), "0", 0),
        (whole("--port", 0, 65535), "65535", 65535),
        (whole("--port", 0, 65535), 8080, 8080),
        (whole("--replicas", 1), "1000", 1000),
        (seconds("--orphan-timeout"), "0", 0.0),
        (seconds("--orphan-timeout"), "2.5", 2.5),
        (seconds("--ping-timeout", negative=True), "-1", -1.0),
        (rate("--fps"), "23.976", 23.976),
        (one_of("--link", LinkKind), "Ring", LinkKind.RING),
        (one_of("--link", LinkKind), LinkKind.REFS, LinkKind.REFS),
    ],
)
def test_what_an_option_takes_is_read(read: Callable[[Any], Any], text: Any, value: Any) -> None:
    assert read(text) == value
    assert type(read(text)) is type(value)


@pytest.mark.parametrize(
    ("read", "text", "wanted"),
    [
        (whole("--port", 0, 65535), "65536", "a whole number from 0 to 65535"),
        (whole("--port", 0, 65535), "-1", "a whole number from 0 to 65535"),
        (whole("--port", 0, 65535), "80.5", "a whole number from 0 to 65535"),
        (whole("--port", 0, 65535), "http", "a whole number from 0 to 65535"),
        (whole("--replicas", 1), "0", "a whole number from 1 on"),
        (seconds("--orphan-timeout"), "nan", "seconds from 0 on"),
        (seconds("--orphan-timeout"), "inf", "seconds from 0 on"),
        (seconds("--orphan-timeout"), "1e999", "seconds from 0 on"),
        (seconds("--orphan-timeout"), "-0.5", "seconds from 0 on"),
        (seconds("--orphan-timeout"), "soon", "seconds from 0 on"),
        (seconds("--ping-timeout", negative=True), "-inf", "seconds"),
        (rate("--fps"), "0", "a number a second above 0"),
        (rate("--fps"), "-1", "a number a second above 0"),
        (rate("--fps"), "nan", "a number a second above 0"),
        (rate("--fps"), "inf", "a number a second above 0"),
        (one_of("--link", LinkKind), "rope", "auto or ring or refs"),
    ],
)
def test_what_it_does_not_take_is_refused_with_what_it_wants_and_what_came(
    read: Callable[[Any], Any], text: str, wanted: str
) -> None:
    with pytest.raises(SetupError) as refused:
        read(text)
    assert refused.value.message.startswith("--")
    assert f"expects {wanted}" in refused.value.message
    assert repr(text) in refused.value.message
