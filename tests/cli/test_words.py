from __future__ import annotations

import pytest

from reactor_actors.cli.words import named_as_options, target_and_overrides
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
    with pytest.raises(SetupError, match="one model is expected, and 'a' and 'b' were named"):
        target_and_overrides(["a"], "b", KNOWN)


def test_a_field_that_settings_complain_about_is_named_as_its_option() -> None:
    with pytest.raises(SetupError) as refused, named_as_options(KNOWN):
        raise SetupError("tls_key: a key needs tls_cert")
    assert refused.value.message == "--tls-key: a key needs --tls-cert"


def test_what_is_no_option_is_told_as_it_came() -> None:
    with pytest.raises(SetupError) as refused, named_as_options(KNOWN):
        raise SetupError("somewhere: tls is hard")
    assert refused.value.message == "somewhere: tls is hard"
