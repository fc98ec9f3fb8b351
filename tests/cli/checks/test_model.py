from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reactor_actors.cli.checks.finding import Finding, Mark
from reactor_actors.cli.checks.model import ModelChecks, declared
from reactor_actors.core.contract import Contract
from reactor_actors.scaffold import write

SILENT = """
from reactor_actors.interface import ReactorModel

class MyModel(ReactorModel):
    def load(self, config):
        print("loading")
        raise RuntimeError("no weights")
"""


def checks(folder: Path, *overrides: str, **environ: str) -> ModelChecks:
    return ModelChecks(str(folder), None, overrides, environ)


def looked(*steps: Callable[[], object]) -> list[Finding]:
    return [finding for step in steps for finding in step()]  # type: ignore[attr-defined]


def test_a_model_that_is_well_is_told_without_loading_it(tmp_path: Path) -> None:
    model = checks(write(tmp_path / "dream"), "--model.width=320")
    found = looked(model.written, model.imported, model.weights)
    assert {one.mark for one in found} == {Mark.GOOD}
    told = {one.subject: one.found for one in found}
    assert told["manifest"] == f"{tmp_path}/dream/reactor.yaml: pipeline:MyModel"
    assert told["config"] == "width, height, chunk_size"
    assert told["contract"] == "tracks: main_video (video out); commands: set_brightness"
    assert model.source is not None
    assert model.source.config["width"] == 320
    assert model.contract is not None
    assert model.contract.name == "dream"


def test_without_a_model_nothing_is_imported(tmp_path: Path) -> None:
    model = checks(tmp_path)
    [found] = looked(model.written, model.imported, model.weights, model.loaded)
    assert found.mark is Mark.BAD
    assert "reactor.yaml: not found" in found.found


def test_a_bad_config_does_not_keep_the_import_from_being_tried(tmp_path: Path) -> None:
    folder = write(tmp_path / "dream")
    (folder / "config.yml").write_text("width: ${env:WIDTH}")
    model = checks(folder)
    found = looked(model.written, model.imported)
    assert [(one.subject, one.mark) for one in found if one.mark is not Mark.GOOD] == [
        ("config", Mark.BAD)
    ]
    assert "WIDTH is not set" in found[1].found
    assert found[-1].subject == "contract"


CLASSIC = """
from reactor_actors import VideoModel, model

@model(name="painter", config="painter.yml")
class Painter(VideoModel):
    def start_session(self):
        pass
"""


def test_the_config_that_only_the_class_names_is_told(tmp_path: Path) -> None:
    (tmp_path / "painter.py").write_text(CLASSIC)
    (tmp_path / "painter.yml").write_text("width: 320")
    model = checks(tmp_path, "--model.height=200")
    found = looked(model.written, model.imported)
    assert [one.subject for one in found] == ["manifest", "import", "config", "contract"]
    assert found[2] == Finding("config", "width, height")


def test_a_config_that_only_the_class_names_and_is_not_there_is_bad(tmp_path: Path) -> None:
    (tmp_path / "painter.py").write_text(CLASSIC)
    model = checks(tmp_path)
    (config,) = [one for one in looked(model.written, model.imported) if one.subject == "config"]
    assert config.mark is Mark.BAD
    assert f"{tmp_path}/painter.yml cannot be read" in config.found


def test_a_model_without_a_config_has_none(tmp_path: Path) -> None:
    (tmp_path / "painter.py").write_text(CLASSIC.replace(', config="painter.yml"', ""))
    model = checks(tmp_path)
    assert Finding("config", "none") in looked(model.written, model.imported)


@pytest.mark.parametrize(
    ("text", "told", "detail"),
    [
        ("import torchx", "No module named 'torchx'; install it", "import torchx"),
        ("import os\nprint('here', flush=True)\nos.abort()", "its process by SIGABRT", "here"),
        (SILENT + "    buffer_size = 0", "MyModel cannot be declared: ValueError", ""),
    ],
)
def test_an_import_that_fails_is_told_with_the_authors_own_words(
    tmp_path: Path, text: str, told: str, detail: str
) -> None:
    folder = write(tmp_path / "dream")
    (folder / "pipeline.py").write_text(text)
    model = checks(folder)
    looked(model.written)
    [found] = looked(model.imported, model.loaded)
    assert (found.subject, found.mark) == ("import", Mark.BAD)
    assert told in found.found
    assert detail in found.detail


def test_loading_is_tried_when_it_is_asked_for(tmp_path: Path) -> None:
    folder = write(tmp_path / "dream")
    model = checks(folder)
    looked(model.written, model.imported)
    [found] = looked(model.loaded)
    assert found.mark is Mark.GOOD
    assert found.found.startswith("loaded in ")
    (folder / "pipeline.py").write_text(SILENT)
    model = checks(folder)
    *_, contract, failed = looked(model.written, model.imported, model.loaded)
    assert (contract.mark, failed.mark) == (Mark.WARNING, Mark.BAD)
    assert failed.found == "the model failed to load: RuntimeError: no weights"
    assert 'raise RuntimeError("no weights")' in failed.detail


def test_weights_that_are_not_there_are_a_warning(tmp_path: Path) -> None:
    folder = write(tmp_path / "dream")
    manifest = folder / "reactor.yaml"
    manifest.write_text(f"{manifest.read_text()}weights_path: weights\n")
    model = checks(folder)
    looked(model.written)
    [missing] = looked(model.weights)
    assert (missing.mark, "REACTOR_WEIGHTS_PATH" in missing.remedy) == (Mark.WARNING, True)
    (folder / "weights").mkdir()
    assert [one.mark for one in looked(model.weights)] == [Mark.GOOD]
    elsewhere = checks(folder, REACTOR_WEIGHTS_PATH=str(tmp_path / "nowhere"))
    looked(elsewhere.written)
    assert [one.mark for one in looked(elsewhere.weights)] == [Mark.WARNING]


def test_a_model_without_tracks_is_a_warning() -> None:
    assert declared(Contract("mute")).mark is Mark.WARNING
