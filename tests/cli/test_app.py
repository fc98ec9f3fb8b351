"""The command as a whole: its help, what a shell completes, and what a mistake looks like."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from reactor_actors.cli.app import NAME, app, main
from reactor_actors.scaffold import TEMPLATES

ROOT = Path(__file__).parents[2]
VERBS = ("init", "check", "schema", "run", "serve", "bench", "status", "logs", "stop")


def completed(words: str) -> list[str]:
    """Return what bash would offer for the last word of a line."""
    line = f"{NAME} {words}"
    environment = {
        f"_{NAME.upper().replace('-', '_')}_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    return CliRunner().invoke(app, env=environment, prog_name=NAME).stdout.split()


def test_help_lists_every_verb_with_what_it_does() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120"}, prog_name=NAME)
    assert shown.exit_code == 0
    for verb in VERBS:
        line = next(line for line in shown.stdout.splitlines() if line.startswith(f"│ {verb} "))
        assert len(line.strip("│ ").removeprefix(verb).strip()) > 20
    assert f"Usage: {NAME} " in shown.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_of_a_verb_says_what_it_means(verb: str) -> None:
    group: Any = get_command(app)
    told = {param.name: param.help for param in group.commands[verb].params}
    assert told
    assert not [name for name, text in told.items() if not text or len(text.split()) < 2]


def test_a_shell_completes_verbs_and_options() -> None:
    assert completed("st") == ["status", "stop"]
    assert completed("serve --web") == ["--webrtc-port-range"]
    assert completed("logs --fo") == ["--follow"]
    assert completed("init dream --template ") == list(TEMPLATES)
    assert completed("init dream -t w") == ["webcam"]


def test_the_script_that_is_shown_completes_in_a_real_shell(tmp_path: Path) -> None:
    program = tmp_path / NAME
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m reactor_actors "$@"\n')
    program.chmod(0o755)
    script = """
        source <("$0" --show-completion)
        COMP_WORDS=(reactor-actors serve --webr) COMP_CWORD=2
        _reactor_actors_completion "$0"
        echo "${COMPREPLY[@]}"
    """
    ran = subprocess.run(
        ["bash", "-c", script, str(program)], capture_output=True, text=True, timeout=50, check=True
    )
    assert ran.stdout.split() == ["--webrtc-port-range"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["serv"], "No such command 'serv'"),
        (["serve", "nowhere"], "no such folder or manifest"),
        (["serve", "--port"], "Option '--port' requires an argument"),
        (["logs", "--tail", "0"], "'--tail'"),
        (["logs", "--tail", "many"], "'--tail'"),
        (["stop", "--drain", "-1"], "--drain expects seconds from 0 on, such as 2.5; got '-1'"),
        (["stop", "--drain", "nan"], "--drain expects seconds from 0 on"),
        (["stop", "--drain", "inf"], "--drain expects seconds from 0 on"),
        (["stop", "one", "two"], "Got unexpected extra argument"),
        (["status", "--address", "nowhere"], "--address expects auto or host:port"),
        (["status", "--address", "127.0.0.1:1"], "no Ray cluster answers at"),
        (["status", "one", "two"], "Got unexpected extra argument"),
        (["logs", "--address", "127.0.0.1:1"], "no Ray cluster answers at"),
        (["stop", "--address", "127.0.0.1:1"], "no Ray cluster answers at"),
    ],
)
def test_a_mistake_is_one_line_on_standard_error_and_status_1(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (1, "")
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    assert line in told.err


@pytest.mark.parametrize(
    ("words", "variable", "json_lines"),
    [
        (["serve", "nowhere", "--log-format", "json"], "", True),
        (["serve", "nowhere", "--log-format=JSON"], "text", True),
        (["run", "nowhere", "--headless", "--out=a.gif"], "json", True),
        (["serve", "--port", "http"], "json", True),
        (["serve", "nowhere", "--log-format", "text"], "json", False),
        (["schema", "nowhere"], "json", False),
    ],
)
def test_a_failed_start_is_an_object_where_the_log_is_json(
    words: list[str],
    variable: str,
    json_lines: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REACTOR_LOG_FORMAT", variable)
    with pytest.raises(SystemExit) as ended:
        main(words)
    told = capsys.readouterr()
    assert (ended.value.code, told.out, told.err.count("\n")) == (1, "", 1)
    assert told.err.startswith("error: ") is not json_lines
    if json_lines:
        record = json.loads(told.err)
        assert (record["level"], record["origin"]) == ("ERROR", "runtime")
        assert "nowhere" in record["message"] or "--port" in record["message"]
        assert "exception" not in record


def test_the_authors_traceback_is_in_the_object(tmp_path: Path) -> None:
    (tmp_path / "pipeline.py").write_text("raise ValueError('the paint is out')\n")
    (tmp_path / "reactor.yaml").write_text("model: pipeline:Lost\n")
    words = ["run", "--headless", "--log-format=json", f"--out={tmp_path}/a.gif", str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, "-m", "reactor_actors", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    (line,) = ended.stderr.splitlines()
    assert "ValueError: the paint is out" in json.loads(line)["exception"]
    assert (ended.returncode, ended.stdout) == (1, "")


PAGES = [
    page
    for page in (
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "examples").glob("*/README.md")),
        *sorted((ROOT / "reactor_actors" / "scaffold").glob("*/README.md")),
    )
    if "reactor-actors " in page.read_text()
]


def test_pages_with_commands_are_found() -> None:
    assert {"README.md", "operations.md", "deploy.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_command_and_option_that_a_page_names_exists(page: Path) -> None:
    group: Any = get_command(app)
    named = re.findall(r"reactor-actors ([a-z]+|--[a-z-]+)([^`\n#]*)", page.read_text())
    for verb, rest in named:
        known = {name for param in group.params for name in param.opts}
        if not verb.startswith("-"):
            known = {name for param in group.commands[verb].params for name in param.opts}
        options = [verb] if verb.startswith("-") else []
        options += re.findall(r"(?<![\w-])--[a-z][a-z.-]*", rest)
        assert not [o for o in options if o not in known and not o.startswith("--model.")], verb
