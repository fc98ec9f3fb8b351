"""`reactor-actors bench`: how a running server does with many viewers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from reactor_actors.cli.values import seconds as seconds_of
from reactor_actors.cli.values import whole
from reactor_actors.core.errors import SetupError

Url = Annotated[str, Argument(metavar="URL", help="Where the server answers.")]
Viewers = Annotated[
    int, Option("--viewers", "-n", help="How many.", parser=whole("--viewers", 1), metavar="NUMBER")
]
Seconds = Annotated[
    float,
    Option(
        help="How long, from when the last viewer has set out.",
        parser=seconds_of("--seconds"),
        metavar="SECONDS",
    ),
]
Ramp = Annotated[
    float,
    Option(
        help="Let viewers set out one by one for so long, instead of all at once.",
        parser=seconds_of("--ramp"),
        metavar="SECONDS",
    ),
]
Command = Annotated[
    list[str] | None,
    Option(
        "--command",
        metavar="NAME=VALUE",
        help="What viewers say every second, in turn: colour=ember, or 'reset seed=3'. Without "
        "it they ask for the schema.",
    ),
]
Token = Annotated[str | None, Option(help="What the server wants shown.", envvar="REACTOR_TOKEN")]
Json = Annotated[Path | None, Option("--json", help="Write all figures.", metavar="FILE")]
Plot = Annotated[Path | None, Option(help="Draw them, into a PNG.", metavar="FILE.png")]


def bench(
    url: Url,
    viewers: Viewers = 4,
    seconds: Seconds = 10.0,
    ramp: Ramp = 0.0,
    command: Command = None,
    token: Token = None,
    json: Json = None,
    plot: Plot = None,
) -> None:
    """Watch a running server with many viewers, and measure what they get."""
    from reactor_actors.cli.benched import measure
    from reactor_actors.load.plan import Plan

    if not url.startswith(("http://", "https://")):
        raise SetupError(f"bench expects a URL such as http://127.0.0.1:8080; got {url!r}")
    if seconds == 0:
        raise SetupError("--seconds expects a number above 0; got 0")
    for flag, path in (("--json", json), ("--plot", plot)):
        if path is not None and not path.absolute().parent.is_dir():
            raise SetupError(f"{flag} {path}: there is no folder {str(path.parent)!r}")
    if plot is not None:
        from reactor_actors.load.plot import available

        available()
    plan = Plan(url=url.rstrip("/"), viewers=viewers, ramp=ramp, token=token)
    raise typer.Exit(0 if measure(plan, seconds, command or [], json=json, plot=plot) else 1)
