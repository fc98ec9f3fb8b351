from __future__ import annotations

import logging

import pytest

from reactor_actors.cli.settings import (
    bound_addresses,
    drain_seconds,
    log_level,
    named_as_options,
    target_and_overrides,
)
from reactor_actors.core.errors import SetupError

KNOWN = ["--path", "--port", "--replicas", "--tls-key", "--tls-cert"]


@pytest.mark.parametrize(
    ("words", "path", "target", "overrides"),
    [
        ([], None, ".", []),
        (["folder"], None, "folder", []),
        ([], "folder", "folder", []),
        (["folder"], "folder", "folder", []),
        (["--model.a=1", "folder", "--model.b=2"], None, "folder", ["--model.a=1", "--model.b=2"]),
        (["--model.a=1"], None, ".", ["--model.a=1"]),
    ],
)
def test_words_are_the_models_place_or_overrides_in_any_order(
    words: list[str], path: str | None, target: str, overrides: list[str]
) -> None:
    assert target_and_overrides(words, path, KNOWN) == (target, overrides)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--prot", "9000"], "'--prot'; did you mean --port?"),
        (["folder", "--replica=3"], "'--replica=3'; did you mean --replicas?"),
        (["--models.a=1"], "did you mean --model.key=value?"),
        (["--zzz"], "'--zzz'; --help lists"),
        (["one", "two"], "'one' and 'two'"),
    ],
)
def test_a_word_that_is_neither_is_named_with_what_was_probably_meant(
    words: list[str], named: str
) -> None:
    with pytest.raises(SetupError) as refused:
        target_and_overrides(words, None, KNOWN)
    assert named in refused.value.message


def test_a_path_beside_an_option_that_says_another_is_refused() -> None:
    with pytest.raises(SetupError, match="one model is served, and 'a' and 'b' were named"):
        target_and_overrides(["a"], "b", KNOWN)


def test_a_field_that_settings_complain_about_is_named_as_its_option() -> None:
    with pytest.raises(SetupError) as refused, named_as_options(KNOWN):
        raise SetupError("tls_key: a key needs tls_cert")
    assert refused.value.message == "--tls-key: a key needs --tls-cert"


def test_what_is_no_option_is_told_as_it_came() -> None:
    with pytest.raises(SetupError) as refused, named_as_options(KNOWN):
        raise SetupError("somewhere: tls is hard")
    assert refused.value.message == "somewhere: tls is hard"


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
