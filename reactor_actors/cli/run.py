"""`reactor-actors run --headless`: from words on the command line to files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from reactor_actors.actors.logformat import LogFormat
from reactor_actors.cli import options
from reactor_actors.cli.values import rate, whole
from reactor_actors.cli.values import seconds as seconds_of
from reactor_actors.cli.words import target_and_overrides
from reactor_actors.core.errors import SetupError


def _seconds(flag: str, text: str) -> Any:
    return Option(flag, help=text, metavar="SECONDS", parser=seconds_of(flag))


Headless = Annotated[bool, Option("--headless", help="Without a server, into files.")]
Out = Annotated[
    Path | None, Option("--out", "-o", help="A .mp4, a .gif, or a folder for PNGs.", metavar="PATH")
]
Seconds = Annotated[
    float | None, _seconds("--seconds", "How long; by default as long as the inputs, or 10.")
]
Frames = Annotated[
    int | None, Option(help="How many pictures.", parser=whole("--frames", 1), metavar="NUMBER")
]
Script = Annotated[Path | None, Option(help="Commands and their times, YAML or JSON lines.")]
Set = Annotated[
    list[str] | None, Option("--set", metavar="NAME=VALUE", help="Set before the first picture.")
]
Input = Annotated[
    list[str] | None,
    Option("--input", "-i", metavar="TRACK=FILE", help="Or TRACK=test-pattern, TRACK=tone."),
]
Fps = Annotated[
    float | None,
    Option(help="Pictures a second in the file.", metavar="RATE", parser=rate("--fps")),
]
Realtime = Annotated[
    bool, Option("--realtime", help="At the pace viewers would see, not as fast as it goes.")
]
Patience = Annotated[
    float, _seconds("--patience", "Give up a model that emits nothing for so long; 0 is never.")
]
Json = Annotated[bool, Option("--json", help="Tell everything as JSON lines.")]


def run(
    context: typer.Context,
    words: options.Words = None,
    path: options.ModelPath = None,
    config: options.Config = None,
    headless: Headless = False,
    out: Out = None,
    seconds: Seconds = None,
    frames: Frames = None,
    script: Script = None,
    settings: Set = None,
    inputs: Input = None,
    fps: Fps = None,
    realtime: Realtime = False,
    patience: Patience = 120.0,
    json: Json = False,
    verbose: options.Verbose = False,
    log_format: options.LogForm = LogFormat.TEXT,
) -> None:
    """Run a model without a server and write what it shows, with --headless."""
    if not headless:
        raise SetupError("run writes files: say run --headless; for viewers there is serve")
    from reactor_actors.actors.logs import LogSettings
    from reactor_actors.cli.recording import perform
    from reactor_actors.cli.settings import log_level
    from reactor_actors.headless.files import checked
    from reactor_actors.headless.orders import Orders
    from reactor_actors.headless.script import read_script
    from reactor_actors.loader import find_model

    known = [flag for param in context.command.params for flag in param.opts if flag[0] == "-"]
    target, overrides = target_and_overrides(words or [], path, known)
    if out is None:
        raise SetupError("--headless needs --out: a .mp4, a .gif, or a folder for PNGs")
    if seconds == 0:
        raise SetupError("--seconds expects a number above 0; got 0")
    if realtime and fps is not None:
        raise SetupError("--fps is for a run that is not --realtime: there the model sets the pace")
    orders = Orders(
        source=find_model(target, config=config, overrides=overrides, environ=os.environ),
        out=checked(out),
        seconds=seconds,
        frames=frames,
        script=tuple(read_script(script)) if script is not None else (),
        changes=tuple(settings or ()),
        inputs=tuple(inputs or ()),
        fps=fps,
        realtime=realtime,
        patience=patience,
    )
    logs = LogSettings(log_level(os.environ, verbose=verbose), log_format)
    raise typer.Exit(0 if perform(orders, logs, verbose=verbose, json=json) else 1)
