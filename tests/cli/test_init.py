"""`init`: what a person is told."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from reactor_actors.cli.app import main
from reactor_actors.scaffold import FILES


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["init", *words])
    return ended.value.code, *capsys.readouterr()


@pytest.mark.parametrize("words", [[], ["--template", "classic"], ["-t", "webcam"]])
def test_the_next_two_commands_are_named(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "with space" / "dream"
    folder.parent.mkdir()
    status, out, err = told([str(folder), *words], capsys)
    assert (status or 0, err) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    commands = [shlex.split(line) for line in out.splitlines() if line.startswith("    ")]
    assert commands == [
        ["reactor-actors", "check", str(folder)],
        ["reactor-actors", "serve", str(folder)],
    ]


def test_the_likeliest_mistakes_are_one_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    for words, line in [
        ([], "Missing argument "),
        ([str(tmp_path / "mine")], f"{tmp_path / 'mine'} exists already: init makes a new folder"),
        ([str(tmp_path / "new"), "--template", "movie"], "--template expects one of pipeline, "),
        ([str(tmp_path / "a b")], "init expects a name of letters"),
    ]:
        status, out, err = told(words, capsys)
        assert (status, out, err.count("\n")) == (1, "", 1)
        assert err.startswith(f"error: {line}")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
