"""`reactor-actors`: the command and its verbs."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from reactor_actors.cli.bench import bench
from reactor_actors.cli.detached import register
from reactor_actors.cli.init import init
from reactor_actors.cli.run import run
from reactor_actors.cli.serve import serve
from reactor_actors.core.errors import ModelError, SetupError

app = typer.Typer(
    name="reactor-actors",
    help="Turn an inference loop into a real-time, interactive video stream.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(context_settings={"ignore_unknown_options": True})(serve)
app.command(context_settings={"ignore_unknown_options": True})(run)
app.command()(bench)
app.command()(init)
register(app)


@app.callback()
def root() -> None:
    """Turn an inference loop into a real-time, interactive video stream."""


def main() -> None:
    """Run the command line; a mistake ends it with one line, and the author's traceback if any.

    The exit status is 0 for a clean end, and 1 for any other.
    """
    try:
        # Without it typer draws a box around a mistake.
        sys.exit(app(standalone_mode=False))
    except (SetupError, ModelError) as error:
        _refuse(error.message, error.detail)
    except typer.Abort:
        _refuse("interrupted")
    except Exception as error:
        # typer may bring its own click, or take the installed one: a mistake on the command line
        # is known by what it can do.
        told = getattr(error, "format_message", None)
        if told is None:
            raise
        _refuse(" ".join(str(told()).split()))


def _refuse(message: str, detail: str = "") -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if detail:
        console.print(detail.rstrip(), markup=False)
    console.print("[bold red]error:[/]", end=" ")
    console.print(message, markup=False)
    sys.exit(1)
