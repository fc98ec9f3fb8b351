"""`reactor-actors`: the command and its verbs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from reactor_actors.cli.bench import bench
from reactor_actors.cli.check import check
from reactor_actors.cli.init import init
from reactor_actors.cli.refusal import logs_json, refuse
from reactor_actors.cli.run import run
from reactor_actors.cli.schema import schema
from reactor_actors.cli.serve import serve
from reactor_actors.cli.verbs import logs, status, stop
from reactor_actors.core.errors import ModelError, SetupError

NAME = "reactor-actors"

app = typer.Typer(
    name=NAME,
    help="Turn an inference loop into a real-time, interactive video stream.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
MODEL, SERVER, CLUSTER = "A model", "A server", "Deployments on a cluster"
WORDS = {"ignore_unknown_options": True}  # such as --model.width=320: they are the model's
app.command(rich_help_panel=MODEL)(init)
app.command(rich_help_panel=MODEL, context_settings=WORDS)(check)
app.command(rich_help_panel=MODEL)(schema)
app.command(rich_help_panel=MODEL, context_settings=WORDS)(run)
app.command(rich_help_panel=MODEL, context_settings=WORDS)(serve)
app.command(rich_help_panel=SERVER)(bench)
for verb in (status, logs, stop):
    app.command(rich_help_panel=CLUSTER)(verb)


@app.callback()
def root() -> None:
    """Turn an inference loop into a real-time, interactive video stream."""


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; a mistake ends it with one line, and the author's traceback if any.

    The exit status is 0 for a clean end, 130 after a Ctrl-C that cut something off, and 1 for any
    other.
    """
    said = list(sys.argv[1:] if words is None else words)
    json = logs_json(said, os.environ)
    try:
        # Without it typer draws a box around a mistake.
        sys.exit(app(said, standalone_mode=False, prog_name=NAME))
    except (SetupError, ModelError) as error:
        refuse(error.message, error.detail, json=json)
    except typer.Abort:
        refuse("interrupted", json=json)
    except Exception as error:
        # typer may bring its own click, or take the installed one: a mistake on the command line
        # is known by what it can do.
        told = getattr(error, "format_message", None)
        if told is None:
            raise
        refuse(" ".join(str(told()).split()), json=json)
