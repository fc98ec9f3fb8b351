"""`reactor-actors`: the command and its verbs."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from reactor_actors.cli.serve import serve
from reactor_actors.core.errors import ModelError, SetupError

app = typer.Typer(
    name="reactor-actors",
    help="Turn an inference loop into a real-time, interactive video stream.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(serve)


@app.callback()
def root() -> None:
    """Turn an inference loop into a real-time, interactive video stream."""


def main() -> None:
    """Run the command line; a mistake ends it with one line, and the author's traceback if any."""
    try:
        app()
    except (SetupError, ModelError) as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        if error.detail:
            console.print(error.detail.rstrip(), markup=False)
        console.print("[bold red]error:[/]", end=" ")
        console.print(error.message, markup=False)
        sys.exit(1)
