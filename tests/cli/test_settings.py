from __future__ import annotations

import logging

import pytest

from reactor_actors.cli.settings import (
    bound_addresses,
    drain_seconds,
    log_level,
)
from reactor_actors.core.errors import SetupError


@pytest.mark.parametrize(
    ("environ", "verbose", "level"),
    [
        ({}, False, logging.INFO),
        ({"REACTOR_LOG_LEVEL": ""}, False, logging.INFO),
        ({"REACTOR_LOG_LEVEL": "warning"}, False, logging.WARNING),
        ({"REACTOR_LOG_LEVEL": "ERROR"}, True, logging.DEBUG),
    ],
)
def test_what_to_log_comes_from_the_environment_and_a_flag_beats_it(
    environ: dict[str, str], verbose: bool, level: int
) -> None:
    assert log_level(environ, verbose=verbose) == level


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REACTOR_LOG_LEVEL", "silly"),
        ("REACTOR_LOG_LEVEL", "NOTSET"),
        ("SIGTERM_GRACE_PERIOD", "nan"),
        ("SIGTERM_GRACE_PERIOD", "-1"),
    ],
)
def test_a_variable_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    environ = {name: value}
    with pytest.raises(SetupError) as refused:
        _ = (log_level(environ, verbose=False), drain_seconds(environ))
    assert refused.value.message.startswith(name)
    assert repr(value) in refused.value.message


def test_a_session_has_thirty_seconds_after_sigterm_unless_told_otherwise() -> None:
    assert drain_seconds({}) == 30.0
    assert drain_seconds({"SIGTERM_GRACE_PERIOD": "0"}) == 0.0
    assert drain_seconds({"SIGTERM_GRACE_PERIOD": "2.5"}) == 2.5


@pytest.mark.parametrize(
    ("host", "public", "bound"),
    [
        ("localhost", None, ("127.0.0.1",)),
        ("127.0.0.1", None, ("127.0.0.1",)),
        ("127.0.0.1", "203.0.113.7", ("127.0.0.1",)),
        ("0.0.0.0", "127.0.0.1", ("127.0.0.1",)),
        ("0.0.0.0", None, ()),
        ("example.org", None, ()),
    ],
)
def test_media_of_a_server_for_this_machine_stays_on_it(
    host: str, public: str | None, bound: tuple[str, ...]
) -> None:
    assert bound_addresses(host, public) == bound
