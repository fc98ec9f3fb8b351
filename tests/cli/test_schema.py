"""`schema`: JSON alone on standard output, whatever the model's import prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from reactor_actors.cli.app import main

GENERATION_2 = """
import os, subprocess
print("printed by the import")
os.write(1, b"written by native code\\n")
subprocess.run(["echo", "said by a child"])
from reactor_actors.interface import InputState, Output, ReactorPipeline, Video

class Film(Output):
    film: Video

class Dials(InputState):
    light: float = 1.0

class MyModel(ReactorPipeline):
    state: Dials

    def load(self, config):
        raise RuntimeError("load() was called")
"""
GENERATION_1 = """
print("printed by the import")
from reactor_actors import VideoModel, VideoOut, command, model

@model(name="decorated")
class MyModel(VideoModel):
    film = VideoOut()

    def __init__(self, config):
        raise RuntimeError("the class was constructed")

    def start_session(self):
        pass

    @command("set_light")
    def set_light(self, light: float = 1.0):
        pass
"""


def model_in(folder: Path, text: str) -> Path:
    (folder / "pipeline.py").write_text(text)
    (folder / "reactor.yaml").write_text(
        "{model: pipeline:MyModel, name: dream, config: missing.yml, weights_path: nowhere}"
    )
    return folder


def schema(words: list[str], capfd: pytest.CaptureFixture[str]) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["schema", *words])
    return ended.value.code or 0, *capfd.readouterr()


def checked(text: str) -> Any:
    document = json.loads(text)
    validate(document)
    return document


@pytest.mark.parametrize("text", [GENERATION_2, GENERATION_1])
def test_json_alone_is_on_standard_output(
    tmp_path: Path, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    status, out, err = schema([str(model_in(tmp_path, text))], capfd)
    assert status == 0
    document = checked(out)
    assert document["info"]["title"] == "dream"
    assert list(document["paths"]) == ["/events/set_light"]
    assert document["x-reactor"]["tracks"] == [
        {"name": "film", "kind": "video", "direction": "out"}
    ]
    assert "printed by the import" in err
    if text is GENERATION_2:
        assert {"written by native code", "said by a child"} <= set(err.splitlines())


def test_a_pipe_gets_the_document_and_may_close_early(tmp_path: Path) -> None:
    folder = model_in(tmp_path, GENERATION_2)
    command = [sys.executable, "-m", "reactor_actors", "schema", "--path", str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    assert checked(ran.stdout)["info"]["title"] == "dream"
    script = '"$@" | true; exit ${PIPESTATUS[0]}'
    closed = subprocess.run(
        ["bash", "-c", script, "bash", *command],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert "BrokenPipeError" not in closed.stderr
    assert "printed by the import" in closed.stderr


def test_the_likeliest_mistakes_are_told_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = model_in(tmp_path, "import torchx")
    for words, line in [
        ([str(tmp_path / "nowhere")], f"{tmp_path}/nowhere: no such folder or manifest"),
        ([str(broken)], "No module named 'torchx'; install it"),
        ([str(broken), "-p", "elsewhere"], "one model is expected, and"),
        ([str(broken), "--config", "config.yml"], "No such option: --config"),
    ]:
        status, out, err = schema(words, capfd)
        assert (status, out) == (1, "")
        last = err.splitlines()[-1]
        assert last.startswith("error: ")
        assert line in last


def test_a_process_that_dies_in_the_import_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = model_in(tmp_path, "import os\nos.abort()")
    status, out, err = schema([str(folder)], capfd)
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == "error: importing dream ended its process by SIGABRT"


def test_a_model_of_the_original_is_read_as_it_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = str(model_in(tmp_path, GENERATION_1.replace("reactor_actors", "reactor_runtime")))
    monkeypatch.setenv("REACTOR_ACTORS_ALIAS", "force")
    status, out, _ = schema([folder], capfd)
    assert (status, checked(out)["info"]["title"]) == (0, "dream")
    monkeypatch.setenv("REACTOR_ACTORS_ALIAS", "off")
    status, out, err = schema([folder], capfd)
    assert (status, out) == (1, "")
    assert "No module named 'reactor_runtime'" in err.splitlines()[-1]


def test_ctrl_c_ends_it_with_the_status_that_shells_expect(tmp_path: Path) -> None:
    asking = "import os, signal, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(60)"
    folder = model_in(tmp_path, asking)
    ended = subprocess.run(
        [sys.executable, "-m", "reactor_actors", "schema", str(folder)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
