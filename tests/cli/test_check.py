"""`check`: what is said of a model and a machine, and the exit status. Ray is tried elsewhere."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reactor_actors.cli.app import main
from reactor_actors.scaffold import write

ROOT = Path(__file__).parents[2]
NO_CLUSTER = ["--address", "127.0.0.1:1"]
"""Where none answers: then no Ray is started, which takes seconds."""


def check(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["check", *words])
    return ended.value.code or 0, *capsys.readouterr()


def test_one_thing_that_is_bad_is_enough_for_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(write(tmp_path / "dream"))
    status, out, err = check([folder, "--host", "127.0.0.1", "--port", "0", *NO_CLUSTER], capsys)
    assert (status, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == f"✓ manifest       {folder}/reactor.yaml: pipeline:MyModel"
    assert [line[:1] for line in lines if line[2:].startswith("ray ")] == ["✗"]
    assert lines[-1] == "1 thing keeps it from being served here"


def test_for_programs_it_is_one_object_whatever_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "dream")
    (folder / "pipeline.py").write_text("print('printed by the import')\nimport torchx")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        words = ["--json", str(folder), "--host", "127.0.0.1", "--port", port, *NO_CLUSTER]
        status, out, err = check(words, capsys)
    assert (status, err) == (1, "")
    told = json.loads(out)
    bad = [one["subject"] for one in told["findings"] if one["mark"] == "bad"]
    assert (told["ok"], bad) == (False, ["import", "http", "ray"])


def test_a_torch_that_cannot_be_imported_is_a_warning_and_all_else_is_looked_at(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path / "dream")
    broken = tmp_path / "installed" / "torch"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise OSError('libcudart.so.12: cannot open')\n")
    search = os.pathsep.join([str(broken.parent), os.environ.get("PYTHONPATH", "")])
    words = [str(folder), "--host", "127.0.0.1", "--port", "0", "--json", *NO_CLUSTER]
    ended = subprocess.run(
        [sys.executable, "-m", "reactor_actors", "check", *words],
        env={**os.environ, "PYTHONPATH": search},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ended.stderr == ""
    found = {one["subject"]: one for one in json.loads(ended.stdout)["findings"]}
    assert (found["gpu"]["mark"], found["ray"]["mark"]) == ("warning", "bad")
    assert "torch fails: importing torch ended its process" in found["gpu"]["found"]
    assert "OSError: libcudart.so.12: cannot open" in found["gpu"]["detail"]


def test_the_likeliest_mistakes_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    for words, line in [
        (["--prot", "1"], "unknown argument '--prot'; did you mean --port?"),
        (["--port", "http"], "--port (PORT) expects a whole number"),
        (["one", "two"], "one model is expected, and 'one' and 'two' were named"),
    ]:
        status, out, err = check(words, capsys)
        assert (status, out, err.count("\n")) == (1, "", 1)
        assert err.startswith(f"error: {line}")
