from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reactor_actors.config import apply_overrides, load_config
from reactor_actors.core.errors import SetupError


def config_of(folder: Path, text: str | bytes, *overrides: str, **environ: str) -> dict[str, Any]:
    return load_config(written(folder / "config.yml", text), overrides, environ=environ)


def written(file: Path, text: str | bytes) -> Path:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "{}", "---\n", "null"])
def test_an_empty_config_is_an_empty_mapping(tmp_path: Path, text: str) -> None:
    assert config_of(tmp_path, text) == {}


def test_no_config_is_an_empty_mapping() -> None:
    assert load_config(None, environ={}) == {}


def test_a_config_is_a_plain_nested_mapping(tmp_path: Path) -> None:
    text = "size: {width: 640}\nrate: 1e-3\nsteps: [1, 2.5, yes]\nday: 2024-01-02\nnone:\n"
    assert config_of(tmp_path, text) == {
        "size": {"width": 640},
        "rate": 0.001,
        "steps": [1, 2.5, True],
        "day": "2024-01-02",
        "none": None,
    }


@pytest.mark.parametrize("number", ["1e3", "1E3", "-2.5e-4", "+1.e+2", ".5e1"])
def test_a_number_with_an_exponent_is_a_number(tmp_path: Path, number: str) -> None:
    assert config_of(tmp_path, f"x: {number}") == {"x": float(number)}


@pytest.mark.parametrize("text", ["e3", "1e", "1e3x", "1.2.3e4", "1e3 steps"])
def test_what_only_looks_like_a_number_is_text(tmp_path: Path, text: str) -> None:
    assert config_of(tmp_path, f"x: {text}") == {"x": text}


def test_a_missing_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        load_config(tmp_path / "config.yml", environ={})
    assert str(caught.value) == (
        f"the config {tmp_path}/config.yml cannot be read: No such file or directory"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b", ": the config: expected a mapping, came a list"),
        ("640", ": the config: expected a mapping, came 640"),
        ("a: 1\na: 2", ", line 2, column 1: bad YAML: key 'a' is there twice"),
        ("a: {b: 1, c: 2, b: 1}", ", line 1, column 17: bad YAML: key 'b' is there twice"),
        ("a: ]", ", line 1, column 4: bad YAML: "),
        ("a: {[b]: 1}", ", line 1, column 5: bad YAML: "),
    ],
)
def test_a_config_of_another_kind_is_a_mistake(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SetupError) as caught:
        config_of(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/config.yml{message}")


@pytest.mark.parametrize("prefix", ["env", "oc.env"])
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("${env:X}", 640),
        ("${env:UNSET,640}", 640),
        ("${env:X,480}", 640),
        ("${env:UNSET, 2.5}", 2.5),
        ("${env:UNSET,1e-3}", 0.001),
        ("${env:UNSET,true}", True),
        ("${env:UNSET,}", None),
        ("${env:EMPTY}", None),
        ("${env:UNSET,a,b}", "a,b"),
        ("${env:UNSET,#fff}", "#fff"),
        ("${env:UNSET,[1]}", "[1]"),
        ("${env:UNSET,a: b}", "a: b"),
        ("${env:UNSET,<<}", "<<"),
        ("${env:UNSET,=}", "="),
        ("${env:UNSET,0b_}", "0b_"),
        ("${env:LINES}", "a\n b"),
        ("at ${env:X}", "at 640"),
        ("${env:X}x${env:UNSET,480}", "640x480"),
        ("costs $5 {net}", "costs $5 {net}"),
    ],
)
def test_the_environment_is_filled_in(
    tmp_path: Path, prefix: str, expression: str, value: object
) -> None:
    text = f"a: '{expression.replace('env:', f'{prefix}:')}'"
    config = config_of(tmp_path, text, X="640", EMPTY="", LINES="a\n b")
    assert config == {"a": value}
    assert type(config["a"]) is type(value)


def test_the_environment_is_filled_in_at_every_level(tmp_path: Path) -> None:
    text = "a: {b: [1, {c: '${env:X}'}], '${env:X}': 1}"
    assert config_of(tmp_path, text, X="7") == {"a": {"b": [1, {"c": 7}], "${env:X}": 1}}


def test_what_comes_from_the_environment_is_not_read_again(tmp_path: Path) -> None:
    assert config_of(tmp_path, "a: '${env:X}'", X="${env:Y}") == {"a": "${env:Y}"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {b: '${env:X}'}", "key 'a.b': ${env:X}: X is not set, and has no default"),
        ("a: [1, 'x ${oc.env:X}']", "key 'a[1]': ${oc.env:X}: X is not set, and has no default"),
        ("a: '${b.c}'", "key 'a': unknown ${b.c}: expected ${env:VAR} or ${env:VAR,default}"),
        ("a: '${env:}'", "key 'a': unknown ${env:}: expected"),
        ("a: '${env:X-1}'", "key 'a': unknown ${env:X-1}: expected"),
        ("a: '${env:X'", "key 'a': unknown ${env:X: expected"),
        ("a: '${env:X,${env:Y}}'", "key 'a': unknown ${env:X,${env:Y}: expected"),
    ],
)
def test_an_expression_that_cannot_be_filled_in_is_named_with_its_key(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(SetupError) as caught:
        config_of(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path}/config.yml: {message}")


def test_an_alias_that_holds_itself_stays_one(tmp_path: Path) -> None:
    config = config_of(tmp_path, "a: &a {b: *a, c: '${env:X}'}", X="1")
    assert config["a"]["b"] is config["a"]
    assert config["a"]["c"] == 1


def test_nested_aliases_do_not_grow_to_their_full_size(tmp_path: Path) -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    config = config_of(tmp_path, "\n".join(["a0: &a0 '${env:X}'", *levels]), X="1")
    assert config["a1"] == [1] * 10
    assert config["a29"][0] is config["a28"]


@pytest.mark.parametrize(
    ("word", "config"),
    [
        ("--model.width=640", {"width": 640}),
        ("--model.a.b.c=x", {"a": {"b": {"c": "x"}}}),
        ("--model.sizes=[1, 2]", {"sizes": [1, 2]}),
        ("--model.size={w: 1}", {"size": {"w": 1}}),
        ("--model.rate=1e-3", {"rate": 0.001}),
        ("--model.use-fp16=true", {"use-fp16": True}),
        ("--model.text=a=b", {"text": "a=b"}),
        ("--model.text='640'", {"text": "640"}),
        ("--model.none=", {"none": None}),
        ("--model.lines=- a\n- b", {"lines": ["a", "b"]}),
    ],
)
def test_overrides_work_without_a_file(word: str, config: dict[str, Any]) -> None:
    assert load_config(None, [word], environ={}) == config


def test_overrides_come_after_the_file_and_the_last_one_wins(tmp_path: Path) -> None:
    text = "a: {b: 1, c: 2}\nd: {e: 3}"
    words = ("--model.a.b=5", "--model.d=6", "--model.a.x.y=7", "--model.a.b=8")
    assert config_of(tmp_path, text, *words) == {"a": {"b": 8, "c": 2, "x": {"y": 7}}, "d": 6}


def test_an_override_spares_the_environment_what_it_replaces(tmp_path: Path) -> None:
    assert config_of(tmp_path, "a: '${env:UNSET}'", "--model.a=1") == {"a": 1}


def test_an_override_changes_one_of_two_aliases(tmp_path: Path) -> None:
    config = config_of(tmp_path, "a: &x {n: 1}\nb: *x", "--model.b.n=2")
    assert config == {"a": {"n": 1}, "b": {"n": 2}}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--model.a.b=1", "--model.a.b=1: key 'a': expected a mapping, came 5"),
        ("--model.m.s.x.y=1", "--model.m.s.x.y=1: key 'm.s': expected a mapping, came 'text'"),
        ("--model.l.0=1", "--model.l.0=1: key 'l': expected a mapping, came a list"),
        ("--model.none.x=1", "--model.none.x=1: key 'none': expected a mapping, came nothing"),
        ("--model.a=[1", "--model.a=[1, line 1, column 3: bad YAML: "),
        ("--model.a={b: 1, b: 2}", "--model.a={b: 1, b: 2}, line 1, column 8: bad YAML: key 'b'"),
    ],
)
def test_an_override_that_does_not_fit_is_named_with_its_key(word: str, message: str) -> None:
    with pytest.raises(SetupError) as caught:
        apply_overrides({"a": 5, "m": {"s": "text"}, "l": [1], "none": None}, [word])
    assert str(caught.value).startswith(message)


def test_an_override_may_name_the_environment_and_is_told_when_it_is_not_set() -> None:
    assert load_config(None, ["--model.n=${env:X}"], environ={"X": "5"}) == {"n": 5}
    with pytest.raises(SetupError) as caught:
        load_config(None, ["--model.n=${env:X}"], environ={})
    assert str(caught.value) == "override: key 'n': ${env:X}: X is not set, and has no default"


@pytest.mark.parametrize(
    "word",
    ["--model.a", "--model.a 1", "--model=1", "--model.=1", "--model..a=1", "--model.a.=1",
     "-model.a=1", "--width=640", "model.a=1", "--model.a b=1", ""],
)  # fmt: skip
def test_an_override_of_another_form_is_shown_the_right_one(word: str) -> None:
    with pytest.raises(SetupError) as caught:
        apply_overrides({}, [word])
    assert str(caught.value) == f"unknown override {word!r}: expected --model.key=value"


KEYS = st.from_regex(r"[a-z_][a-z0-9_-]{0,8}", fullmatch=True)
PATHS = st.lists(KEYS, min_size=1, max_size=5)
TREES = st.recursive(
    st.integers() | st.booleans() | st.text(),
    lambda inner: st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(config=st.dictionaries(KEYS, TREES, max_size=4), path=PATHS, value=st.integers())
def test_an_override_changes_its_own_key_and_nothing_else(
    config: dict[str, Any], path: list[str], value: int
) -> None:
    assume(passes_through_mappings(config, path))
    before = copy.deepcopy(config)
    after: Any = apply_overrides(config, [f"--model.{'.'.join(path)}={value}"])
    assert config == before
    for key in path:
        assert without(after, key) == without(before, key)
        before, after = before.get(key, {}), after[key]
        before = before if isinstance(before, dict) else {}
    assert after == value


def passes_through_mappings(config: dict[str, Any], path: list[str]) -> bool:
    level: Any = config
    for key in path:
        if not isinstance(level, dict):
            return False
        level = level.get(key, {})
    return True


def without(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: item for name, item in mapping.items() if name != key}
