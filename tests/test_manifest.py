from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from reactor_actors.core.errors import SetupError
from reactor_actors.manifest import (
    ImportStringError,
    Manifest,
    declare_weights_path,
    get_weights_path,
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
