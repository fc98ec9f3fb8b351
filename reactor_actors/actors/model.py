"""`ModelActor`: the Ray face of a `ModelHost`. It decides nothing."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from pathlib import Path
from typing import Any

import ray

from reactor_actors.actors.logs import LogSettings, configure
from reactor_actors.actors.meetings import CallAddress
from reactor_actors.actors.memory import settle
from reactor_actors.actors.ports import Loaded
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import PeerGone
from reactor_actors.engine.host import ModelHost
from reactor_actors.engine.program import Program
from reactor_actors.links import local, refs
from reactor_actors.links.meeting import Address, reach
from reactor_actors.loader import ModelSource, load_program

MEET_SECONDS = 10.0


class ModelActor:
    """One model in a process of its own. `load()`, then one long `run()` that ends when it ends.

    A threaded actor: the other methods are answered while `run` goes on. What it writes is marked
    as a model's, and with the name of its `replica` where there are several.
    """

    def __init__(self, source: ModelSource, logs: LogSettings, replica: str = "0") -> None:
        self._label = f"model {replica}" if logs.several else "model"
        # On another node the model's folder is what Ray has brought here.
        home = source.moved_to(Path.cwd())
        self._host = ModelHost(partial(constructed, home))
        configure(logs, home, lambda: self._host.session, lambda: replica)
        self._contract: Contract | None = None
        self._calls: Future[refs.ModelEnd] = Future()

    def __repr__(self) -> str:
        return self._label

    def load(self) -> Loaded:
        """Construct and load the model. Raises `SetupError` or `ModelError`."""
        try:
            self._contract = self._host.load().result()
        except BaseException:
            self._host.close()
            raise
        return Loaded(self._contract, *whereabouts())

    def run(self, address: Address | CallAddress) -> None:
        """Serve the clients' side that is met at `address` until the model ends or is stopped.

        Raises `ModelError` when author code has failed, `PeerGone` when the other side is gone.
        """
        if self._contract is None:
            raise RuntimeError("load() comes before run()")
        link: local.ModelEnd | refs.ModelEnd
        if isinstance(address, CallAddress):
            call = partial(called, address.actor.take, address.link)
            link = refs.ModelEnd(call, self._contract, self._host)
            self._calls.set_result(link)
        else:
            link = local.ModelEnd(reach(address), self._contract, self._host)
        try:
            ended = self._host.serve(link)
            either: list[Future[Any]] = [ended, link.closed]
            wait(either, return_when=FIRST_COMPLETED)
            if not ended.done():
                self._host.stop()
                raise PeerGone(f"the clients' side is gone: {link.closed.result()}")
            ended.result()
        finally:
            link.close()  # first: the model's thread may be waiting to say something
            self._host.close()

    def take(self, items: list[bytes], *arrays: Any) -> None:
        """Take what the clients' side says over a link of references."""
        self._calls.result(MEET_SECONDS).take(items, *arrays)

    def breathe(self) -> None:
        """Return as soon as the model's thread is not held by author code."""
        self._host.breathe().result()

    def stack(self) -> str:
        """Say where author code holds threads of the model's; "" if it holds none."""
        return self._host.stack()

    def stop(self) -> None:
        """Ask the model to end."""
        self._host.stop()


def constructed(source: ModelSource) -> Program:
    """Import a model's class and construct it. As `load_program`."""
    program = load_program(source)
    settle()
    return program


async def called(method: Any, *arguments: Any) -> Any:
    """Call a method of an actor and return its answer."""
    return await method.remote(*arguments)


def whereabouts() -> tuple[str, str, tuple[str, ...]]:
    """Return this process's node, the node's address, and the GPUs it may use."""
    if not ray.is_initialized():
        return "", "127.0.0.1", ()
    context = ray.get_runtime_context()
    gpus = tuple(str(gpu) for gpu in context.get_accelerator_ids().get("GPU", []))
    return context.get_node_id(), str(ray.util.get_node_ip_address()), gpus  # type: ignore[no-untyped-call]
