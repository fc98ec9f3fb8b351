from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reactor_actors.core.errors import SetupError
from reactor_actors.discovery import candidates, discover
from reactor_actors.loader import find_model, load_class

HEADER = "from reactor_actors import VideoModel, model\n"


def body(name: str, cls: str = "Face") -> str:
    return HEADER + f"@model(name={name!r})\nclass {cls}(VideoModel):\n    place = __file__\n"


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """Author code of one test is unknown to the next one."""
    path, modules = list(sys.path), dict(sys.modules)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - modules.keys():
        del sys.modules[name]
    sys.modules.update(modules)


def folder_of(folder: Path, **files: str) -> Path:
    """Write a model's folder and make it this process's home."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    sys.path.insert(0, str(folder))
    return folder


def test_candidates_are_top_level_modules_that_are_not_private(tmp_path: Path) -> None:
    folder_of(tmp_path, face="", _private="", __init__="", setup="")
    (tmp_path / "not-a-module.py").write_text("")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "inner.py").write_text("")
    assert candidates(tmp_path) == ["face", "setup"]


def test_the_one_decorated_class_is_found_wherever_it_is(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        found_a="raise RuntimeError('unwanted')",
        found_b="from found_c import Face as Other\nFace = Other\n",
        found_c=body("found-once"),
        found_d=HEADER + "class Plain(VideoModel): ...\n",
        found_e="from found_c import Face\nclass Heir(Face): ...\n",
    )
    assert discover(folder).__name__ == "Face"
    assert vars(discover(folder))["place"] == str(tmp_path / "found_c.py")


def test_none_at_all_is_told_with_what_to_write(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, empty_a=HEADER, empty_b="class Other: ...")
    with pytest.raises(SetupError) as caught:
        discover(folder)
    assert str(caught.value) == (
        f"{tmp_path}: no reactor.yaml, and no @model class in its files. Write the line "
        '"model: pipeline:MyModel" into a reactor.yaml to name a class of another kind'
    )


def test_none_at_all_lists_the_imports_that_failed(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        failing_a="\nimport torchx",
        failing_b="import sys\nsys.exit('no GPU')",
        failing_c="raise RuntimeError",
        failing_d=body("undone").replace("class", "clss"),
    )
    with pytest.raises(SetupError) as caught:
        discover(folder)
    told = str(caught.value)
    assert "\n" not in told
    assert told.startswith(f"{tmp_path}: failing_a.py failed to import (ModuleNotFoundError: No ")
    assert told.endswith("); no other file has a @model class")
    assert "reactor.yaml" not in told
    for part in (
        "failing_a.py failed to import (ModuleNotFoundError: No module named 'torchx')",
        "failing_b.py failed to import (SystemExit: no GPU)",
        "failing_c.py failed to import (RuntimeError)",
        "failing_d.py failed to import (SyntaxError: ",
    ):
        assert part in told
    assert f'File "{tmp_path}/failing_a.py", line 2' in caught.value.detail
    assert "importlib" not in caught.value.detail


def test_an_import_of_what_is_not_here_is_explained(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, lacking="from reactor_actors import Recorder")
    with pytest.raises(SetupError) as caught:
        discover(folder)
    told = str(caught.value)
    assert "cannot import name 'Recorder' from 'reactor_actors'" in told
    assert "; docs/migrating.md in the repository" in told


def test_several_are_listed_with_how_to_name_one(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, several_a=body("first-of-two"), several_b=body("second-of-two", "Back")
    )
    with pytest.raises(SetupError) as caught:
        discover(folder)
    assert str(caught.value) == (
        f"{tmp_path}: expected one @model class, came 2: several_a:Face, several_b:Back. "
        "Write a reactor.yaml that names one, such as `model: several_a:Face`, or serve it by "
        "that name"
    )


def test_imports_that_fail_beside_the_one_class_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = folder_of(tmp_path, shared_a=body("shared"), shared_b=body("shared"))
    assert discover(folder).__module__ == "shared_a"
    assert f"{tmp_path}: shared_b.py failed to import (ValueError: " in caplog.text
    assert "shared_a.Face has this name already" in caplog.text


def test_globals_that_mind_being_asked_are_not_asked(tmp_path: Path) -> None:
    sly = "class Sly:\n    @property\n    def __class__(self): raise OSError\nsly = Sly()\n"
    folder = folder_of(tmp_path, sly_model=sly + body("sly"))
    assert discover(folder).__name__ == "Face"


def test_a_folder_without_a_manifest_is_found_and_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "my-face"
    folder.mkdir()
    (folder / "face_model.py").write_text(body("face-of-a-folder"))
    source = find_model(folder, overrides=["--model.a=1"], environ={})
    assert (source.manifest.name, source.manifest.named, source.config) == (
        "my-face", False, {"a": 1},
    )  # fmt: skip
    assert load_class(source.manifest).__name__ == "Face"
    assert load_class(source.manifest) is load_class(source.manifest)


def test_a_manifest_comes_before_discovery(tmp_path: Path) -> None:
    folder_of(tmp_path, listed_a=body("listed-a"), listed_b=body("listed-b", "Back"))
    (tmp_path / "reactor.yaml").write_text("model: listed_b:Back")
    assert load_class(find_model(tmp_path, environ={}).manifest).__name__ == "Back"


def test_a_folder_without_a_manifest_and_without_modules_is_told_what_to_write(
    tmp_path: Path,
) -> None:
    (tmp_path / "_private.py").write_text(body("hidden"))
    with pytest.raises(SetupError, match=r"reactor\.yaml: not found; to make one, write the line"):
        find_model(tmp_path, environ={})
