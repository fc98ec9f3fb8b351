from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reactor_actors.core.errors import SetupError
from reactor_actors.manifest import (
    ImportStringError,
    Manifest,
    apply_overrides,
    declare_weights_path,
    get_weights_path,
    load_config,
    name_of,
    read_manifest,
    split_import_string,
)

FLAT = """
model: pipeline:MyModel
name: my-model
version: 1.10
description: Waves on a lake.
config: config.yml
weights_path: weights
"""
NESTED = """
model: {name: my-model, version: 1.10, description: Waves on a lake.}
runtime: {import: pipeline:MyModel, config: config.yml, weights_path: weights}
"""
MIXED = """
model: pipeline:MyModel
name: my-model
version: 1.10
description: Waves on a lake.
runtime: {config: config.yml, weights_path: weights}
"""
BOTH_PLACES = """
model: pipeline:MyModel
name: my-model
version: 1.10
description: Waves on a lake.
runtime: {import: pipeline:MyModel, config: config.yml, weights_path: weights}
"""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    declare_weights_path(None)
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.delenv("REACTOR_WEIGHTS_PATH", raising=False)


def manifest_in(folder: Path, text: str | bytes) -> Manifest:
    return read_manifest(written(folder / "reactor.yaml", text).parent)


def config_of(folder: Path, text: str | bytes, *overrides: str, **environ: str) -> dict[str, Any]:
    return load_config(written(folder / "config.yml", text), overrides, environ=environ)


def written(file: Path, text: str | bytes) -> Path:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize("text", [FLAT, NESTED, MIXED, BOTH_PLACES])
def test_every_shape_gives_the_same_manifest(tmp_path: Path, text: str) -> None:
    assert manifest_in(tmp_path, text) == Manifest(
        folder=tmp_path,
        import_string="pipeline:MyModel",
        name="my-model",
        version="1.10",
        description="Waves on a lake.",
        config_path=tmp_path / "config.yml",
        weights_path=tmp_path / "weights",
        file=tmp_path / "reactor.yaml",
        named=True,
    )


def test_a_folder_and_the_file_in_it_name_the_same_manifest(tmp_path: Path) -> None:
    assert read_manifest(written(tmp_path / "reactor.yaml", FLAT)) == read_manifest(tmp_path)


def test_a_manifest_may_have_another_name(tmp_path: Path) -> None:
    assert read_manifest(written(tmp_path / "fast.yaml", FLAT)).folder == tmp_path


def test_a_linked_manifest_belongs_to_the_folder_it_is_linked_into(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "reactor.yaml"
    link.symlink_to(written(tmp_path / "elsewhere" / "reactor.yaml", FLAT))
    assert read_manifest(link).folder == tmp_path


def test_a_manifest_crosses_processes(tmp_path: Path) -> None:
    manifest = manifest_in(tmp_path, FLAT)
    assert pickle.loads(pickle.dumps(manifest)) == manifest


@pytest.mark.parametrize(
    ("class_name", "name"),
    [("MyModel", "my_model"), ("HTTPModel", "http_model"), ("Lake", "lake"), ("a_B", "a_b")],
)
def test_a_model_without_a_name_is_called_after_its_class(
    tmp_path: Path, class_name: str, name: str
) -> None:
    assert name_of(f"pipeline:{class_name}") == name
    assert manifest_in(tmp_path, f"model: pipeline:{class_name}").name == name


@pytest.mark.parametrize(
    "text",
    [
        "model: pipeline:MyModel\nruntime:\nconfig:\nname:\nweights_path: ''",
        "\ufeffmodel: pipeline:MyModel",
        "# a lake\n---\nmodel: pipeline:MyModel\n",
        "model: pipeline:MyModel\nlicense: {spdx: [MIT]}\nimport: other:Class\nrecording: true",
        "model: pipeline:MyModel\nmoderation: {enabled: false}\nrecording: {enabled: no}",
        "runtime: {import: pipeline:MyModel, machines: 2}",
        "model: {tags: [a]}\nruntime: {import: pipeline:MyModel}\nconfig: {of: another tool}",
    ],
)
def test_keys_without_a_value_and_keys_of_other_tools_change_nothing(
    tmp_path: Path, text: str
) -> None:
    assert manifest_in(tmp_path, text) == Manifest(
        folder=tmp_path,
        import_string="pipeline:MyModel",
        name="my_model",
        file=tmp_path / "reactor.yaml",
    )


def test_a_number_in_the_place_of_text_is_the_text_that_was_written(tmp_path: Path) -> None:
    manifest = manifest_in(tmp_path, "model: pipeline:MyModel\nname: 007\nversion: 2024-01-02")
    assert (manifest.name, manifest.version) == ("007", "2024-01-02")


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    text = "x: &x {config: a.yml, import: p:M}\nruntime:\n  <<: *x\n  config: b.yml\n"
    manifest = manifest_in(tmp_path, text)
    assert (manifest.import_string, manifest.config_path) == ("p:M", tmp_path / "b.yml")


@pytest.mark.parametrize("key", ["config", "weights_path"])
def test_paths_may_be_absolute_or_start_at_home(tmp_path: Path, key: str) -> None:
    field = {"config": "config_path", "weights_path": "weights_path"}[key]
    for text, path in [("/data/x", "/data/x"), ("~/x", "/home/anna/x"), ("x", f"{tmp_path}/x")]:
        manifest = manifest_in(tmp_path, f"model: p:M\n{key}: {text}")
        assert getattr(manifest, field) == Path(path)


def test_recording_is_noted_as_not_available(tmp_path: Path) -> None:
    (note,) = manifest_in(tmp_path, "model: p:M\nrecording: {enabled: true}").notes
    assert note == (
        f"{tmp_path}/reactor.yaml: key 'recording.enabled' is ignored: recording is not available"
    )


FORM = "'module:Class', such as 'pipeline:MyModel'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": expected a mapping such as \"model: pipeline:MyModel\" (class MyModel in the file "
             "pipeline.py beside it), came nothing"),
        ("- model", "came a list"),
        ("just words", "came 'just words'"),
        ("name: x", f": key 'model': expected {FORM}, came nothing"),
        ("model:", f": key 'model': expected {FORM}, came nothing"),
        ("model: [a, b]", f": key 'model': expected {FORM}, came a list"),
        ("model: true", f": key 'model': expected {FORM}, came True"),
        ("model: 5", f": key 'model': expected {FORM}, came '5'"),
        ("model: {name: x}", f": key 'runtime.import': expected {FORM}, came nothing"),
        ("model: {name: x}\nruntime:", f": key 'runtime.import': expected {FORM}, came nothing"),
        ("runtime: {config: c}", f": key 'runtime.import': expected {FORM}, came nothing"),
        ("runtime: {import: {a: b}}", f": key 'runtime.import': expected {FORM}, came a mapping"),
        ("runtime: {import: p}", f": key 'runtime.import': expected {FORM}, came 'p'"),
        ("model: p:M\nruntime: fast", ": key 'runtime': expected a mapping, came 'fast'"),
        ("model: p:M\nruntime: {import: q:M}",
         ": keys 'model' and 'runtime.import' name two classes, 'p:M' and 'q:M': expected one"),
        ("model: p:M\nname: [x]", ": key 'name': expected text, came a list"),
        ("model: p:M\nname: yes", ": key 'name': expected text, came True"),
        ("model: p:M\nconfig: {a: 1}", ": key 'config': expected text, came a mapping"),
        ("runtime: {import: p:M, weights_path: [w]}",
         ": key 'runtime.weights_path': expected text, came a list"),
        ("model: {name: {}}\nruntime: {import: p:M}", ": key 'model.name': expected text"),
        ("model: p:M\nmoderation: {enabled: true}",
         ": key 'moderation.enabled': moderation is not available"),
        ("model: p:M\nmoderation: {enabled: 'true'}", ": key 'moderation.enabled': "),
        ("model: p:M\nname: [x", ", line 2, column 9: bad YAML: "),
        ("model: p: M", ", line 1, column 9: bad YAML: mapping values are not allowed here"),
        ("model: p:M\nmodel: p:N", ", line 2, column 1: bad YAML: key 'model' is there twice"),
        ("model: p:M\n\tname: a", ", line 2, column 1: bad YAML: "),
        ("model: p:M\n--- \nmodel: p:M", ", line 2, column 1: bad YAML: "),
        ("model: !!python/name:os.system", ", line 1, column 8: bad YAML: "),
        ("model: p:M\nx: !!int many", ": bad YAML: invalid literal"),
        ("model: p:M\nx: \x07", ": bad YAML: unacceptable character"),
        ("x: " + "[" * 5000, ": bad YAML: maximum recursion depth exceeded"),
        ("model: p:M\nname: café".encode("latin-1"), ", line 2: expected UTF-8 text"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_names_file_key_and_expectation(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(SetupError) as caught:
        manifest_in(tmp_path, text)
    told = str(caught.value)
    assert told.startswith(f"{tmp_path}/reactor.yaml")
    assert message in told
    assert "\n" not in told


def test_a_folder_without_manifest_is_told_which_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        read_manifest(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/reactor.yaml: not found; to make one, write the line "
        '"model: pipeline:MyModel" (class MyModel in the file pipeline.py beside it)'
    )


def test_a_manifest_that_is_a_folder_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "reactor.yaml").mkdir()
    with pytest.raises(SetupError, match=r"reactor.yaml cannot be read: Is a directory"):
        read_manifest(tmp_path)


def test_a_python_file_is_no_manifest(tmp_path: Path) -> None:
    file = written(tmp_path / "pipeline.py", "class MyModel: ...")
    with pytest.raises(SetupError, match="expected a folder or a manifest, came a Python file"):
        read_manifest(file)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("pipeline:MyModel", ("pipeline", "MyModel")), ("a.b_2:M3", ("a.b_2", "M3"))],
)
def test_an_import_string_is_a_module_and_a_class(text: str, parts: tuple[str, str]) -> None:
    assert split_import_string(text) == parts


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("pipeline.py:MyModel", "; did you mean 'pipeline:MyModel'?"),
        ("./src/pipeline.py:MyModel", "; did you mean 'src.pipeline:MyModel'?"),
        ("pipeline/MyModel", "; did you mean 'pipeline:MyModel'?"),
        ("pipeline.MyModel", "; did you mean 'pipeline:MyModel'?"),
        ("src/pipeline:MyModel", "; did you mean 'src.pipeline:MyModel'?"),
        ("pipeline.py", ""),
        ("MyModel", ""),
        ("pipeline:", ""),
        (":MyModel", ""),
        ("a:b:c", ""),
        ("3d:Model", ""),
        ("pipeline: MyModel", ""),
        ("", ""),
    ],
)
def test_another_form_is_a_value_error_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match="expected 'module:Class'") as caught:
        split_import_string(text, "here")
    assert isinstance(caught.value, ImportStringError)
    assert str(caught.value) == f"here: expected {FORM}, came {text!r}{hint}"


def test_an_import_string_error_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(ImportStringError("wrong", "detail")))
    assert (type(error), str(error), error.detail) == (ImportStringError, "wrong", "detail")


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


def test_weights_are_in_the_registry_unless_told_otherwise() -> None:
    assert get_weights_path() == Path("/home/anna/.cache/reactor_registry")


def test_weights_are_where_the_manifest_says() -> None:
    declare_weights_path(Path("/model/weights"))
    assert get_weights_path() == Path("/model/weights")


def test_the_environment_has_the_last_word_on_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    declare_weights_path(Path("/model/weights"))
    monkeypatch.setenv("REACTOR_WEIGHTS_PATH", "~/w")
    assert get_weights_path() == Path("/home/anna/w")


@pytest.mark.parametrize(
    ("written", "expected"),
    [("", "auto"), ("gpus: auto", "auto"), ("gpus: 0", 0.0), ("gpus: 0.5", 0.5), ("gpus: 2", 2.0)],
)
@pytest.mark.parametrize("nested", [False, True])
def test_gpus_are_one_where_there_is_any_or_so_many(
    tmp_path: Path, written: str, expected: object, nested: bool
) -> None:
    inner = f"import: pipeline:MyModel\n  {written}"
    text = f"runtime:\n  {inner}" if nested else f"model: pipeline:MyModel\n{written}"
    (tmp_path / "reactor.yaml").write_text(text)
    assert read_manifest(tmp_path).gpus == expected


@pytest.mark.parametrize("written", ["many", "-1", "1.5", "[0]", "{A100: 1}", "nan", "inf"])
def test_gpus_that_cannot_be_given_out_are_a_mistake(tmp_path: Path, written: str) -> None:
    (tmp_path / "reactor.yaml").write_text(f"model: pipeline:MyModel\ngpus: {written}")
    with pytest.raises(SetupError, match=r"key 'gpus': expected 'auto', or a number of GPUs"):
        read_manifest(tmp_path)
