from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reactor_actors.core.errors import ModelClassError, ModelError
from reactor_actors.declaring import contract_of
from reactor_actors.loader import find_model, find_unconfigured

HEADER = "from reactor_actors.interface import ReactorModel\n"


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """Author code of one test is unknown to the next one."""
    path, modules = list(sys.path), dict(sys.modules)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - modules.keys():
        del sys.modules[name]
    sys.modules.update(modules)


def model_in(folder: Path, text: str) -> None:
    (folder / "pipeline.py").write_text(text)
    (folder / "reactor.yaml").write_text("model: pipeline:MyModel")


DECLARING = """
from reactor_actors.interface import Output, ReactorPipeline, InputState, Video

class Film(Output):
    film: Video

class Dials(InputState):
    light: float = 1.0

class MyModel(ReactorPipeline):
    state: Dials
    fps = 12

    def load(self, config):
        raise RuntimeError("weights")
"""
CLASSIC = """
from reactor_actors import VideoModel, VideoOut, command, model

@model(name="decorated", config="missing.yml")
class MyModel(VideoModel):
    film = VideoOut(rate=12)

    def __init__(self, config):
        raise RuntimeError("weights")

    def start_session(self):
        pass

    @command("set_light")
    def set_light(self, light: float = 1.0):
        pass
"""


@pytest.mark.parametrize("text", [DECLARING, CLASSIC])
def test_a_contract_is_told_without_loading_in_either_generation(tmp_path: Path, text: str) -> None:
    model_in(tmp_path, text)
    (tmp_path / "reactor.yaml").write_text("{model: pipeline:MyModel, name: dream, version: 1.10}")
    contract = contract_of(find_unconfigured(tmp_path, {}))
    assert (contract.name, contract.version, contract.fps) == ("dream", "1.10", 12.0)
    assert [track.name for track in contract.tracks] == ["film"]
    assert [command.name for command in contract.commands] == ["set_light"]


def test_without_a_name_in_the_manifest_a_decorated_class_has_its_own(tmp_path: Path) -> None:
    model_in(tmp_path, CLASSIC)
    assert contract_of(find_unconfigured(tmp_path, {})).name == "decorated"


def test_what_cannot_be_declared_is_told_of_the_class(tmp_path: Path) -> None:
    model_in(tmp_path, f"{HEADER}class MyModel(ReactorModel):\n    buffer_size = 0\n")
    with pytest.raises(ModelClassError) as caught:
        contract_of(find_model(tmp_path, environ={}))
    told = f"{tmp_path}/pipeline.py: MyModel cannot be declared: ValueError: MyModel.buffer_size "
    assert caught.value.message.startswith(told)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("def __init__(self): 1 / 0", "ZeroDivisionError: division by zero"),
        ("def __init__(self): raise SystemExit", "SystemExit"),
    ],
)
def test_what_cannot_be_constructed_is_the_authors_fault(
    tmp_path: Path, body: str, told: str
) -> None:
    model_in(tmp_path, f"{HEADER}class MyModel(ReactorModel):\n    {body}\n")
    with pytest.raises(ModelError) as caught:
        contract_of(find_model(tmp_path, environ={}))
    assert caught.value.message.startswith(f"MyModel cannot be constructed: {told}")
    assert "\n" not in caught.value.message
    assert caught.value.detail
