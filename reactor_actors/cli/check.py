"""`reactor-actors check`: whether a model can be served on this machine, or what to mend."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from reactor_actors.cli import options
from reactor_actors.cli.words import target_and_overrides

if TYPE_CHECKING:
    from reactor_actors.cli.checks.finding import Finding


def check(
    context: typer.Context,
    words: options.Words = None,
    path: options.ModelPath = None,
    config: options.Config = None,
    load: options.Load = False,
    host: options.Host = "0.0.0.0",
    port: options.Port = 8080,
    webrtc_port_range: options.PortRange = ":",
    address: options.Address = None,
    as_json: options.AsJson = False,
) -> None:
    """Say whether a model can be served on this machine, and what to mend if not."""
    from reactor_actors.cli.checks.finding import Mark
    from reactor_actors.cli.checks.finding import as_json as told_as_json

    known = [flag for param in context.command.params for flag in param.opts if flag[0] == "-"]
    target, overrides = target_and_overrides(words or [], path, known)
    looked = findings(target, config, overrides, load, host, port, webrtc_port_range, address)
    if as_json:
        found = list(looked)
        print(told_as_json(found))
    else:
        found = shown(looked)
    raise typer.Exit(int(any(one.mark is Mark.BAD for one in found)))


def findings(
    target: str,
    config: Path | None,
    overrides: list[str],
    load: bool,
    host: str,
    port: int,
    ports: str,
    address: str | None,
) -> Iterator[Finding]:
    """Look at one thing after the other, the quick ones and the model first."""
    from reactor_actors.cli.checks import codecs, machine, network
    from reactor_actors.cli.checks.model import ModelChecks

    model = ModelChecks(target, config, overrides, os.environ)
    yield from model.written()
    yield from model.imported()
    yield from model.weights()
    yield machine.python()
    yield network.http(host, port)
    yield from network.udp(host, ports)
    yield machine.shared_memory()
    yield machine.object_store()
    yield codecs.video()
    yield codecs.sound(model.contract)
    yield machine.gpu()
    ray, nodes = machine.cluster(address)
    yield ray
    wanted = model.source.manifest.gpus if model.source and nodes else "auto"
    if (asked := machine.gpus_wanted(wanted, nodes)) is not None:
        yield asked
    if load:
        yield from model.loaded()


def shown(looked: Iterator[Finding]) -> list[Finding]:
    """Show every finding as soon as there is one; return them all."""
    from rich.console import Console

    from reactor_actors.cli.checks.finding import show, verdict

    console = Console(highlight=False)
    found: list[Finding] = []
    with console.status("looking; Ray takes some seconds"):
        for one in looked:
            show(one, console)
            found.append(one)
    console.print(f"\n{verdict(found)}", soft_wrap=True)
    return found
