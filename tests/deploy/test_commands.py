"""Every command of ours that a file or a page shows is one that the program takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from reactor_actors.cli.app import app

ROOT = Path(__file__).parents[2]
FILES = [
    ROOT / "ray_cluster.yaml",
    ROOT / "docs" / "deploy.md",
    *(path for path in (ROOT / "deploy").rglob("*") if path.is_file()),
]
COMMAND = re.compile(
    r"reactor-actors(?:\"?, ?\"?|\s+(?:- )?)(serve)\b(.*?)(?=\n\n|`|\n +[a-z_A-Z]+:|\]|\Z)",
    re.DOTALL,
)


def shown() -> list[tuple[str, str, list[str]]]:
    """Return each command: where it is shown, its verb, its options."""
    found = []
    for path in FILES:
        for verb, rest in COMMAND.findall(path.read_text()):
            options = re.findall(r"(?<![\w-])--[a-z][a-z.-]*", rest)
            found.append((path.name, verb, options))
    return found


def options_of(verb: str) -> set[str]:
    """Return what the program calls a verb's options."""
    group = typer.main.get_command(app)
    command = group.commands[verb]  # type: ignore[attr-defined]
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize(("place", "verb", "options"), shown(), ids=lambda value: str(value)[:60])
def test_a_command_that_is_shown_has_the_options_it_uses(
    place: str, verb: str, options: list[str]
) -> None:
    unknown = [o for o in options if o not in options_of(verb) and not o.startswith("--model.")]
    assert not unknown


def test_commands_are_found_where_they_are_known_to_be() -> None:
    places = {place for place, _, options in shown() if options}
    assert {"Dockerfile", "compose.yaml", "kuberay.yaml", "deploy.md"} <= places
    assert ("kuberay.yaml", "serve", ["--address", "--port", "--webrtc-port-range"]) in shown()
